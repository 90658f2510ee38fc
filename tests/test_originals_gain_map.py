"""Gain maps of JPEG come along, and readers find them."""

import io
import shutil
import struct
import subprocess
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, MpoImagePlugin

from tests.test_originals_metadata import XMP, again, save_jpeg, segment
from wespe.photos.originals import read_original
from wespe.photos.originals.gain_map import gain_map

NAMESPACE = b'xmlns:hdrgm="http://ns.adobe.com/hdr-gain-map/1.0/"'
ANNOUNCED = (
    b"<x " + NAMESPACE + b' hdrgm:Version="1.0"><rdf:li><a Item:Semantic="Primary"/></rdf:li>'
    b'<rdf:li><a Item:Semantic="GainMap" Item:Length="%d"/></rdf:li></x>'
)
OF_GOOGLE = segment(0xE1, XMP + b"<x " + NAMESPACE + b' hdrgm:GainMapMax="2.3"/>')
OF_APPLE = segment(0xE1, XMP + b"<a>urn:com:apple:photo:2020:aux:hdrgainmap</a>")
OF_ISO = segment(0xE2, b"urn:iso:std:iso:ts:21496:-1\0" + bytes(60))
VIDEO = struct.pack(">I", 16) + b"ftypmp42" + bytes(4)


def a_map(states: bytes) -> bytes:
    stream = io.BytesIO()
    Image.fromarray(np.arange(96, dtype=np.uint8).reshape(8, 12)).save(stream, "JPEG")
    content = stream.getvalue()
    return content[:2] + states + content[2:]


def listed(content: bytes) -> list[bytes]:
    """The pictures that the list of a file names, by Pillow's reading of it."""
    start = content.index(b"MPF\0") + 4  # Places count from the list's own header.
    # Opened in the usual way, what has such a map is a plain JPEG to Pillow.
    with MpoImagePlugin.MpoImageFile(io.BytesIO(content)) as image:
        assert image.mpinfo is not None
        entries = image.mpinfo[0xB002]
        image.seek(1)
        assert image.size == (12, 8)
        image.load()
    places = [(entry["DataOffset"] and entry["DataOffset"] + start) for entry in entries]
    sizes = [entry["Size"] for entry in entries]
    return [content[place : place + size] for place, size in zip(places, sizes, strict=True)]


@pytest.mark.parametrize("states", [OF_GOOGLE, OF_APPLE, OF_ISO], ids=["Google", "Apple", "ISO"])
@pytest.mark.parametrize("behind", [b"", VIDEO], ids=["alone", "video"])
def test_a_gain_map_stays_behind_the_picture(tmp_path: Path, states: bytes, behind: bytes) -> None:
    boosting = a_map(states)
    announced = segment(0xE1, XMP + ANNOUNCED % len(boosting))
    primary = segment(0xE2, b"urn:iso:std:iso:ts:21496:-1\0" + bytes(4))
    save_jpeg(tmp_path / "a.jpg", announced, primary, behind=boosting + behind)
    assert read_original(tmp_path / "a.jpg").notes == ()
    result = again(tmp_path / "a.jpg")
    content = result.read_bytes()
    assert announced in content
    assert primary in content
    assert content.endswith(boosting + behind)
    picture, other = listed(content)
    assert other == boosting
    assert content == picture + other + behind
    assert read_original(result).notes == ()
    assert again(result).read_bytes().endswith(boosting + behind)


@pytest.mark.skipif(not shutil.which("exiftool"), reason="exiftool is not installed")
def test_exiftool_finds_it(tmp_path: Path) -> None:
    boosting = a_map(OF_GOOGLE)
    save_jpeg(tmp_path / "a.jpg", segment(0xE1, XMP + ANNOUNCED % len(boosting)), behind=boosting)
    command = ["exiftool", "-b", "-MPImage2", str(again(tmp_path / "a.jpg"))]
    assert subprocess.run(command, check=True, capture_output=True).stdout == boosting


def test_it_is_found_among_other_pictures_and_they_go_with_a_word(tmp_path: Path) -> None:
    boosting, other = a_map(OF_GOOGLE), a_map(b"")
    depth = b'<rdf:li><a Item:Semantic="Depth"/></rdf:li></x>'
    announced = (ANNOUNCED % len(boosting)).replace(b"</x>", depth)
    save_jpeg(
        tmp_path / "a.jpg", segment(0xE1, XMP + announced), behind=other + bytes(3) + boosting
    )
    content = (tmp_path / "a.jpg").read_bytes()
    assert gain_map(content) == boosting
    assert read_original(tmp_path / "a.jpg").notes == ("without its depth map",)
    result = again(tmp_path / "a.jpg").read_bytes()
    assert result.endswith(boosting)
    assert other not in result
    assert b"Depth" not in result


def test_one_that_is_cut_off_is_none(tmp_path: Path) -> None:
    boosting = a_map(OF_GOOGLE)[:-2]
    save_jpeg(tmp_path / "a.jpg", segment(0xE1, XMP + ANNOUNCED % 9), behind=boosting)
    assert read_original(tmp_path / "a.jpg").notes == ("without its HDR gain map",)
    assert boosting not in again(tmp_path / "a.jpg").read_bytes()


def test_one_of_a_heic_goes_with_a_word(tmp_path: Path) -> None:
    pytest.importorskip("pillow_heif").register_heif_opener()
    path = tmp_path / "a.heic"
    Image.new("RGB", (16, 16), "teal").save(path)
    assert read_original(path).notes == ()
    content = path.read_bytes()
    brands = int.from_bytes(content[:4])
    path.write_bytes(content[: brands - 4] + b"tmap" + content[brands:])
    assert read_original(path).notes == ("without its HDR gain map",)
