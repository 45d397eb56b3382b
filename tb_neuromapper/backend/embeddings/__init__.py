"""The embeddings screen: layouts of a run or of two, their quality, nearest samples. See docs/embeddings.md."""
