"""AlignedUMAP with both engines."""
