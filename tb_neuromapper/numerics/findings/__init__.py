"""What a training run says is wrong with itself: one rule a module, arrays in, findings out. docs/findings.md."""
