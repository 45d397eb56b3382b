"""Tests of all parts; helpers for several of them lie here."""
