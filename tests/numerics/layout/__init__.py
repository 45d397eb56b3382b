"""Aligned layouts: what they do, and their parts against slow twins."""
