"""Watches a network while it trains: the callback, and what it records of the probe set and of the gradients."""
