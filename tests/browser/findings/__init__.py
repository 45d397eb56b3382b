"""The list of findings in a browser."""
