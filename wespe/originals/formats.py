"""The formats that can be read and written again, and how a file's name has to end for each."""

_SUFFIXES = {
    "JPEG": (".jpg", ".jpeg", ".jpe", ".jfif"),
    "PNG": (".png",),
    "TIFF": (".tif", ".tiff"),
    "WEBP": (".webp",),
    "BMP": (".bmp",),
    "HEIF": (".heic", ".heif"),
}
FORMATS = {suffix: name for name, suffixes in _SUFFIXES.items() for suffix in suffixes}
"""Pillow's name of the format that a suffix promises."""
SUFFIXES = frozenset(FORMATS)
"""What photos' names end with, in lower case."""
