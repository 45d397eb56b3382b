"""Fully connected networks of the user's own shape, trained from the shell or from the page. See docs/playground.md."""
