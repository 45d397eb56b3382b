"""Aligned layouts: graphs, tracks of samples through the slices, and the joint optimization."""
