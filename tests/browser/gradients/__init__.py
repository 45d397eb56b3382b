"""The gradients screen in a browser."""
