"""The runs: what there is in the log, and the samples that all screens show."""
