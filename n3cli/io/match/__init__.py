"""Matches, cameras and lists of pairs: files ↔ arrays."""
