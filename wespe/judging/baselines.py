"""Plain enhancers that a trained network has to beat: uint8 `(H, W, 3)` → the same."""

import pkgutil
from collections.abc import Collection, Sequence
from functools import partial

import cv2
import numpy as np
from PIL import Image, ImageOps

from wespe.judging.registry import BASELINES
from wespe.networks.transport import Transport
from wespe.photos.images import Enhance, Pixels
from wespe.results.cards import NetworkCard, TransportNumbers


def histogram_match(levels: Sequence[Sequence[float]]) -> Enhance:
    """One curve per channel that takes the levels of X to the distribution of those of Y.

    Photos are not paired, only all levels pooled. `levels` `(256, 3)`: what each level becomes.
    """
    return partial(_look_up, table=np.rint(levels).astype(np.uint8)[None])


def _look_up(photo: Pixels, table: Pixels) -> Pixels:
    return np.asarray(cv2.LUT(photo, table), np.uint8)


def baselines(names: Collection[str], card: NetworkCard | None) -> dict[str, Enhance]:
    """The baselines `names` for a network with this card, which has what some are fitted to.

    Raises ValueError for an unknown name, and where the card has nothing for a baseline, as that of
    an imported network.
    """
    return {name: _baseline(name, card) for name in names}


def _baseline(name: str, card: NetworkCard | None) -> Enhance:
    if name not in BASELINES:
        raise ValueError(f"expected baselines among {', '.join(BASELINES)}, got {name!r}")
    function, fitted = pkgutil.resolve_name(BASELINES[name].function), BASELINES[name].fitted
    if fitted and (card is None or card.transport is None):
        raise ValueError(
            f"the model card has nothing for the baseline {name!r}, which is fitted to the source "
            "and target of a pair; leave that one out, as with `baselines: []`"
        )
    enhance: Enhance = function(card) if fitted else function
    return enhance


def fitted_histogram_match(card: NetworkCard) -> Enhance:
    """`histogram_match` between the domains of a pair."""
    assert card.histogram_match
    return histogram_match(card.histogram_match)


def fitted_transport(card: NetworkCard) -> Enhance:
    """The transport between the domains of a pair."""
    assert card.transport
    # Its numbers, not the transport: processes hand tensors on as shared memory.
    return partial(_transport, numbers=card.transport)


def _transport(photo: Pixels, numbers: TransportNumbers) -> Pixels:
    return Transport.of(numbers).enhance(photo)


def autocontrast(photo: Pixels) -> Pixels:
    """Each channel stretched to the full range, 1 % of the pixels clipped at either end."""
    return np.array(ImageOps.autocontrast(Image.fromarray(photo), cutoff=1))


def grey_world(photo: Pixels) -> Pixels:
    """Each channel scaled to the mean of all three, then all stretched by one line, 1 % clipped.

    Source: Buchsbaum, "A spatial processor model for object colour perception", 1980, for the
    assumption that the mean of a scene is grey. The stretch takes the 1st and 99th percentile of
    all levels to 0 and 255. A black channel stays as it is, and so does a photo of one level.
    """
    channels = [cv2.calcHist([photo], [place], None, [256], [0, 256]).ravel() for place in range(3)]
    counts = np.stack(channels, axis=1).astype(float)
    levels = np.arange(256.0)[:, None]
    means = (levels * counts).sum(0) / counts.sum(0)
    balanced = levels * np.where(means > 0, means.mean() / np.maximum(means, 1e-6), 1)
    low, high = np.percentile(balanced, [1, 99], weights=counts, method="inverted_cdf")
    if high - low < 1:
        return photo.copy()
    stretched = (balanced - low) * (255 / (high - low))
    return histogram_match(stretched.clip(0, 255).tolist())(photo)


def clahe(photo: Pixels) -> Pixels:
    """Contrast-limited adaptive histogram equalisation of L in Lab: 8×8 tiles, clip limit 2."""
    lightness, a, b = cv2.split(cv2.cvtColor(photo, cv2.COLOR_RGB2LAB))
    lightness = cv2.createCLAHE(clipLimit=2.0, tileGridSize=(8, 8)).apply(lightness)
    enhanced = cv2.cvtColor(cv2.merge((lightness, a, b)), cv2.COLOR_LAB2RGB)
    return np.asarray(enhanced, np.uint8)
