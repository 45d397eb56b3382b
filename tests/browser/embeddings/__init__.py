"""The embeddings screen in a browser."""
