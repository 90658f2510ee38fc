"""Colours by code points instead of a profile: cICP of PNG, nclx of HEIF and AVIF.

Source: ITU-T H.273, tables 2 and 3; PNG, third edition, 11.3.2.6; ISO/IEC 23008-12, 6.5.5.
"""

import struct
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

HEADER_BYTES = 2**24
"""Within which a file states it; texts and profiles may come before."""
_HDR = {16: "PQ", 18: "HLG"}
_D65 = (0.3127, 0.3290)
# Red, green and blue, and white, as CIE x and y.
_PRIMARIES = {
    1: ((0.64, 0.33), (0.30, 0.60), (0.15, 0.06), _D65),
    4: ((0.67, 0.33), (0.21, 0.71), (0.14, 0.08), (0.310, 0.316)),
    5: ((0.64, 0.33), (0.29, 0.60), (0.15, 0.06), _D65),
    6: ((0.630, 0.340), (0.310, 0.595), (0.155, 0.070), _D65),
    7: ((0.630, 0.340), (0.310, 0.595), (0.155, 0.070), _D65),
    9: ((0.708, 0.292), (0.170, 0.797), (0.131, 0.046), _D65),
    11: ((0.680, 0.320), (0.265, 0.690), (0.150, 0.060), (0.314, 0.351)),
    12: ((0.680, 0.320), (0.265, 0.690), (0.150, 0.060), _D65),
    22: ((0.630, 0.340), (0.295, 0.605), (0.155, 0.077), _D65),
}
# As programs do, the camera's curves of video are taken for sRGB's, and so is none.
_EXPONENTS = {4: 2.2, 5: 2.8, 8: 1.0, 17: 2.6}
_SRGB_CURVE = (2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045)
_D50 = np.array([0.9642, 1.0, 0.8249])
_BRADFORD = np.array(
    [[0.8951, 0.2664, -0.1614], [-0.7502, 1.7135, 0.0367], [0.0389, -0.0685, 1.0296]]
)


class CodePoints(NamedTuple):
    """The numbers of H.273 for primaries and for the transfer curve."""

    primaries: int
    transfer: int

    @property
    def hdr(self) -> str:
        """The curve of an HDR picture, PQ or HLG; else nothing."""
        return _HDR.get(self.transfer, "")

    def profile(self) -> bytes | None:
        """An ICC profile for RGB; None for sRGB and for what is not stated or not known."""
        exponent = _EXPONENTS.get(self.transfer)
        if self.primaries not in _PRIMARIES or (self.primaries == 1 and exponent is None):
            return None
        curve = _SRGB_CURVE if exponent is None else (exponent,)
        return _icc(_to_d50(_PRIMARIES[self.primaries]), curve)


def stated(kind: str, content: bytes) -> CodePoints | None:
    """What a file of Pillow's format `kind`, or its beginning, states."""
    head = content[:HEADER_BYTES]
    if kind == "PNG":
        place = head.find(b"\0\0\0\4cICP", 0, max(head.find(b"IDAT"), 0))
        return CodePoints(*head[place + 8 : place + 10]) if place >= 0 else None
    if kind in {"HEIF", "AVIF"}:
        place = head.find(b"colrnclx")
        if 0 <= place <= len(head) - 12:
            return CodePoints(*struct.unpack_from(">HH", head, place + 8))
    return None


def _to_d50(primaries: tuple[tuple[float, float], ...]) -> NDArray[np.float64]:
    """The matrix from linear RGB to XYZ, adapted to D50 by Bradford's transform."""
    *colours, white = [np.array([x / y, 1, (1 - x - y) / y]) for x, y in primaries]
    columns = np.stack(colours, axis=1)
    matrix = columns * np.linalg.solve(columns, white)
    scale = (_BRADFORD @ _D50) / (_BRADFORD @ white)
    adapted: NDArray[np.float64] = np.linalg.solve(_BRADFORD, scale[:, None] * (_BRADFORD @ matrix))
    return adapted


def _icc(matrix: NDArray[np.float64], curve: tuple[float, ...]) -> bytes:
    """A profile of a display, version 4 of ICC.1."""

    def fixed(*values: float) -> bytes:
        return struct.pack(f">{len(values)}i", *(round(value * 65536) for value in values))

    def text(words: str) -> bytes:
        encoded = words.encode("utf-16-be")
        return b"mluc" + struct.pack(">4xII4sII", 1, 12, b"enUS", len(encoded), 28) + encoded

    kind = 0 if len(curve) == 1 else 3
    tags = {
        b"desc": text("Colours by code points"),
        b"cprt": text("No copyright"),
        b"wtpt": b"XYZ \0\0\0\0" + fixed(*_D50),
        **{
            name: b"XYZ \0\0\0\0" + fixed(*column)
            for name, column in zip((b"rXYZ", b"gXYZ", b"bXYZ"), matrix.T, strict=True)
        },
        **dict.fromkeys(
            (b"rTRC", b"gTRC", b"bTRC"), b"para" + struct.pack(">4xH2x", kind) + fixed(*curve)
        ),
    }
    start, table, body = 128 + 4 + 12 * len(tags), b"", b""
    for name, value in tags.items():
        table += name + struct.pack(">II", start + len(body), len(value))
        body += value + bytes(-len(value) % 4)
    header = struct.pack(
        ">I4xI4s4s4s12x4s28x12s48x",
        *(start + len(body), 0x04300000, b"mntr", b"RGB ", b"XYZ ", b"acsp", fixed(*_D50)),
    )
    return header + struct.pack(">I", len(tags)) + table + body
