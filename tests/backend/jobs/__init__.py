"""Tests of the worker process and of the cluster."""
