"""Enhancing from Python: a path, a picture of Pillow or an array, and back comes the same."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeVar

import numpy as np
from PIL import ExifTags, Image

from wespe.apps.enhancing.networks import network_file, open_networks
from wespe.networks.inference.enlarged import too_large
from wespe.networks.inference.photo import enhance_files, nothing_usable
from wespe.networks.inference.plan import plan
from wespe.photos.images import AnyPixels
from wespe.photos.modes import Kind, straight
from wespe.photos.originals import Original
from wespe.photos.originals.colours import Colours
from wespe.photos.renderings import with_size, without_thumbnail
from wespe.results.badges import Badge, badge_of
from wespe.results.networks import name_of, read_card

if TYPE_CHECKING:
    from wespe.core.device import Compute
    from wespe.networks.inference.backends import BackendName

Picture = TypeVar("Picture", bound="str | os.PathLike[str] | Image.Image | AnyPixels")

Models = str | os.PathLike[str] | Sequence[str | os.PathLike[str]] | None
"""A network, or several that are applied one after the other; None is the default."""

_MODES = {"L": "L", "LA": "L", "RGB": "RGB", "RGBA": "RGB"}
"""Pillow's modes that are enhanced, and the part of each that is colour."""


class Enhancer:
    """A network that is ready for photos: load it once, enhance any number of them.

    `model`: the name of a network, as `wespe list` shows it, or its file; several are applied one
    after the other; None is the network that comes with the package for any camera. `compute` and
    `engine` are `--compute` and `--backend` of `wespe enhance`. Raises ValueError for a network
    that is not there or cannot be used.
    """

    def __init__(
        self,
        model: Models = None,
        *,
        compute: "Compute | Literal['cpu-int8']" = "auto",
        engine: "BackendName" = "auto",
    ) -> None:
        if model is None or isinstance(model, str | os.PathLike):
            model = [os.fspath(model)] if model else []
        names: list[str | None] = [os.fspath(name) for name in model]
        self.paths = tuple(map(network_file, names or [None]))
        """The networks' files."""
        self._ready = open_networks(self.paths, compute, engine)

    @property
    def name(self) -> str:
        """The network's name, or those of several."""
        return " + ".join(map(name_of, self.paths))

    @property
    def scale(self) -> int:
        """How many times as wide and high as a photo its result is; 1 for most networks."""
        return self._ready.scale

    @property
    def badge(self) -> Badge:
        """What the network is, such as `for any camera`; of several, that of the least proven."""
        return max(map(_badge, self.paths), key=lambda badge: badge.rank)

    def __repr__(self) -> str:
        return f"<wespe.Enhancer {self.name}, {self.badge}, {self._ready.engine}>"

    def enhance(
        self,
        image: Picture,
        *,
        strength: float = 1.0,
        scale: float | None = None,
        out: str | os.PathLike[str] | None = None,
        overwrite: bool = False,
    ) -> Picture:
        """An enhanced photo of the same kind as `image`, which is left as it is.

        - An array: `(H, W, 3)`, RGB in sRGB, of uint8, uint16 or float32 in [0, 1].
        - A picture of Pillow, of mode L, LA, RGB or RGBA (P becomes RGB or RGBA). Its colour
          profile and its EXIF orientation count, and come along, as do alpha and `info`; where its
          size changes, EXIF states the new one and loses its thumbnail.
        - The path of a photo or video: what `wespe enhance` writes, NAME_enhanced beside it or NAME
          in the folder `out`. Returns the path of the result. One that is up to date stays; what
          else has its name is replaced only with `overwrite`.

        `strength` in [0, 1] blends with the photo, enlarged by bicubic where the network enlarges.
        `scale`: of a network that enlarges, how many times larger the photo becomes in the end,
        from 1 to the network's own factor (default). Raises TypeError for anything else,
        ValueError for what cannot be used, also where the result would have more than 300
        megapixels, and FileNotFoundError.
        """
        if isinstance(image, np.ndarray):
            enhanced: Picture = self._array(_checked(image), strength, scale)
            return enhanced
        if isinstance(image, Image.Image):
            return self._picture(image, strength, scale)  # type: ignore[return-value]
        if isinstance(image, str | os.PathLike):
            into = None if out is None else Path(out)
            path = self._file(Path(image), into, strength, scale, overwrite)
            return str(path) if isinstance(image, str) else path  # type: ignore[return-value]
        raise TypeError(
            "expected the path of a photo, a picture of Pillow or a NumPy array, got "
            f"{type(image).__name__}"
        )

    def _array(self, pixels: AnyPixels, strength: float, scale: float | None) -> Any:
        height, width = pixels.shape[:2]
        if problem := too_large(width, height, self._ready, scale):
            raise ValueError(problem)
        return self._ready.enhance(pixels, strength=strength, scale=scale)

    def _picture(self, image: Image.Image, strength: float, scale: float | None) -> Image.Image:
        original = _original(image)
        enhanced = self._array(original.upright(), strength, scale)
        layers = original.with_pixels(enhanced)
        made = Image.fromarray(layers[..., 0] if layers.shape[2] == 1 else layers)
        # A colour that stood for transparency has become alpha.
        made.info = {key: value for key, value in image.info.items() if key != "transparency"}
        if made.size != image.size and "exif" in made.info:
            made.info["exif"] = with_size(without_thumbnail(made.info["exif"]), made.size)
        return made

    def _file(
        self, path: Path, out: Path | None, strength: float, scale: float | None, overwrite: bool
    ) -> Path:
        if not path.exists():
            raise FileNotFoundError(f"{path}: no such file")
        if path.is_dir():
            raise ValueError(f"{path}: expected one photo or video, got a folder")
        if unusable := nothing_usable([path], out=out):
            raise ValueError(": ".join(map(str, unusable.failed[0])))
        summary = enhance_files(
            [path],
            enhancer=self._ready,
            out=out,
            strength=strength,
            scale=scale,
            overwrite=overwrite,
            report=lambda line: None,
            quiet=True,
        )
        for failed, reason in summary.failed:
            raise ValueError(f"{failed}: {reason}")
        return plan([path], out=out).outputs[path]


