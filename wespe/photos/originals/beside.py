"""What a file has beside its picture that a new one will not have, in words."""

from collections.abc import Iterator

from PIL import Image

from wespe.photos.jpeg import segments
from wespe.photos.originals import jpeg_like, png_like
from wespe.photos.originals.gain_map import ISO_GAIN_MAP, gain_map
from wespe.photos.renderings import (
    announces_depth_map,
    announces_gain_map,
    has_thumbnails,
    without_photoshop_thumbnails,
)
from wespe.photos.tiff.tags import (
    CREDENTIALS,
    PHOTOSHOP_LAYERS,
    PHOTOSHOP_RESOURCES,
    SUB_DIRECTORIES,
    XMP,
    Tags,
)

_CREDENTIALS_BOX = b"uuid" + bytes.fromhex("d8fec3d61b0e483c92975828877ec481")
_AS_IT_WAS = "which show the picture as it was"


def lost_beside(image: Image.Image, content: bytes) -> Iterator[str]:
    """What is left out of an opened file."""
    tags = getattr(image, "tag_v2", {})
    if PHOTOSHOP_LAYERS in tags:
        yield f"without Photoshop's layers, {_AS_IT_WAS}"
    if SUB_DIRECTORIES in tags:
        yield f"without the pictures in its sub-directories, {_AS_IT_WAS}"
    if _has_thumbnails(image, content):
        yield f"without thumbnails of Photoshop and XMP, {_AS_IT_WAS}"
    if _loses_gain_map(image, content):
        yield "without its HDR gain map"
    if _has_credentials(image, content):
        yield "without its content credentials, which sign the picture as it was"
    if _has_depth_map(image, content):
        yield "without its depth map"
    if others := _others(image):
        yield f"without its auxiliary pictures ({', '.join(others)})"


def _others(image: Image.Image) -> list[str]:
    """The kinds of auxiliary pictures of a HEIC beside gain map, depth and alpha, such as mattes.

    By the last part of their names: urn:com:apple:photo:2018:aux:portraiteffectsmatte.
    """
    kinds = [str(kind) for kind in image.info.get("aux", {})]
    return [kind.rpartition(":")[2] for kind in kinds if "hdrgainmap" not in kind]


def _has_thumbnails(image: Image.Image, content: bytes) -> bool:
    """Beside that of EXIF, which every camera's photo has."""
    packets, resources = _xmp_and_resources(image, content)
    return any(map(has_thumbnails, packets)) or without_photoshop_thumbnails(resources) != resources


def _xmp_and_resources(image: Image.Image, content: bytes) -> tuple[list[bytes], bytes]:
    """The packets of XMP, and Photoshop's resources."""
    if image.format in {"JPEG", "MPO"}:
        return [*jpeg_like.packets(content)], jpeg_like.resources(content)
    if image.format == "TIFF":
        tags = {tag.number: tag.value for tag in Tags.read(content).entries}
        packet, resources = (
            value if isinstance(value, bytes) else b""
            for value in (tags.get(XMP), tags.get(PHOTOSHOP_RESOURCES))
        )
        return [packet], resources
    packet = image.info.get("xmp", b"")
    return [png_like.xmp_of(content) if image.format == "PNG" else packet], b""


def _loses_gain_map(image: Image.Image, content: bytes) -> bool:
    """Whether an opened photo has a gain map for HDR screens that is not kept."""
    if image.format in {"JPEG", "MPO"}:
        announced = any(map(announces_gain_map, jpeg_like.packets(content))) or any(
            part[4:].startswith(ISO_GAIN_MAP) for _, part in segments(content)
        )
        return announced and not gain_map(content)
    # Files with a picture that is toned by a map say so among the brands at their beginning.
    brands = content[8 : int.from_bytes(content[:4])] if content[4:8] == b"ftyp" else b""
    return b"tmap" in brands or any("hdrgainmap" in str(kind) for kind in image.info.get("aux", {}))


def _has_credentials(image: Image.Image, content: bytes) -> bool:
    """Whether a file has content credentials (C2PA). Source: C2PA, technical specification, A.3."""
    if image.format in {"JPEG", "MPO"}:
        return jpeg_like.has_credentials(content)
    if image.format == "PNG":
        return png_like.has_credentials(content)
    if image.format == "TIFF":
        return any(tag.number == CREDENTIALS for tag in Tags.read(content).entries)
    # A chunk of WebP, or a box of HEIF and AVIF of this number.
    return b"C2PA" in content if image.format == "WEBP" else _CREDENTIALS_BOX in content


def _has_depth_map(image: Image.Image, content: bytes) -> bool:
    """Whether an opened photo has a depth map that is a picture of its own."""
    if image.format in {"JPEG", "MPO"}:
        return any(map(announces_depth_map, jpeg_like.packets(content)))
    return bool(image.info.get("depth_images"))
