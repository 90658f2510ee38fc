"""Patches: cutting them out of photos, and drawing batches from them."""
