"""Requests, answers and binary frames."""
