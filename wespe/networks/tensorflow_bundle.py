"""TensorFlow checkpoints (version 2, "tensor bundles") read without TensorFlow.

A checkpoint is `PREFIX.index`, a LevelDB table from each variable's name to where it lies, and the
shards `PREFIX.data-00000-of-00001` …, which hold nothing but numbers. Sources: TensorFlow's
`tensor_bundle.proto` and LevelDB's `table_format.md`.
"""

import math
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

_FLOAT32 = 1
_FOOTER_BYTES = 48
_MAGIC = 0xDB4775248B80FB57
# Wire types of protocol buffers, with the format of those that have a fixed size.
_VARINT, _BYTES, _FIXED = 0, 2, {1: "<Q", 5: "<I"}


@dataclass(frozen=True)
class _Entry:
    """Where a variable lies: `size` bytes from `offset` in a shard."""

    dtype: int
    shape: tuple[int, ...]
    shard: int
    offset: int
    size: int
    checksum: int


class TensorBundle:
    """The float32 variables of a checkpoint, given as its prefix or its `.index` file.

    `shapes` holds the shape of every variable, by name. Raises ValueError, naming the file, for an
    index that is missing, damaged, or no index.
    """

    def __init__(self, checkpoint: Path) -> None:
        self._prefix = str(checkpoint).removesuffix(".index")
        path = _existing(f"{self._prefix}.index")
        try:
            table = dict(_table(path.read_bytes()))
            header = _fields(table.pop(b"", b""))
            self._shards = _last(header, 1)
            if not self._shards:
                raise ValueError("a table without shards")
            self._entries = {name.decode(): _entry(value) for name, value in table.items()}
        except (ValueError, struct.error) as error:
            raise ValueError(
                f"{path}: expected the index of a TensorFlow checkpoint, got {error}"
            ) from error
        if _last(header, 2):
            raise ValueError(f"{path}: expected little-endian tensors, got big-endian ones")
        self.shapes = {name: entry.shape for name, entry in self._entries.items()}

    def read(self, name: str) -> NDArray[np.float32]:
        """A variable's value, in its shape.

        Raises KeyError for an unknown name, and ValueError for another type than float32 and for
        a shard that is missing, truncated or damaged.
        """
        entry = self._entries[name]
        path = _existing(f"{self._prefix}.data-{entry.shard:05d}-of-{self._shards:05d}")
        if entry.dtype != _FLOAT32:
            raise ValueError(f"{path}: {name}: expected float32, got data type {entry.dtype}")
        # A variable that was saved in slices has no bytes of its own.
        if entry.size != 4 * math.prod(entry.shape):
            raise ValueError(f"{path}: {name}: expected {entry.shape}, got {entry.size} bytes")
        with path.open("rb") as stream:
            stream.seek(entry.offset)
            content = stream.read(entry.size)
        if len(content) < entry.size:
            raise ValueError(
                f"{path}: {name}: expected {entry.size} bytes, got {len(content)}: truncated"
            )
        if masked_crc32c(content) != entry.checksum:
            raise ValueError(f"{path}: {name}: wrong checksum: damaged")
        return np.frombuffer(content, "<f4").astype(np.float32).reshape(entry.shape)


def masked_crc32c(data: bytes) -> int:
    """CRC-32C, rotated and shifted as LevelDB and TensorFlow store it."""
    crc = crc32c(data)
    return ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF


def crc32c(data: bytes) -> int:
    """CRC-32C (Castagnoli), the checksum of RFC 3720."""
    crc = 0xFFFFFFFF
    for byte in data:
        crc = _CRC_TABLE[(crc ^ byte) & 0xFF] ^ crc >> 8
    return crc ^ 0xFFFFFFFF


def _crc_of_byte(crc: int) -> int:
    for _ in range(8):
        crc = crc >> 1 ^ (0x82F63B78 if crc & 1 else 0)
    return crc


_CRC_TABLE = [_crc_of_byte(byte) for byte in range(256)]


def _existing(name: str) -> Path:
    path = Path(name)
    if not path.is_file():
        raise ValueError(f"{path}: no such file; a checkpoint is PREFIX.index and PREFIX.data-…")
    return path


def _table(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Keys and values of a LevelDB table, in its order. Raises ValueError for anything else."""
    if len(data) < _FOOTER_BYTES or int.from_bytes(data[-8:], "little") != _MAGIC:
        raise ValueError("a truncated file or one of another kind")
    footer = BytesIO(data[-_FOOTER_BYTES:-8])
    _handle(footer)  # of the block that describes the table; TensorFlow leaves it empty
    for _, handle in _block(data, *_handle(footer)):
        yield from _block(data, *_handle(BytesIO(handle)))


def _block(data: bytes, offset: int, size: int) -> Iterator[tuple[bytes, bytes]]:
    """Keys and values of one block: entries, restart points and a trailer with a checksum."""
    content, trailer = data[offset : offset + size], data[offset + size : offset + size + 5]
    compression, checksum = struct.unpack("<BI", trailer)
    if masked_crc32c(content + trailer[:1]) != checksum:
        raise ValueError(f"a wrong checksum of the block at byte {offset}")
    if compression:
        raise ValueError(f"a compressed block at byte {offset}")
    (restarts,) = struct.unpack("<I", content[-4:])
    # Restart points serve searching; whoever reads all entries in order needs none.
    end = size - 4 - 4 * restarts
    stream = BytesIO(content[:end])
    key = b""
    while stream.tell() < end:
        shared, added, length = (_varint(stream) for _ in range(3))
        key = key[:shared] + stream.read(added)
        yield key, stream.read(length)


def _handle(stream: BytesIO) -> tuple[int, int]:
    """Offset and size of a block."""
    return _varint(stream), _varint(stream)


def _entry(message: bytes) -> _Entry:
    """A `BundleEntryProto`."""
    fields = _fields(message)
    dimensions = _fields(_last(fields, 2, b"")).get(2, [])
    return _Entry(
        dtype=_last(fields, 1),
        shape=tuple(_last(_fields(dimension), 1) for dimension in dimensions),
        shard=_last(fields, 3),
        offset=_last(fields, 4),
        size=_last(fields, 5),
        checksum=_last(fields, 6),
    )


def _fields(message: bytes) -> dict[int, list[Any]]:
    """All values of each field of a protocol buffer, by the field's number."""
    fields: dict[int, list[Any]] = {}
    stream = BytesIO(message)
    while stream.tell() < len(message):
        number, wire_type = divmod(_varint(stream), 8)
        if wire_type == _VARINT:
            value: int | bytes = _varint(stream)
        elif wire_type == _BYTES:
            value = stream.read(_varint(stream))
        elif layout := _FIXED.get(wire_type):
            (value,) = struct.unpack(layout, stream.read(struct.calcsize(layout)))
        else:
            raise ValueError(f"a field of wire type {wire_type}")
        fields.setdefault(number, []).append(value)
    return fields


def _last(fields: dict[int, list[Any]], number: int, default: int | bytes = 0) -> Any:
    """A field's value; one at its default is not written."""
    return fields.get(number, [default])[-1]


def _varint(stream: BytesIO) -> int:
    """An integer in groups of 7 bits, least significant first; the top bit says that more come."""
    value = shift = 0
    while True:
        byte = stream.read(1)
        if not byte:
            raise ValueError("an integer without end")
        value |= (byte[0] & 0x7F) << shift
        if byte[0] < 0x80:
            return value
        shift += 7
