"""Trainings with planted faults, and what the rules find in them."""
