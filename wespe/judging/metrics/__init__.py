"""Metrics of 8-bit photos, what a user would save; a file each, and an entry in `registry`."""
