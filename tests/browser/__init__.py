"""Tests in a real Chromium, on a real TensorBoard over real training runs."""
