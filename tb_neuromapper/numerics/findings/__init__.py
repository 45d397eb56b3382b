"""The rules that find what is wrong with a training: one a module, arrays in, findings out. See docs/findings.md."""
