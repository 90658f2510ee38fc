"""From a photo to its CORNIA features: patches, whitening, codebook, soft assignment."""

from dataclasses import dataclass

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from wespe.photos.images import Pixels

Floats = NDArray[np.float32]

PATCH_PX = 7
# Added to a patch's variance, of levels from 0 to 255, so that flat patches stay small: as in the
# authors' code.
_FLAT = 10.0
# Added to the variances that whitening divides by: the paper does not say; Coates and Ng, whom it
# follows, take 0.1.
_RIDGE = 0.1
# Words at a time: their products with all patches of a photo then stay in the processor's cache.
_CHUNK_WORDS = 64


@dataclass(frozen=True)
class Codebook:
    """What patches are compared with.

    `mean` `(49,)` and `whitening` `(49, 49)`: a normalised patch p, a row, becomes
    (p - mean) · whitening. `words` `(49, n)`: columns of length 1.
    """

    mean: Floats
    whitening: Floats
    words: Floats


def sample_patches(photo: Pixels, count: int, *, seed: int) -> Floats:
    """`(count, 49)` normalised patches of 7×7 px of one photo, uint8 `(H, W, 3)`.

    They are cut from the grey levels at different positions, which depend only on H, W and `seed`.
    A photo with fewer positions gives all of them. A patch's pixels stand column by column, as in
    the authors' files. Each is (p - mean) / √(variance + 10). Raises ValueError for a photo below 7
    px.
    """
    height, width = photo.shape[:2]
    if min(height, width) < PATCH_PX:
        raise ValueError(f"expected a photo of at least {PATCH_PX} px, got {width}×{height}")
    rows, columns = height - PATCH_PX + 1, width - PATCH_PX + 1
    random = np.random.default_rng((seed, height, width))
    places = random.choice(rows * columns, min(count, rows * columns), replace=False)
    top, left = np.divmod(places, columns)
    grey = cv2.cvtColor(photo, cv2.COLOR_RGB2GRAY)
    x, y = np.divmod(np.arange(PATCH_PX**2), PATCH_PX)
    patches = grey[top[:, None] + y, left[:, None] + x].astype(np.float32)
    centred = patches - patches.mean(axis=1, keepdims=True)
    normalised = centred / np.sqrt(patches.var(axis=1, ddof=1, keepdims=True) + _FLAT)
    return np.asarray(normalised, np.float32)


def fit_whitening(patches: Floats) -> tuple[Floats, Floats]:
    """The mean `(49,)` and the ZCA whitening `(49, 49)` of normalised patches `(n, 49)`."""
    variances, axes = np.linalg.eigh(np.cov(patches, rowvar=False).astype(np.float64))
    whitening = (axes / np.sqrt(np.maximum(variances, 0) + _RIDGE)) @ axes.T
    return patches.mean(axis=0).astype(np.float32), whitening.astype(np.float32)


def fit_codebook(patches: Floats, words: int, *, seed: int) -> Codebook:
    """Whitening and `words` words, by k-means, of normalised patches `(n, 49)`.

    In small batches, from random patches: all of them at once, or a better start, take hours for
    10,000 words. Raises ValueError for fewer patches than words.
    """
    # It takes seconds to import, and who only scores does not need it.
    from sklearn.cluster import MiniBatchKMeans

    if len(patches) < words:
        raise ValueError(f"expected at least {words} patches for {words} words, got {len(patches)}")
    mean, whitening = fit_whitening(patches)
    means = MiniBatchKMeans(
        words,
        init="random",
        n_init=1,
        batch_size=max(1024, words),
        max_iter=5,
        reassignment_ratio=0,
        random_state=seed,
    )
    means.fit((patches - mean) @ whitening)
    return Codebook(mean, whitening, unit_columns(means.cluster_centers_.T))


def unit_columns(words: NDArray[np.floating]) -> Floats:
    """Words `(49, n)`, each scaled to length 1."""
    return np.asarray(words / (np.linalg.norm(words, axis=0) + 1e-20), np.float32)


def encode(patches: Floats, codebook: Codebook, device: torch.device | str = "cpu") -> Floats:
    """Features `(2n,)` ≥ 0 of a photo's normalised patches `(m, 49)`, n words.

    Soft assignment: of a patch z and a word d, max(z·d, 0) and max(-z·d, 0); of each the largest
    over all patches, first the n with the sign +, then those with -.
    """
    words = torch.from_numpy(codebook.words).to(device).T.contiguous()
    whitened = torch.from_numpy((patches - codebook.mean) @ codebook.whitening).to(device)
    columns = whitened.T.contiguous()
    most, least = [], []
    for first in range(0, len(words), _CHUNK_WORDS):
        products = words[first : first + _CHUNK_WORDS] @ columns
        # One after the other: torch's aminmax takes longer than both.
        most.append(products.amax(dim=1))
        least.append(products.amin(dim=1))
    return torch.cat((*most, *(-low for low in least))).clamp(min=0).cpu().numpy()
