"""Tests of the embeddings screen."""
