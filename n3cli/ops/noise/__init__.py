"""Noise: added on purpose, told from what it lies on, made even."""
