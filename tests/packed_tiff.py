"""TIFF by hand: any number of bits a channel, in strips or tiles, in one plane or several."""

import struct
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

_SIDE = 16  # Of a tile, and the height of a strip.


@dataclass(frozen=True)
class Form:
    """How a file has its pixels."""

    in_planes: bool = False
    tiled: bool = False
    deflated: bool = False
    predicted: bool = False
    order: str = "<"


def write(
    path: Path,
    values: NDArray[Any],
    *,
    bits: int,
    photometric: int,
    extra: tuple[int, ...] = (),
    form: Form | None = None,
    more: dict[int, tuple[int, ...]] | None = None,
) -> Path:
    """`values` `(H, W, C)`, each less than `2 ** bits`."""
    form = form or Form()
    height, width, channels = values.shape
    planes = np.split(values, channels, axis=2) if form.in_planes else [values]
    blobs = [_coded(piece, bits, form) for plane in planes for piece in _pieces(plane, form.tiled)]
    counts = [len(blob) for blob in blobs]
    places = [8 + sum(counts[:number]) for number in range(len(blobs))]
    tags = {256: (width,), 257: (height,), 258: (bits,) * channels, 262: (photometric,)}
    tags |= {259: (8 if form.deflated or form.predicted else 1,), 277: (channels,)}
    tags |= {284: (2 if form.in_planes else 1,), 317: (2 if form.predicted else 1,)}
    if form.tiled:
        tags |= {324: tuple(places), 325: tuple(counts), 322: (_SIDE,), 323: (_SIDE,)}
    else:
        tags |= {273: tuple(places), 279: tuple(counts), 278: (_SIDE,)}
    tags |= {338: extra} if extra else {}
    body = b"".join(blobs)
    path.write_bytes(_file(body, tags | (more or {}), form.order))
    return path


def _pieces(plane: NDArray[Any], tiled: bool) -> list[NDArray[Any]]:
    if not tiled:
        return [plane[row : row + _SIDE] for row in range(0, len(plane), _SIDE)]
    height, width = plane.shape[:2]
    padded = np.pad(plane, ((0, -height % _SIDE), (0, -width % _SIDE), (0, 0)))
    return [
        padded[row : row + _SIDE, column : column + _SIDE]
        for row in range(0, height, _SIDE)
        for column in range(0, width, _SIDE)
    ]


def _coded(piece: NDArray[Any], bits: int, form: Form) -> bytes:
    if form.predicted:
        piece = np.diff(piece.astype(int), axis=1, prepend=0) % 2**bits
    if bits == 16:
        packed = piece.astype(f"{form.order}u2").tobytes()
    else:
        shifts = np.arange(bits)[::-1]
        ones = (piece.reshape(len(piece), -1)[..., None] >> shifts & 1).astype(np.uint8)
        packed = np.packbits(ones.reshape(len(piece), -1), axis=1).tobytes()
    return zlib.compress(packed) if form.deflated or form.predicted else packed


def _file(body: bytes, tags: dict[int, tuple[int, ...]], order: str) -> bytes:
    start = 8 + len(body) + len(body) % 2
    behind = start + 2 + 12 * len(tags) + 4
    entries, values = b"", b""
    for number, value in sorted(tags.items()):
        inline = struct.pack(f"{order}{len(value)}I", *value)
        if len(value) > 1:
            inline, values = struct.pack(f"{order}I", behind + len(values)), values + inline
        entries += struct.pack(f"{order}HHI", number, 4, len(value)) + inline
    head = (b"II*\0" if order == "<" else b"MM\0*") + struct.pack(f"{order}I", start)
    count = struct.pack(f"{order}H", len(tags))
    return head + body.ljust(start - 8, b"\0") + count + entries + bytes(4) + values
