"""Nearest neighbours against a full sort."""
