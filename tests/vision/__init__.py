"""Tests that need torchvision."""
