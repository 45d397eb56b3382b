"""Findings: the evidence that the rules read, and the reports. See docs/findings.md."""
