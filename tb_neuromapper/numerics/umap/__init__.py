"""AlignedUMAP, compatible with umap-learn's, and the engines behind it."""
