"""The embeddings screen: projections, their quality, nearest samples."""
