"""Tests of the numerics: methods against slow twins, findings against planted faults."""
