"""Reading a photo with all that its file needs to be written again."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from PIL import ExifTags, Image, JpegImagePlugin

from wespe.photos import bmp, jpeg
from wespe.photos.images import FORMATS, AnyPixels, PhotoError
from wespe.photos.modes import Kind, straight
from wespe.photos.opening import DAMAGED, content_of, opened, profile_of
from wespe.photos.originals.beside import lost_beside
from wespe.photos.originals.colours import Colours
from wespe.photos.originals.deep import deep_mode, read_deep
from wespe.photos.originals.gain_map import gain_map
from wespe.photos.srgb import as_srgb
from wespe.photos.tiff.layouts import Layout
from wespe.photos.tiff.tags import Tags
from wespe.photos.unread import what_else

# An EXIF orientation as whether rows and columns are exchanged, after their order was turned.
_TURNS = {
    **{1: (False, 1, 1), 2: (False, 1, -1), 3: (False, -1, -1), 4: (False, -1, 1)},
    **{5: (True, 1, 1), 6: (True, -1, 1), 7: (True, -1, -1), 8: (True, 1, -1)},
}


@dataclass(frozen=True)
class Original:
    """A photo as its file has it: `stored` `(H, W, C)`, uint8 or uint16, as yet not turned.

    C is 1 for grey, 3 for RGB and 4 for CMYK. `alpha` `(H, W, 1)` of the same type, if there is
    any. `orientation` is that of EXIF; `options` are what encoding needs to know of the file.
    """

    format: str
    content: bytes
    stored: AnyPixels
    alpha: AnyPixels | None
    colours: Colours
    own_colours: bool
    """Whether the file's profile holds for `stored`."""
    orientation: int
    options: dict[str, Any]
    notes: tuple[str, ...] = ()
    """What of the file is not kept, in words."""

    def upright(self) -> AnyPixels:
        """The photo in sRGB as people see it, `(H, W, 3)` of uint8 or uint16."""
        exchanged, rows, columns = _TURNS[self.orientation]
        turned = self.colours.to_srgb(self.stored)[::rows, ::columns]
        return np.ascontiguousarray(turned.swapaxes(0, 1) if exchanged else turned)

    def with_pixels(self, upright: AnyPixels) -> AnyPixels:
        """What `stored` becomes when `upright()` becomes this; with alpha, `(H, W, C + 1)`.

        Of another size, too: what the photo has beside its colours is then made as large.
        """
        exchanged, rows, columns = _TURNS[self.orientation]
        turned = (upright.swapaxes(0, 1) if exchanged else upright)[::rows, ::columns]
        stored, alpha = (_resized(layer, turned) for layer in (self.stored, self.alpha))
        assert stored is not None
        colours = self.colours.changed(stored, turned)
        layers = colours if alpha is None else np.concatenate([colours, alpha], axis=2)
        return np.ascontiguousarray(layers)


def _resized(layers: AnyPixels | None, like: AnyPixels) -> AnyPixels | None:
    """`(H, W, C)` with the height and width of `like`, by a bicubic of OpenCV's."""
    if layers is None or layers.shape[:2] == like.shape[:2]:
        return layers
    resized = cv2.resize(layers, like.shape[1::-1], interpolation=cv2.INTER_CUBIC)
    return np.asarray(resized, layers.dtype).reshape(*like.shape[:2], layers.shape[2])


def read_original(path: Path) -> Original:
    """Decode a photo, with what `write_like` needs to make a file of the same kind.

    Of a file with several pictures the first counts; palettes become RGB; CMYK stays where the
    file's profile leads back to it and becomes RGB elsewhere. Raises PhotoError for what
    `read_photo` refuses, a format that cannot be written, a name that promises another format, and
    a single pixel.
    """
    with opened(path) as image:
        # Phones put a second picture behind the first; Pillow has a name of its own for that.
        name = "JPEG" if image.format == "MPO" else str(image.format)
        promised = FORMATS.get(path.suffix.lower())
        if name not in FORMATS.values():
            if other := what_else(path, b""):
                raise PhotoError(path, other)
            expected = ", ".join(dict.fromkeys(FORMATS.values()))
            raise PhotoError(path, f"expected one of {expected}, got {name}")
        if promised != name:
            # Raw photos of many cameras are TIFF underneath.
            other = "" if promised else what_else(path, b"")
            named = f"holds {name}, but is named {path.suffix or path.name}"
            raise PhotoError(path, other or named)
        if image.size == (1, 1):
            raise PhotoError(path, "a single pixel, expected a photo")
        content, deep, kind = content_of(path, image), deep_mode(image), Kind.of(image)
        if name == "JPEG" and (found := jpeg.frame(content)) and found.lossless:
            raise PhotoError(path, "a JPEG without loss, which is not written here: use PNG")
        image.load()
        orientation = image.getexif().get(ExifTags.Base.Orientation, 1)
        # Pillow turns TIFF itself, and the library for HEIF does.
        turned = name in {"TIFF", "HEIF"} or orientation not in _TURNS
        try:
            picture = image if deep else straight(image, kind)
        except ValueError as error:
            raise PhotoError(path, str(error)) from error
        stored, alpha, colours, own = _layers(path, image, picture, content, deep)
        return Original(
            *(name, content, stored, alpha, colours, own),
            orientation=1 if turned else orientation,
            options=_options(path, image, name, content),
            notes=(*([] if own else ["CMYK as RGB"]), *_lost(path, image, kind, content)),
        )


