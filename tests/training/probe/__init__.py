"""Tests of the probe pass."""
