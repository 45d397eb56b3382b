"""An exported page: the recorded answers and their folder. See docs/export.md."""
