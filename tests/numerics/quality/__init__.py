"""Measures of layouts and representations against their definitions."""
