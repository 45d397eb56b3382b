"""Tests of requests, answers and frames."""
