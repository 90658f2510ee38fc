"""Peak signal-to-noise ratio."""

import math

import cv2

from wespe.photos.images import Pixels


def psnr_db(photo: Pixels, reference: Pixels) -> float:
    """PSNR in dB of one photo against its reference, both uint8 `(H, W, 3)`.

    The squared error is averaged over H, W and the channels; the peak is 255, which is the same
    as 1 on [0, 1]. `inf` for equal pixels.
    """
    squared_error = cv2.norm(photo, reference, cv2.NORM_L2SQR)
    if squared_error == 0:
        return math.inf
    return 10 * math.log10(255**2 * photo.size / squared_error)
