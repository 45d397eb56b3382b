"""Findings: the evidence that the rules read, and their reports."""
