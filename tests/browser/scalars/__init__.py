"""The scalars screen in a browser."""
