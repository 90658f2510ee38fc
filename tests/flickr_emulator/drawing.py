"""The emulator's pictures: blurred colour fields whose contrast shows the photo's quality."""

import cv2
import numpy as np

from tests.flickr_emulator.catalogue import CataloguePhoto
from wespe.photos.images import Pixels

_FIELDS = 8


def draw_jpeg(photo: CataloguePhoto, width_px: int, height_px: int) -> bytes:
    """The photo's picture as a JPEG of a size; the same photo and size give the same bytes."""
    draw = np.random.default_rng(photo.id)
    spread = 20 + 200 * photo.quality
    fields = np.clip(128 + spread * (draw.random((_FIELDS, _FIELDS, 3)) - 0.5), 0, 255)
    picture = cv2.resize(
        fields.astype(np.uint8), (width_px, height_px), interpolation=cv2.INTER_LINEAR
    )
    return _encode(np.asarray(picture, np.uint8), ".jpg")


def draw_placeholder() -> bytes:
    """The picture that says that a photo is gone, a PNG."""
    return _encode(np.full((375, 500, 3), 230, np.uint8), ".png")


def _encode(picture: Pixels, suffix: str) -> bytes:
    done, data = cv2.imencode(suffix, picture)
    assert done
    return data.tobytes()
