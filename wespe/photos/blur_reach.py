"""How far a Gaussian blur looks, whatever computes it (by torch: `filters.gaussian_blur`)."""

REACH = 3.5
"""Where its kernel ends, in standard deviations."""
