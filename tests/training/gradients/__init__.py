"""Tests of recording gradient flow."""
