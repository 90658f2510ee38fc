"""Photos and videos: reading and writing them, their pixels as tensors, and filters.

Imports `core`.
"""
