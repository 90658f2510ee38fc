"""Pictures of Pillow as sRGB, by their ICC profile."""

import io

from PIL import Image, ImageCms

_SRGB = ImageCms.createProfile("sRGB")


def as_srgb(image: Image.Image, profile: bytes | None) -> Image.Image:
    """Grey, RGB or CMYK as sRGB, by `profile` where that can be used."""
    if profile:
        try:
            source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
            converted = ImageCms.profileToProfile(image, source, _SRGB, outputMode="RGB")
            assert converted is not None
            return converted
        except (ImageCms.PyCMSError, OSError):
            pass  # A damaged profile is no reason to refuse the photo: its numbers are kept.
    return image.convert("RGB")
