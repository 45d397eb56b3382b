"""How faithful a layout is, and how similar two representations are."""
