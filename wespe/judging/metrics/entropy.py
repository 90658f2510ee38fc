"""Entropy of the grey levels."""

import cv2
import numpy as np

from wespe.photos.images import Pixels


def entropy_bit(photo: Pixels) -> float:
    """Shannon entropy in bit, 0 to 8, of the grey levels of one photo, uint8 `(H, W, 3)`.

    Of the histogram of the 8-bit grey photo (Rec. 601 luma), as in the WESPE paper's table.
    """
    grey = cv2.cvtColor(photo, cv2.COLOR_RGB2GRAY)
    counts = cv2.calcHist([grey], [0], None, [256], [0, 256]).ravel().astype(float)
    shares = counts[counts > 0] / counts.sum()
    return float(-(shares * np.log2(shares)).sum())
