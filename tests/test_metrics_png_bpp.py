import cv2
import numpy as np
import pytest

from wespe.judging.metrics.png_bpp import png_bpp


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
    # zlib-ng, which Pillow has, finds other matches than zlib.
    strategy = (cv2.IMWRITE_PNG_STRATEGY, cv2.IMWRITE_PNG_STRATEGY_FILTERED)
    _, encoded = cv2.imencode(".png", photo, (cv2.IMWRITE_PNG_COMPRESSION, 6, *strategy))
    assert png_bpp(photo) == pytest.approx(8 * encoded.size / (200 * 300), rel=0.06)


def test_zlib_knows_that_the_data_is_filtered() -> None:
    """Else clipped photos come out larger, as they do by OpenCV's defaults."""
    bright = np.random.default_rng(0).normal(252, 12, (200, 300, 3))
    photo = np.clip(bright, 0, 255).astype(np.uint8)
    _, encoded = cv2.imencode(".png", photo, (cv2.IMWRITE_PNG_COMPRESSION, 6))
    assert png_bpp(photo) < 0.95 * 8 * encoded.size / (200 * 300)
