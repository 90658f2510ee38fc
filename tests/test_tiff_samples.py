"""TIFF of 1 to 16 bits a channel, in one plane or several, has the values that were packed."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.packed_tiff import Form, write
from wespe.photos.images import read_photo
from wespe.photos.originals import Original, read_original, write_like

HEIGHT, WIDTH = 19, 23
MULTIPLIED, STRAIGHT, SOMETHING = 1, 2, 0
# Photometric interpretation, channels of colour, and what more channels are.
KINDS: dict[str, tuple[int, int, tuple[int, ...]]] = {
    "grey": (1, 1, ()),
    "0 is white": (0, 1, ()),
    "0 is white, and alpha": (0, 1, (STRAIGHT,)),
    "grey and alpha": (1, 1, (STRAIGHT,)),
    "grey and multiplied alpha": (1, 1, (MULTIPLIED,)),
    "grey and something": (1, 1, (SOMETHING,)),
    "RGB": (2, 3, ()),
    "RGB and alpha": (2, 3, (STRAIGHT,)),
    "RGB and multiplied alpha": (2, 3, (MULTIPLIED,)),
    "RGB and something": (2, 3, (SOMETHING,)),
    "RGB, something and alpha": (2, 3, (SOMETHING, STRAIGHT)),
}
FORMS = {
    "one plane": Form(),
    "planes": Form(in_planes=True),
    "tiles": Form(tiled=True),
    "tiles in planes": Form(tiled=True, in_planes=True, order=">"),
    "deflate": Form(deflated=True, order=">"),
    "deflated planes": Form(deflated=True, in_planes=True),
}


def made(path: Path, kind: str, bits: int, form: Form) -> NDArray[Any]:
    """A file of a kind; returns its values as shares of the largest."""
    photometric, colours, extra = KINDS[kind]
    shape = HEIGHT, WIDTH, colours + len(extra)
    values = np.random.default_rng(bits).integers(0, 2**bits, shape)
    if MULTIPLIED in extra:
        values = np.minimum(values, values[..., -1:])
    write(path, values, bits=bits, photometric=photometric, extra=extra, form=form)
    return np.asarray(values / (2**bits - 1))


def check(original: Original, shares: NDArray[Any], kind: str, bits: int) -> None:
    photometric, channels, extra = KINDS[kind]
    colours, largest = shares[..., :channels], np.iinfo(original.stored.dtype).max
    assert largest == (255 if bits <= 8 else 65535)
    place = next((n for n, what in enumerate(extra) if what != SOMETHING), None)
    if place is None:
        assert original.alpha is None
    else:
        alpha = shares[..., channels + place :][..., :1]
        assert original.alpha is not None
        assert np.abs(original.alpha - alpha * largest).max() <= 1
        if extra[place] == MULTIPLIED:
            colours = np.where(alpha > 0, colours / np.maximum(alpha, 1e-9), 0)
    expected = (1 - colours if photometric == 0 else colours) * largest
    # Of what was multiplied and is nearly clear, whole numbers say little.
    tolerance = 1 if MULTIPLIED not in extra else 1 / np.maximum(shares[..., -1:], 1e-9) + 1
    assert (np.abs(original.stored - expected) <= tolerance).all()
    said = "without a channel that is neither colour nor alpha" in original.notes
    assert said == (SOMETHING in extra)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("kind", KINDS)
def test_any_number_of_bits(tmp_path: Path, kind: str, form: str) -> None:
    for bits in range(1, 17):
        path = tmp_path / f"{bits}.tif"
        shares = made(path, kind, bits, FORMS[form])
        original = read_original(path)
        check(original, shares, kind, bits)
        write_like(tmp_path / "again.tif", original, original.upright())
        again = read_original(tmp_path / "again.tif")
        np.testing.assert_array_equal(again.stored, original.stored)
        assert (again.alpha is None) == (original.alpha is None)
        if again.alpha is not None:
            np.testing.assert_array_equal(again.alpha, original.alpha)


@pytest.mark.parametrize("bits", [8, 16])
@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("kind", ["grey and alpha", "RGB", "RGB, something and alpha"])
def test_a_predictor(tmp_path: Path, kind: str, form: str, bits: int) -> None:
    path = tmp_path / "in.tif"
    shares = made(path, kind, bits, replace(FORMS[form], predicted=True))
    check(read_original(path), shares, kind, bits)


@pytest.mark.parametrize("bits", [6, 12, 16])
@pytest.mark.parametrize("kind", ["0 is white, and alpha", "grey and alpha", "RGB and alpha"])
def test_in_8_bits_transparent_parts_lie_over_white(tmp_path: Path, kind: str, bits: int) -> None:
    path = tmp_path / "in.tif"
    shares = made(path, kind, bits, Form(in_planes=True))
    colours, alpha = shares[..., :-1], shares[..., -1:]
    colours = 1 - colours if KINDS[kind][0] == 0 else colours
    seen = read_photo(path).pixels[..., : colours.shape[2]]
    # Both are cut to 8 bits before.
    assert np.abs(seen - (colours * alpha + 1 - alpha) * 255).max() <= 2.5
