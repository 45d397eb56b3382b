"""Methods: arrays in, arrays out. They know neither logs nor networks."""
