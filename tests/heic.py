"""HEIC with an auxiliary picture, which no library writes: made from a thumbnail's boxes."""

import io
import struct
from collections.abc import Iterator

import numpy as np
import pillow_heif
from PIL import Image

GAIN_MAP = "urn:com:apple:photo:2020:aux:hdrgainmap"
DEPTH = "urn:mpeg:hevc:2015:auxid:2"
MATTE = "urn:com:apple:photo:2018:aux:portraiteffectsmatte"


def heic_with(kind: str) -> bytes:
    """A photo of 128×128 px whose smaller picture is an auxiliary one of this kind."""
    pillow_heif.register_heif_opener()
    noise = np.random.default_rng(0).integers(0, 256, (128, 128, 3), dtype=np.uint8)
    stream = io.BytesIO()
    Image.fromarray(noise).save(stream, "HEIF", thumbnails=[64])
    return _with_kind(bytearray(stream.getvalue()), kind)


def _with_kind(file: bytearray, kind: str) -> bytes:
    meta, length = _box(file, b"meta", 0, len(file))
    within = (meta + 12, meta + length)
    start, size = _box(file, b"iref", *within)
    reference = file.index(b"thmb", start, start + size)
    item = int.from_bytes(file[reference + 4 : reference + 6])
    file[reference : reference + 4] = b"auxl"

    properties, size = _box(file, b"iprp", *within)
    held, held_size = _box(file, b"ipco", properties + 8, properties + size)
    count = sum(1 for _ in _boxes(file, held + 8, held + held_size))
    whose, _ = _box(file, b"ipma", properties + 8, properties + size)
    text = kind.encode() + b"\0"
    described = struct.pack(">I4sI", 12 + len(text), b"auxC", 0) + text
    # What lies further behind grows first, so that the places before it stay right.
    grown = _associate(file, whose, item, count + 1)
    _grow(file, whose, grown)
    file[held + held_size : held + held_size] = described
    _grow(file, held, len(described))
    grown += len(described)
    _grow(file, properties, grown)
    _grow(file, meta, grown)
    _move(file, _box(file, b"iloc", meta + 12, meta + length + grown)[0], grown)
    return bytes(file)


def _boxes(file: bytearray, start: int, end: int) -> Iterator[tuple[bytes, int, int]]:
    while start < end:
        size, name = struct.unpack_from(">I4s", file, start)
        yield name, start, size
        start += size


def _box(file: bytearray, name: bytes, start: int, end: int) -> tuple[int, int]:
    return next((at, size) for found, at, size in _boxes(file, start, end) if found == name)


def _grow(file: bytearray, at: int, by: int) -> None:
    struct.pack_into(">I", file, at, struct.unpack_from(">I", file, at)[0] + by)


def _associate(file: bytearray, at: int, item: int, number: int) -> int:
    """Give an item the property of this number; returns how many bytes that takes."""
    wide = file[at + 11] & 1
    place = at + 16
    while int.from_bytes(file[place : place + 2]) != item:
        place += 3 + file[place + 2] * (1 + wide)
    file[place + 2] += 1
    end = place + 3 + (file[place + 2] - 1) * (1 + wide)
    file[end:end] = number.to_bytes(1 + wide)
    return 1 + wide


def _move(file: bytearray, at: int, by: int) -> None:
    """Move the data that `iloc`, of the version and sizes that libheif writes, points to."""
    assert (file[at + 8], bytes(file[at + 12 : at + 14])) == (0, b"\x44\x40")
    place = at + 16
    for _ in range(int.from_bytes(file[at + 14 : at + 16])):
        _grow(file, place + 4, by)
        place += 10 + 8 * int.from_bytes(file[place + 8 : place + 10])
