"""A writer of TensorFlow checkpoints, just enough for the tests of the reader."""

import struct
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from wespe.networks.tensorflow_bundle import masked_crc32c


def write_bundle(
    prefix: Path,
    variables: Mapping[str, NDArray[np.generic]],
    *,
    shards: int = 1,
    block_entries: int = 100,
    header: bytes | None = None,
) -> None:
    """Write `PREFIX.index`, `block_entries` names a block, and the shards, in turn a variable each.

    Only float32 and, for what the reader refuses, int32 are given their data type.
    """
    entries = {b"": b"\x08" + varint(shards) if header is None else header}
    contents = [b""] * shards
    for number, (name, value) in enumerate(sorted(variables.items())):
        shard, data = number % shards, value.tobytes()
        dimensions = (b"\x08" + varint(length) for length in value.shape)
        shape = b"".join(b"\x12" + sized(dimension) for dimension in dimensions)
        entries[name.encode()] = b"".join(
            (
                b"\x08" + varint({"float32": 1, "int32": 3}[value.dtype.name]),
                b"\x12" + sized(shape),
                b"\x18" + varint(shard),
                b"\x20" + varint(len(contents[shard])),
                b"\x28" + varint(len(data)),
                b"\x35" + struct.pack("<I", masked_crc32c(data)),
            )
        )
        contents[shard] += data
    Path(f"{prefix}.index").write_bytes(table(entries, block_entries))
    for shard, content in enumerate(contents):
        Path(f"{prefix}.data-{shard:05d}-of-{shards:05d}").write_bytes(content)


def table(entries: Mapping[bytes, bytes], block_entries: int) -> bytes:
    """A LevelDB table: data blocks, an empty meta block, the index of blocks, and the footer."""
    names, written, index = list(entries), b"", {}
    for first in range(0, len(names), block_entries):
        chosen = names[first : first + block_entries]
        content = block({name: entries[name] for name in chosen})
        index[chosen[-1]] = varint(len(written)) + varint(len(content) - 5)
        written += content
    handles = b""
    for content in (block({}), block(index)):
        handles += varint(len(written)) + varint(len(content) - 5)
        written += content
    return written + handles.ljust(40, b"\0") + (0xDB4775248B80FB57).to_bytes(8, "little")


def block(entries: Mapping[bytes, bytes], *, compression: int = 0) -> bytes:
    """Keys without the beginning they share with the one before, one restart point, a trailer."""
    content, before = b"", b""
    for key, value in entries.items():
        pairs = zip(before, key, strict=False)
        shared = next((i for i, (a, b) in enumerate(pairs) if a != b), min(len(before), len(key)))
        content += varint(shared) + varint(len(key) - shared) + varint(len(value))
        content += key[shared:] + value
        before = key
    content += struct.pack("<IIB", 0, 1, compression)
    return content + struct.pack("<I", masked_crc32c(content))


def sized(message: bytes) -> bytes:
    """A message inside another one: its length goes first."""
    return varint(len(message)) + message


def varint(value: int) -> bytes:
    """Groups of 7 bits, least significant first, the top bit set in all but the last."""
    if value < 0x80:
        return bytes([value])
    return bytes([value & 0x7F | 0x80]) + varint(value >> 7)
