"""Multi-scale structural similarity as the DPED code computes it."""

import cv2
import numpy as np

from wespe.judging.metrics.ssim import Levels, ssim_terms
from wespe.photos.images import Pixels

_WEIGHTS = (0.0448, 0.2856, 0.3001, 0.2363, 0.1333)


def ms_ssim(photo: Pixels, reference: Pixels) -> float:
    """MS-SSIM of one photo against its reference, both uint8 `(H, W, 3)`; in [0, 1].

    Five scales (Wang et al. 2003), each half the size of the one before by means of 2×2 px. The
    product of the mean contrast-structure factors of the first four and the mean SSIM of the last,
    each to the power of its weight; means run over positions and R, G, B. As in the DPED code,
    whose "SSIM" this is, the window shrinks where it would not fit: at 100×100 px the last scale
    has 7×7 px. A negative mean counts as 0, where the DPED code yields no number.
    """
    x: Levels = photo
    y: Levels = reference
    product = 1.0
    for weight in _WEIGHTS[:-1]:
        product *= max(ssim_terms(x, y)[1], 0.0) ** weight
        x, y = _halve(x), _halve(y)
    return float(product * max(ssim_terms(x, y)[0], 0.0) ** _WEIGHTS[-1])


def _halve(photo: Levels) -> Levels:
    """Means of 2×2 px of `(H, W, 3)`; an odd last row or column is repeated."""
    height, width = photo.shape[:2]
    even = cv2.copyMakeBorder(photo, 0, height % 2, 0, width % 2, cv2.BORDER_REPLICATE)
    # Rows first: a float copy of the whole photo would be the most memory an evaluation needs.
    rows = cv2.addWeighted(even[0::2], 0.5, even[1::2], 0.5, 0, dtype=cv2.CV_32F)
    size = (rows.shape[1] // 2, rows.shape[0])
    return np.asarray(cv2.resize(rows, size, interpolation=cv2.INTER_AREA), np.float32)
