"""Tests of the answers about runs and samples."""
