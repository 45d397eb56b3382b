"""Tests of the scalars screen."""
