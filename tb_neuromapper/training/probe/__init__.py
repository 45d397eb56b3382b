"""The probe set: its samples, the pass through the network, and the records of it."""
