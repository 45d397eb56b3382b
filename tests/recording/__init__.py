"""Tests of writing records."""
