from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from tests.bundles import block, table, varint, write_bundle
from wespe.networks.tensorflow_bundle import TensorBundle, crc32c, masked_crc32c

GENERATOR = np.random.default_rng(0)
VARIABLES = {
    "net/W1": GENERATOR.normal(size=(3, 3, 2, 5)).astype(np.float32),
    "net/W10": GENERATOR.normal(size=(1, 300)).astype(np.float32),
    "net/W2": GENERATOR.normal(size=4).astype(np.float32),
    "net/b": np.array(7, np.float32),
    "scale": np.zeros((0, 3), np.float32),
}
SHARD = "net.ckpt-20.data-00000-of-00001"


@pytest.fixture
def prefix(tmp_path: Path) -> Path:
    """A checkpoint whose name has a dot of its own, as TensorFlow's have."""
    path = tmp_path / "net.ckpt-20"
    write_bundle(path, VARIABLES)
    return path


def index_of(prefix: Path) -> Path:
    return Path(f"{prefix}.index")


def shard_of(prefix: Path) -> Path:
    return prefix.with_name(SHARD)


def test_crc32c_of_known_data() -> None:
    # The check value of the algorithm, and two of RFC 3720, appendix B.4.
    assert crc32c(b"123456789") == 0xE3069283
    assert crc32c(bytes(32)) == 0x8A9136AA
    assert crc32c(bytes(range(32))) == 0x46DD794E


def test_mask_rotates_by_15_bits_and_adds() -> None:
    crc = crc32c(b"foo")
    bits = f"{crc:032b}"
    rotated = int(bits[-15:] + bits[:-15], 2)
    assert masked_crc32c(b"foo") == (rotated + 0xA282EAD8) % 2**32


@pytest.mark.parametrize("shards", [1, 3])
@pytest.mark.parametrize("block_entries", [1, 2, 100])
def test_reads_what_was_written(tmp_path: Path, shards: int, block_entries: int) -> None:
    write_bundle(tmp_path / "net", VARIABLES, shards=shards, block_entries=block_entries)
    bundle = TensorBundle(tmp_path / "net")
    assert bundle.shapes == {name: value.shape for name, value in VARIABLES.items()}
    for name, value in VARIABLES.items():
        np.testing.assert_array_equal(bundle.read(name), value, strict=True)


def test_prefix_and_index_name_the_same_checkpoint(prefix: Path) -> None:
    for path in (prefix, index_of(prefix)):
        np.testing.assert_array_equal(TensorBundle(path).read("net/W1"), VARIABLES["net/W1"])


def test_fields_it_does_not_know_are_passed_over(tmp_path: Path) -> None:
    fixed32, fixed64, message = b"\x7d" + bytes(4), b"\x79" + bytes(8), b"\x7a\x02ab"
    write_bundle(tmp_path / "net", VARIABLES, header=fixed32 + fixed64 + message + b"\x08\x01")
    np.testing.assert_array_equal(TensorBundle(tmp_path / "net").read("net/b"), 7)


def test_unknown_name(prefix: Path) -> None:
    with pytest.raises(KeyError, match="net/W3"):
        TensorBundle(prefix).read("net/W3")


def test_missing_index(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"net\.index: no such file; a checkpoint is PREFIX"):
        TensorBundle(tmp_path / "net")


def test_missing_shard(prefix: Path) -> None:
    shard_of(prefix).unlink()
    with pytest.raises(ValueError, match=f"{SHARD}: no such file; a checkpoint is PREFIX"):
        TensorBundle(prefix).read("net/W1")


