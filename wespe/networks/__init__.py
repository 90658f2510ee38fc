"""Networks: what they are, how they enhance photos and videos, and the loop that fits them.

Imports `core`, `photos`, `results`.
"""
