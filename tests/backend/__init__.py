"""Tests of TensorBoard's side, over HTTP and as functions."""