@pytest.mark.parametrize(
    ("damage", "got"),
    [
        (lambda data: b"", "a truncated file or one of another kind"),
        (lambda data: b"\x89PNG" + bytes(100), "a truncated file or one of another kind"),
        (lambda data: data[:-1], "a truncated file or one of another kind"),
        (lambda data: data[100:], "a wrong checksum of the block|unpack requires"),
        (lambda data: data[-48:], "unpack requires"),
        (lambda data: data[:-48] + b"\xff" * 40 + data[-8:], "an integer without end"),
        (
            lambda data: data[:-48] + b"\0\0" + b"\xff" * 12 + b"\1" * 26 + data[-8:],
            "unpack requires",
        ),
    ],
)
def test_damaged_index(prefix: Path, damage: Callable[[bytes], bytes], got: str) -> None:
    path = index_of(prefix)
    path.write_bytes(damage(path.read_bytes()))
    expected = rf"20\.index: expected the index of a TensorFlow checkpoint, got ({got})"
    with pytest.raises(ValueError, match=expected):
        TensorBundle(prefix)


@pytest.mark.parametrize("position", [0, 60, 120, -60, -50])
def test_changed_byte_of_the_index(prefix: Path, position: int) -> None:
    """In the entries, in the index of blocks and in its checksum, all before a footer of 48."""
    data = bytearray(index_of(prefix).read_bytes())
    data[position] ^= 0x10
    index_of(prefix).write_bytes(data)
    with pytest.raises(ValueError, match=r"20\.index: .*got a wrong checksum of the block at byte"):
        TensorBundle(prefix)


@pytest.mark.parametrize(
    ("header", "message"),
    [
        (b"", "got a table without shards"),
        (b"\x08\x01\x10\x01", "expected little-endian tensors, got big-endian ones"),
        (b"\x0b", "got a field of wire type 3"),
        (b"\x7d\0", "unpack requires a buffer of 4 bytes"),
    ],
)
def test_unusable_header(tmp_path: Path, header: bytes, message: str) -> None:
    write_bundle(tmp_path / "net", VARIABLES, header=header)
    with pytest.raises(ValueError, match=rf"net\.index: .*{message}"):
        TensorBundle(tmp_path / "net")


def test_compressed_block(tmp_path: Path) -> None:
    content = block({b"": b"\x08\x01"}, compression=1)
    footer = varint(0) * 2 + varint(0) + varint(len(content) - 5)
    magic = table({}, 1)[-8:]
    (tmp_path / "net.index").write_bytes(content + footer.ljust(40, b"\0") + magic)
    with pytest.raises(ValueError, match=r"net\.index: .*got a compressed block at byte 0"):
        TensorBundle(tmp_path / "net")


def test_truncated_shard(prefix: Path) -> None:
    shard = shard_of(prefix)
    shard.write_bytes(shard.read_bytes()[:355])
    with pytest.raises(ValueError, match=rf"{SHARD}: net/W1: expected 360 bytes, got 355"):
        TensorBundle(prefix).read("net/W1")


def test_damaged_shard(prefix: Path) -> None:
    shard = shard_of(prefix)
    data = bytearray(shard.read_bytes())
    data[359] ^= 1
    shard.write_bytes(data)
    with pytest.raises(ValueError, match=f"{SHARD}: net/W1: wrong checksum"):
        TensorBundle(prefix).read("net/W1")
    np.testing.assert_array_equal(TensorBundle(prefix).read("net/W10"), VARIABLES["net/W10"])


def test_other_types_are_listed_but_not_read(tmp_path: Path) -> None:
    write_bundle(tmp_path / "net", {"step": np.array(5, np.int32), "b": np.ones(2, np.float32)})
    bundle = TensorBundle(tmp_path / "net")
    assert bundle.shapes == {"step": (), "b": (2,)}
    with pytest.raises(ValueError, match="step: expected float32, got data type 3"):
        bundle.read("step")


def test_variable_saved_in_slices(tmp_path: Path) -> None:
    write_bundle(tmp_path / "net", {})
    entry = b"\x08\x01\x12\x04\x12\x02\x08\x03"  # float32 of shape (3,), and no bytes
    (tmp_path / "net.index").write_bytes(table({b"": b"\x08\x01", b"w": entry}, 1))
    with pytest.raises(ValueError, match=r"w: expected \(3,\), got 0 bytes"):
        TensorBundle(tmp_path / "net").read("w")
