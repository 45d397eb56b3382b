"""The gradients screen: gradient flow per step and over steps. See docs/gradients.md."""
