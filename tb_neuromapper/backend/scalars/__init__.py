"""The scalars screen: every scalar of all runs."""
