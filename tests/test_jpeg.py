"""The frame header of a JPEG, and the kinds that are refused by it, before any work."""

import io
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from wespe.photos.images import PhotoError, read_photo
from wespe.photos.jpeg import Frame, frame, picture_end, pictures_behind
from wespe.photos.jpeg_quality import quality_of
from wespe.photos.originals import read_original, write_like


def coded(marker: int, bits: int = 8) -> bytes:
    """A JPEG whose frame header says this, whatever follows."""
    stream = io.BytesIO()
    Image.new("RGB", (16, 16)).save(stream, "JPEG")
    content = bytearray(stream.getvalue())
    place = content.index(b"\xff\xc0")
    content[place + 1], content[place + 4] = marker, bits
    return bytes(content)


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (coded(0xC0), Frame(False, 8)),
        (coded(0xC1, 12), Frame(False, 12)),
        (coded(0xC2), Frame(False, 8)),
        (coded(0xC3, 16), Frame(True, 16)),
        (b"\xff\xd8\xff\xff\xff" + coded(0xC0)[3:], Frame(False, 8)),
        (coded(0xC0)[:40], None),
        (b"", None),
    ],
)
def test_what_the_header_says(content: bytes, expected: Frame | None) -> None:
    assert frame(content) == expected


@pytest.mark.parametrize("quality", [1, 30, 75, 95, 100])
@pytest.mark.parametrize("options", [{}, {"progressive": True}, {"subsampling": 0}])
def test_the_quality_is_that_of_the_tables(
    quality: int, options: dict[str, Any], tmp_path: Path
) -> None:
    path = tmp_path / "a.jpg"
    Image.new("RGB", (16, 16)).save(path, "JPEG", quality=quality, **options)
    assert quality_of(path) == quality


def test_the_quality_of_tables_of_16_bits_and_of_other_cameras(tmp_path: Path) -> None:
    path = tmp_path / "a.jpg"
    Image.new("RGB", (16, 16)).save(path, "JPEG", quality=60)
    content = path.read_bytes()
    start = content.index(b"\xff\xdb")
    wide = b"".join(bytes((0, step)) for step in content[start + 5 : start + 69])
    assert content[start + 2 : start + 4] == (67).to_bytes(2)  # one table a segment
    path.write_bytes(content[: start + 2] + b"\0\x83\x10" + wide + content[start + 69 :])
    assert quality_of(path) == 60
    own = bytes(min(255, step + step // 20) for step in content[start + 5 : start + 69])
    path.write_bytes(content[: start + 5] + own + content[start + 69 :])
    assert abs((quality_of(path) or 0) - 60) <= 3


@pytest.mark.parametrize("content", [b"", b"\xff\xd8", b"\x89PNG", coded(0xC0)[:40]])
def test_no_table_no_quality(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(content)
    assert quality_of(tmp_path / "a.jpg") is None


def test_pictures_behind_the_first_are_found_whole() -> None:
    first, second, third = (coded(0xC0, bits) for bits in (8, 8, 8))
    # A thumbnail within a segment is no picture behind.
    thumbnail = b"\xff\xe1" + (len(second) + 2).to_bytes(2) + second
    content = first[:2] + thumbnail + first[2:]
    assert picture_end(content) == len(content)
    assert [*pictures_behind(content)] == []
    assert [*pictures_behind(content + second + bytes(5) + third)] == [second, third]
    assert [*pictures_behind(content + second + third[:-1])] == [second]
    assert [*pictures_behind(content + b"no picture" + second)] == []
    assert [*pictures_behind(b"")] == []


def test_metadata_behind_what_is_no_segment_are_kept(tmp_path: Path) -> None:
    """As where a segment is longer than it states."""
    comment = b"\xff\xfe\0\x0ba comment"
    content = coded(0xC0)
    for between in (b"\0\1\2", b"no segment", b"\xff\xff", b"\xff\0\xff"):
        (tmp_path / "in.jpg").write_bytes(content[:20] + between + comment + content[20:])
        original = read_original(tmp_path / "in.jpg")
        write_like(tmp_path / "out.jpg", original, original.upright())
        assert comment in (tmp_path / "out.jpg").read_bytes()


def test_a_jpeg_without_loss_is_refused_before_the_work(tmp_path: Path) -> None:
    (tmp_path / "photo.jpg").write_bytes(coded(0xC3))
    with pytest.raises(PhotoError, match="a JPEG without loss, which is not written here"):
        read_original(tmp_path / "photo.jpg")


@pytest.mark.parametrize("read", [read_photo, read_original])
def test_12_bits_are_named(tmp_path: Path, read: object) -> None:
    (tmp_path / "photo.jpg").write_bytes(coded(0xC1, 12))
    with pytest.raises(PhotoError, match="a JPEG of 12 bits a channel"):
        read(tmp_path / "photo.jpg")  # type: ignore[operator]
