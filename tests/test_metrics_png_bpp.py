import io

import numpy as np
import pytest
from PIL import Image

from wespe.metrics.png_bpp import png_bpp


def test_noise_cannot_be_compressed() -> None:
    noise = np.random.default_rng(0).integers(0, 256, (200, 300, 3), np.uint8)
    # 24 bit and at most 1 % for filter bytes, chunks and stored blocks.
    assert 24 <= png_bpp(noise) < 24.25


def test_flat_photo_is_small() -> None:
    assert png_bpp(np.full((200, 300, 3), 90, np.uint8)) < 0.2


def test_counts_the_file_of_an_independent_encoder() -> None:
    ramp = np.add.outer(np.arange(200), np.arange(300)) / 2
    noise = np.random.default_rng(0).normal(0, 3, (200, 300, 3))
    photo = np.clip(ramp[..., None] + noise, 0, 255).astype(np.uint8)
    stream = io.BytesIO()
    Image.fromarray(photo).save(stream, "PNG")
    # Pillow chooses filters and runs zlib its own way: a tenth on noise.
    assert png_bpp(photo) == pytest.approx(8 * stream.tell() / (200 * 300), rel=0.1)
