"""Tests of the trainings that the page starts."""
