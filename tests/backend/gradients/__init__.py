"""Tests of the gradients screen."""
