"""How far pairs would get with what a training of the small sample has: the room above WESPE.

    python -m benchmarks.limits PATCHES

PATCHES is a folder with `iphone` and `canon`, such as `../shared/data/dped/patches`. Prints PSNR
and MS-SSIM on the pairs 200 to 299 of the transport, which knows no pairs, and of colour mappings
that least squares fits to the pairs 0 to 199: of the pixel alone, and of the pixel beside the mean
colour, contrast and saturation of its patch. The last row is no enhancer: it has each patch's mean
colour from the reference, and shows how much of the error is the light of the scene.
"""

import argparse
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from wespe.judging.metrics.registry import METRICS
from wespe.photos.images import Pixels, read_photo
from wespe.training.transport.fit import fit_transport

TRAIN, TEST = range(200), range(200, 300)
Values = NDArray[np.float64]
"""Patches `(N, S, S, 3)` in levels, or rows of what is known of their pixels."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("patches", type=Path)
    folder = parser.parse_args().patches
    before, after = read_pairs(folder, TRAIN)
    photos, references = read_pairs(folder, TEST)
    transport = fit_transport(before, after)
    moved = np.stack([transport.enhance(patch) for patch in before]).astype(np.float64)
    tested = np.stack([transport.enhance(patch) for patch in photos]).astype(np.float64)
    print(f"{'':44}{'PSNR dB':>8}{'MS-SSIM':>9}")
    show("original", photos, references)
    show("transport, without pairs", tested, references)
    for name, known in KNOWN.items():
        fitted = least_squares(known(moved), after.reshape(-1, 3))
        show(name, (known(tested) @ fitted).reshape(tested.shape), references)
    light = (references - tested).mean((1, 2), keepdims=True)
    show("(transport with the reference's mean colour)", tested + light, references)


def read_pairs(folder: Path, numbers: range) -> tuple[Pixels, Pixels]:
    """Two stacks, uint8 `(N, S, S, 3)`, without the pairs that are identical."""
    before, after = (
        np.stack([read_photo(folder / domain / f"{n}.jpg").pixels for n in numbers])
        for domain in ("iphone", "canon")
    )
    differ = (before != after).any((1, 2, 3))
    return before[differ], after[differ]


def colour(patches: Values) -> Values:
    """Of each pixel: 1, its levels, and the products of any two of them."""
    pixels = patches.reshape(-1, 3) / 255
    products = [pixels[:, i] * pixels[:, j] for i in range(3) for j in range(i, 3)]
    return np.column_stack([np.ones(len(pixels)), pixels, *products])


def colour_and_patch(patches: Values) -> Values:
    """The same beside the patch's mean colour, contrast and saturation, and their products."""
    scaled = patches / 255
    luma = scaled.mean(3)
    saturation = np.abs(scaled - luma[..., None]).mean((1, 2, 3))
    patch = np.column_stack([scaled.mean((1, 2)), luma.std((1, 2)), saturation])
    patch = np.repeat(patch, patches.shape[1] * patches.shape[2], axis=0)
    pixels = scaled.reshape(-1, 3)
    width = patch.shape[1]
    squares = [patch[:, i] * patch[:, j] for i in range(width) for j in range(i, width)]
    crossed = [patch[:, [i]] * pixels for i in range(width)]
    return np.column_stack([colour(patches), patch, *squares, *crossed])


def least_squares(known: Values, wanted: Pixels) -> Values:
    """The matrix that takes rows of `known` nearest to those of `wanted`, by normal equations."""
    return np.asarray(np.linalg.solve(known.T @ known, known.T @ wanted), np.float64)


def show(name: str, patches: Values | Pixels, references: Pixels) -> None:
    """A line of the means over the patches, rounded to whole levels as any photo is."""
    photos = np.rint(patches).clip(0, 255).astype(np.uint8)
    means = [
        np.mean([METRICS[key](*pair) for pair in zip(photos, references, strict=True)])
        for key in ("psnr_db", "ms_ssim")
    ]
    print(f"{name:44}{means[0]:8.2f}{means[1]:9.3f}")


KNOWN: dict[str, Callable[[Values], Values]] = {
    "and pairs: least squares of the colour": colour,
    "and pairs: of the colour and the patch": colour_and_patch,
}


if __name__ == "__main__":
    main()
