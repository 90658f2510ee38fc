"""How far a Gaussian blur looks, whatever computes it."""

REACH = 3.5
"""Where its kernel ends, in standard deviations."""