def _lost(path: Path, image: Image.Image, kind: Kind, content: bytes) -> Iterator[str]:
    """What `write_like` cannot keep of an opened file, in words."""
    try:
        count = getattr(image, "n_frames", 1)
    except DAMAGED:  # A picture that is left out need not be whole.
        count = 2
    if count > (2 if image.format == "MPO" and gain_map(content) else 1):
        yield "only the first of its pictures"
    if kind.format in {"HEIF", "AVIF"} and kind.bits > 8:
        yield f"{kind.bits} bits reduced to 8"
    if kind.format == "TIFF" and 8 < kind.bits < 16:
        yield f"{kind.bits} bits as 16"
    if image.format == "TIFF":
        yield from _of_layout(path)
    if image.format == "BMP" and (fields := bmp.fields(path)) and fields.note:
        yield fields.note
    if image.mode == "LAB":
        yield "Lab as RGB"
    yield from lost_beside(image, content)


def _of_layout(path: Path) -> Iterator[str]:
    layout = Layout.of(path)
    if layout and layout.note:
        yield layout.note
    if layout and layout.unknown_channels > 0:
        yield "without a channel that is neither colour nor alpha"


def _layers(
    path: Path, image: Image.Image, picture: Image.Image, content: bytes, deep: str
) -> tuple[AnyPixels, AnyPixels | None, Colours, bool]:
    """Colours, alpha, their way to sRGB, and whether that is by the file's own profile.

    `picture`: the `straight` image, or `image` itself where it is `deep`.
    """
    profile = profile_of(path, image)
    if image.mode == "CMYK":
        if deep:
            raise PhotoError(path, "16 bits a channel of CMYK, expected 8")
        try:
            colours = Colours("CMYK", profile)
        except ValueError:
            return np.asarray(as_srgb(image, profile)), None, Colours("RGB", None), False
        return np.asarray(image), None, colours, True
    layers = read_deep(image, content) if deep else _plain_layers(picture, image.format == "HEIF")
    if layers.shape[1::-1] != image.size:
        raise PhotoError(path, "16 bits a channel in a layout that is not known here")
    mode = deep or ("L" if layers.shape[2] < 3 else "RGB")
    stored = layers[..., : len(mode)]
    alpha = layers[..., -1:] if layers.shape[2] in {2, 4} else None
    if image.mode == "LAB":
        profile = None  # It is of Lab.
    try:
        return stored, alpha, Colours(mode, profile), True
    except ValueError:  # A damaged profile is no reason to refuse the photo: its numbers are kept.
        return stored, alpha, Colours(mode, None), True


def _plain_layers(picture: Image.Image, eight_bit: bool) -> AnyPixels:
    layers: AnyPixels = np.asarray(picture)
    if layers.dtype != np.uint8 and eight_bit:
        layers = (layers >> 8).astype(np.uint8)
    return layers[..., None] if layers.ndim == 2 else layers


def _options(path: Path, image: Image.Image, name: str, content: bytes) -> dict[str, Any]:
    """What encoders receive of the file, beside its pixels."""
    if name == "JPEG":
        sampling = JpegImagePlugin.get_sampling(image)
        # -1 is one that Pillow cannot write: then colours in full resolution.
        return {
            "qtables": getattr(image, "quantization", None),
            "subsampling": max(sampling, 0),
            "progressive": bool(image.info.get("progressive")),
        }
    if name == "TIFF":
        return {
            "tags": Tags.read(content).kept(),
            "compressed": image.info.get("compression", "raw") != "raw",
            "icc_profile": image.info.get("icc_profile"),
        }
    if name == "BMP":
        return {"dpi": image.info.get("dpi", (0, 0)), "icc_profile": profile_of(path, image)}
    blocks = {key: image.info.get(key) for key in ("exif", "xmp")}
    blocks["icc_profile"] = profile_of(path, image)
    return {key: block for key, block in blocks.items() if block}
