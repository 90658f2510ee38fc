"""The numbers of `wespe.networks.transport.Transport`, whatever computes it."""

import math

from wespe.photos.blur_reach import REACH

# Standard deviations of the blurs between which contrast is measured. What is finer than the first
# is noise as much as detail: amplifying it cost PSNR on real photos.
BAND_EDGES_PX = (1.2, 3.2, 8.6)
# Detail, which a network that has taken the noise away may amplify: what is finer than this blur.
DETAIL_PX = 0.7
DETAIL_FIELD_PX = math.ceil(REACH * DETAIL_PX)
# Levels to each side that the slope of a curve is measured over, and levels added to both sides of
# a ratio, so that what is nearly black is not amplified.
SLOPE_LEVELS, RATIO_FLOOR = 12, 8
RECEPTIVE_FIELD_PX = math.ceil(REACH * BAND_EDGES_PX[-1])

# The logarithm of a gamma beyond which the light is taken for intended: night, snow.
INTENDED = 0.9
# Halvings of the interval in which a gamma is sought: to 1/30000.
HALVINGS = 16
LARGEST_LOG_GAMMA = 2.0
DARKEST = 1e-6
"""What black is taken for in front of a power, which has no gradient there."""
