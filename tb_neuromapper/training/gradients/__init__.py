"""Gradient flow of single training steps, recorded while they run."""