def enhance(
    image: Picture,
    model: Models = None,
    *,
    strength: float = 1.0,
    scale: float | None = None,
    out: str | os.PathLike[str] | None = None,
    overwrite: bool = False,
) -> Picture:
    """Enhance one photo; see `Enhancer` for `model`, and its `enhance` for the rest.

    Loads the network each time: for several photos, make one `Enhancer`.
    """
    return Enhancer(model).enhance(
        image, strength=strength, scale=scale, out=out, overwrite=overwrite
    )


def _badge(path: Path) -> Badge:
    return badge_of(read_card(path) if path.with_suffix(".json").is_file() else None)


def _checked(pixels: AnyPixels) -> AnyPixels:
    if pixels.ndim != 3 or pixels.shape[2] != 3 or 0 in pixels.shape:
        raise ValueError(f"expected an array of shape (H, W, 3), got {pixels.shape}")
    if pixels.dtype not in (np.uint8, np.uint16, np.float32):
        raise ValueError(f"expected an array of uint8, uint16 or float32, got {pixels.dtype}")
    if pixels.dtype == np.float32:
        low, high = float(pixels.min()), float(pixels.max())
        if not (low >= 0 and high <= 1):  # not a number, either
            raise ValueError(f"expected float32 in [0, 1], got {low:g} to {high:g}")
    return pixels


def _original(image: Image.Image) -> Original:
    """A picture in memory as a photo that was read from a file."""
    if image.mode not in {"P", *_MODES}:
        known = ", ".join(_MODES)
        raise ValueError(f"expected a picture of mode P, {known}, got {image.mode}: convert it")
    image = straight(image, Kind.of(image))
    mode, layers = _MODES[image.mode], np.asarray(image)
    layers = layers[..., None] if layers.ndim == 2 else layers
    try:
        colours = Colours(mode, image.info.get("icc_profile"))
    except ValueError:  # A damaged profile: its numbers are taken as sRGB, as those of files.
        colours = Colours(mode, None)
    turned = image.getexif().get(ExifTags.Base.Orientation, 1)
    return Original(
        *(str(image.format), b"", layers[..., : len(mode)]),
        alpha=layers[..., len(mode) :] if layers.shape[2] > len(mode) else None,
        colours=colours,
        own_colours=True,
        orientation=turned if turned in range(1, 9) and image.format not in {"TIFF", "HEIF"} else 1,
        options={},
    )
