"""The scalars screen: every scalar of all runs. See docs/scalars.md."""
