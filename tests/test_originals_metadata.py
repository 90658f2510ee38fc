"""Nothing is lost of what a file says, and nothing stays that shows the picture as it was."""

import hashlib
import io
import re
import shutil
import struct
import subprocess
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile
from PIL import Image

from tests import heic
from wespe.photos.originals import read_original, write_like
from wespe.photos.originals.deep import deep_png
from wespe.photos.originals.png_like import png_chunk
from wespe.photos.renderings import (
    fresh_xmp,
    has_thumbnails,
    without_photoshop_thumbnails,
)

ASCII, SHORT, LONG, BYTES = 2, 3, 4, 7
JAPANESE = "写真".encode()
RESOURCE = b"8BIM\x04\x04\x00\x00" + struct.pack(">I", 5) + b"\x1c\x02\x05\x00\x01\x00"  # IPTC
THUMBNAIL = b"8BIM\x04\x0c\x00\x00" + struct.pack(">I", 4) + b"JPEG"
TEXTS = {
    269: (ASCII, b"Document\0"),
    270: (ASCII, "Straße in Zürich\0".encode()),
    285: (ASCII, b"Page 7\0"),
    305: (ASCII, b"Some program\0"),
    315: (ASCII, "© 2024 Jürgen Müller\0".encode("latin-1")),
    700: (1, b"<x:xmpmeta>stars</x:xmpmeta>"),
    33432: (ASCII, b"\xc2\xa9 2024 " + JAPANESE + b"\0"),
    33723: (LONG, bytes(range(40))),
    65000: (BYTES, b"\0\1\2\xff of a maker"),
}
EXIF = {
    36867: (ASCII, b"2018:06:18 09:00:00\0"),
    37510: (BYTES, b"UNICODE\0" + JAPANESE),
    42036: (ASCII, b"Lens " + JAPANESE + b"\0"),
}
GPS = {1: (ASCII, b"N\0\0\0"), 2: (5, struct.pack("<6I", 47, 1, 22, 1, 61, 2))}

Entries = Mapping[int, tuple[int, bytes]]


def directory(entries: Entries, start: int, order: str, below: Mapping[int, Entries]) -> bytes:
    """A TIFF directory at `start`, by hand: the writer under test is another."""
    numbers = sorted({*entries, *below})
    place = start + 6 + 12 * len(numbers)
    table, values = b"", b""
    sizes = {ASCII: 1, SHORT: 2, LONG: 4, BYTES: 1, 1: 1, 5: 8}
    for number in numbers:
        if number in below:
            value = directory(below[number], place + len(values), order, {})
            table += struct.pack(f"{order}HHII", number, LONG, 1, place + len(values))
            values += value + bytes(len(value) % 2)
            continue
        kind, value = entries[number]
        head = struct.pack(f"{order}HHI", number, kind, len(value) // sizes[kind])
        if len(value) <= 4:
            table += head + value.ljust(4, b"\0")
        else:
            table += head + struct.pack(f"{order}I", place + len(values))
            values += value + bytes(len(value) % 2)
    return struct.pack(f"{order}H", len(numbers)) + table + bytes(4) + values


def save_tiff(path: Path, extra: Entries, *, order: str = "<") -> None:
    body = np.linspace(0, 255, 9 * 12 * 3).astype(np.uint8).tobytes()
    layout = {256: 12, 257: 9, 259: 1, 262: 2, 273: 8, 277: 3, 278: 9, 279: len(body)}
    entries = {number: (LONG, struct.pack(f"{order}I", value)) for number, value in layout.items()}
    entries[258] = (SHORT, struct.pack(f"{order}3H", 8, 8, 8))
    below = {34665: EXIF, 34853: GPS if order == "<" else {1: GPS[1]}}
    mark = b"II*\0" if order == "<" else b"MM\0*"
    header = mark + struct.pack(f"{order}I", 8 + len(body))
    path.write_bytes(header + body + directory({**entries, **extra}, 8 + len(body), order, below))


def again(path: Path) -> Path:
    original, out = read_original(path), path.with_name(f"again{path.suffix}")
    write_like(out, original, original.upright() // 2 + 60)
    return out


def tags(path: Path) -> dict[int, Any]:
    """All tags of the first page, as tifffile reads them."""
    with tifffile.TiffFile(path) as file:
        page = file.pages[0]
        assert isinstance(page, tifffile.TiffPage)
        return {tag.code: tag.value for tag in page.tags}


@pytest.mark.parametrize("order", ["<", ">"])
def test_tiff_keeps_every_tag_but_those_of_its_layout(tmp_path: Path, order: str) -> None:
    path = tmp_path / "a.tif"
    save_tiff(path, TEXTS, order=order)
    before, after = tags(path), tags(again(path))
    layout = {256, 257, 258, 259, 262, 273, 277, 278, 279}
    assert {*before} - layout == {*TEXTS, 34665, 34853}
    assert {code: before[code] for code in {*before} - layout} == {
        code: after[code] for code in {*after} - layout
    }
    content = again(path).read_bytes()
    for _, value in [*TEXTS.values(), *EXIF.values()]:
        assert value in content


def test_what_is_written_is_kept_again(tmp_path: Path) -> None:
    save_tiff(tmp_path / "a.tif", TEXTS)
    first = again(tmp_path / "a.tif")
    second = tmp_path / "b.tif"
    second.write_bytes(first.read_bytes())
    assert tags(again(second)) == tags(second)


@pytest.mark.skipif(not shutil.which("exiftool"), reason="exiftool is not installed")
def test_exiftool_reads_the_same(tmp_path: Path) -> None:
    save_tiff(tmp_path / "a.tif", TEXTS)

    def said(path: Path) -> bytes:
        command = ["exiftool", "-a", "-G1", "-s", "-x", "System:all", "-x", "File:all", str(path)]
        listed = subprocess.run(command, check=True, capture_output=True).stdout
        return re.sub(rb".*(Strip|RowsPer|ExifTool).*\n", b"", listed)

    assert said(again(tmp_path / "a.tif")) == said(tmp_path / "a.tif")


def test_photoshops_layers_and_thumbnail_go_and_the_rest_of_its_block_stays(tmp_path: Path) -> None:
    photoshop = {34377: (BYTES, RESOURCE + THUMBNAIL), 37724: (BYTES, b"Adobe Photoshop layers")}
    save_tiff(tmp_path / "a.tif", photoshop)
    after = tags(again(tmp_path / "a.tif"))
    assert 37724 not in after
    content = again(tmp_path / "a.tif").read_bytes()
    assert RESOURCE in content
    assert THUMBNAIL not in content
    assert read_original(tmp_path / "a.tif").notes == (
        "without Photoshop's layers, which show the picture as it was",
        "without thumbnails of Photoshop and XMP, which show the picture as it was",
    )


def test_a_damaged_directory_costs_its_tags_and_not_the_photo(tmp_path: Path) -> None:
    save_tiff(tmp_path / "a.tif", TEXTS)
    content = bytearray((tmp_path / "a.tif").read_bytes())
    place = content.index(struct.pack("<HHI", 33723, LONG, 10))
    content[place + 8 : place + 12] = struct.pack("<I", 2**31)  # behind the end of the file
    (tmp_path / "a.tif").write_bytes(content)
    after = tags(again(tmp_path / "a.tif"))
    assert 33723 not in after
    assert after[305] == "Some program"


def test_damaged_resources_are_left_as_they_are() -> None:
    for damaged in (b"8BIM", RESOURCE[:-3], b"something else"):
        assert without_photoshop_thumbnails(damaged) == damaged
    assert without_photoshop_thumbnails(THUMBNAIL + RESOURCE) == RESOURCE


def segment(marker: int, payload: bytes) -> bytes:
    return bytes((0xFF, marker)) + (len(payload) + 2).to_bytes(2) + payload


def save_jpeg(path: Path, *segments: bytes, behind: bytes = b"") -> None:
    Image.fromarray(np.full((16, 24, 3), 90, np.uint8)).save(path)
    content = path.read_bytes()
    path.write_bytes(content[:2] + b"".join(segments) + content[2:] + behind)


XMP = b"http://ns.adobe.com/xap/1.0/\0"
ULTRA_HDR = b"""<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="#"><rdf:Description
 xmlns:hdrgm="http://ns.adobe.com/hdr-gain-map/1.0/" hdrgm:Version="1.0" xmp:Rating="4">
<Container:Directory><rdf:Seq>
<rdf:li rdf:parseType="Resource"><Container:Item Item:Semantic="Primary" Item:Length="0"/></rdf:li>
<rdf:li rdf:parseType="Resource"><Container:Item Item:Semantic="GainMap" Item:Mime="image/jpeg"
 Item:Length="66171"/></rdf:li>
<rdf:li rdf:parseType="Resource"><Container:Item Item:Length="99"
 Item:Semantic="MotionPhoto"/></rdf:li>
</rdf:Seq></Container:Directory></rdf:Description></rdf:RDF></x:xmpmeta>"""


THUMBNAILS = b"<xmp:Thumbnails><rdf:Alt><rdf:li>/9j/4AAQ</rdf:li></rdf:Alt></xmp:Thumbnails>"
PACKET = b"<x:xmpmeta>before " + THUMBNAILS + b"after</x:xmpmeta>"
FRESH = b"<x:xmpmeta>before after</x:xmpmeta>"
SAID = "without thumbnails of Photoshop and XMP, which show the picture as it was"


def test_the_thumbnails_of_a_jpeg_go_and_the_rest_stays(tmp_path: Path) -> None:
    packet = PACKET
    photoshop = b"Photoshop 3.0\0" + THUMBNAIL + RESOURCE
    save_jpeg(tmp_path / "a.jpg", segment(0xE1, XMP + packet), segment(0xED, photoshop))
    content = again(tmp_path / "a.jpg").read_bytes()
    assert segment(0xE1, XMP + b"<x:xmpmeta>before after</x:xmpmeta>") in content
    assert segment(0xED, b"Photoshop 3.0\0" + RESOURCE) in content
    assert read_original(tmp_path / "a.jpg").notes == (SAID,)
    assert read_original(again(tmp_path / "a.jpg")).notes == ()
    with Image.open(again(tmp_path / "a.jpg")) as image:
        image.load()


def continued(packet: bytes, name: bytes, piece: int) -> list[bytes]:
    """Segments with what continues a packet of XMP, the last piece first."""
    mark = b"http://ns.adobe.com/xmp/extension/\0" + name
    return [
        segment(0xE1, mark + struct.pack(">II", len(packet), start) + packet[start : start + piece])
        for start in reversed(range(0, len(packet), piece))
    ]


def test_thumbnails_go_where_xmp_continues_in_other_segments(tmp_path: Path) -> None:
    """Where they lie mostly, since a segment has 64 kB."""
    names = [hashlib.md5(packet).hexdigest().upper().encode() for packet in (PACKET, FRESH)]
    head = XMP + b'<x xmpNote:HasExtendedXMP="%s"/>'
    save_jpeg(tmp_path / "a.jpg", segment(0xE1, head % names[0]), *continued(PACKET, names[0], 40))
    assert read_original(tmp_path / "a.jpg").notes == (SAID,)
    content = again(tmp_path / "a.jpg").read_bytes()
    assert segment(0xE1, head % names[1]) + continued(FRESH, names[1], 99)[0] in content
    assert b"Thumbnails" not in content


def test_xmp_that_continues_without_thumbnails_stays_to_the_byte(tmp_path: Path) -> None:
    parts = [segment(0xE1, XMP + b"<x/>"), *continued(FRESH, b"A" * 32, 9)]
    save_jpeg(tmp_path / "a.jpg", *parts)
    assert b"".join(parts) in again(tmp_path / "a.jpg").read_bytes()
    assert read_original(tmp_path / "a.jpg").notes == ()


def test_thumbnails_in_the_xmp_of_other_formats_go_too(tmp_path: Path) -> None:
    image = Image.fromarray(np.full((16, 24, 3), 90, np.uint8))
    image.save(tmp_path / "a.webp", xmp=PACKET)
    image.save(tmp_path / "a.avif", xmp=PACKET)
    save_tiff(tmp_path / "a.tif", {700: (1, PACKET)})
    image.save(tmp_path / "a.png")
    content = (tmp_path / "a.png").read_bytes()
    for name, flags, text in (
        ("plain", b"\0\0", PACKET),
        ("packed", b"\1\0", zlib.compress(PACKET)),
    ):
        chunk = png_chunk(b"iTXt", b"XML:com.adobe.xmp\0" + flags + b"en\0\0" + text)
        (tmp_path / f"{name}.png").write_bytes(content[:33] + chunk + content[33:])
    for name in ("a.webp", "a.avif", "a.tif", "plain.png", "packed.png"):
        assert read_original(tmp_path / name).notes == (SAID,), name
        with Image.open(again(tmp_path / name)) as result:
            assert result.info["xmp"] == FRESH, name


def test_pictures_in_sub_directories_go_with_a_word(tmp_path: Path) -> None:
    pixels = np.full((16, 24, 3), 90, np.uint8)
    with tifffile.TiffWriter(tmp_path / "a.tif") as file:
        file.write(pixels, photometric="rgb", subifds=1)
        file.write(pixels[::2, ::2], photometric="rgb", subfiletype=1)
    assert read_original(tmp_path / "a.tif").notes == (
        "without the pictures in its sub-directories, which show the picture as it was",
    )
    assert 330 not in tags(again(tmp_path / "a.tif"))


def test_resources_that_go_on_in_another_segment_are_one(tmp_path: Path) -> None:
    whole = RESOURCE + THUMBNAIL
    parts = [segment(0xED, b"Photoshop 3.0\0" + part) for part in (whole[:20], whole[20:])]
    save_jpeg(tmp_path / "a.jpg", *parts)
    content = again(tmp_path / "a.jpg").read_bytes()
    assert segment(0xED, b"Photoshop 3.0\0" + RESOURCE) in content
    assert b"JPEG" not in content.replace(b"JFIF", b"")


def test_a_gain_map_that_is_not_there_is_announced_no_more_and_its_loss_is_said(
    tmp_path: Path,
) -> None:
    save_jpeg(tmp_path / "a.jpg", segment(0xE1, XMP + ULTRA_HDR))
    assert read_original(tmp_path / "a.jpg").notes == ("without its HDR gain map",)
    content = again(tmp_path / "a.jpg").read_bytes()
    assert b"GainMap" not in content
    assert b"hdrgm:Version" not in content
    for kept in (b'Semantic="Primary"', b'Semantic="MotionPhoto"', b'xmp:Rating="4"'):
        assert kept in content


@pytest.mark.parametrize("item", ['<a Item:Semantic="Depth"/>', "<Item:Semantic>Depth</x>"])
def test_a_depth_map_behind_the_picture_is_announced_no_more(tmp_path: Path, item: str) -> None:
    packet = f'<x><rdf:li>{item}</rdf:li><rdf:li><a Item:Semantic="Primary"/></rdf:li></x>'
    save_jpeg(tmp_path / "a.jpg", segment(0xE1, XMP + packet.encode()))
    assert read_original(tmp_path / "a.jpg").notes == ("without its depth map",)
    content = again(tmp_path / "a.jpg").read_bytes()
    assert b"Depth" not in content
    assert b"Primary" in content


@pytest.mark.parametrize(
    ("kind", "note"),
    [
        (heic.GAIN_MAP, "without its HDR gain map"),
        (heic.DEPTH, "without its depth map"),
        (heic.MATTE, "without its auxiliary pictures (portraiteffectsmatte)"),
    ],
)
def test_auxiliary_pictures_of_a_heic_are_said(tmp_path: Path, kind: str, note: str) -> None:
    (tmp_path / "a.heic").write_bytes(heic.heic_with(kind))
    assert read_original(tmp_path / "a.heic").notes == (note,)
    assert kind.encode() not in again(tmp_path / "a.heic").read_bytes()


def test_an_iso_gain_map_is_said_too(tmp_path: Path) -> None:
    save_jpeg(tmp_path / "a.jpg", segment(0xE2, b"urn:iso:std:iso:ts:21496:-1\0" + bytes(4)))
    assert "without its HDR gain map" in read_original(tmp_path / "a.jpg").notes[0]
    assert b"21496" not in again(tmp_path / "a.jpg").read_bytes()


def test_apples_words_for_a_gain_map_go_with_it() -> None:
    packet = (
        b'<d xmp:Rating="4" HDRGainMap:HDRGainMapVersion="131072" apdi:NativeFormat=\'1\'>'
        b"<apdi:AuxiliaryImageType>urn:com:apple:photo:2020:aux:hdrgainmap"
        b"</apdi:AuxiliaryImageType><HDRGainMap:HDRGainMapHeadroom/><kept/></d>"
    )
    assert fresh_xmp(packet) == b'<d xmp:Rating="4"><kept/></d>'
    assert fresh_xmp(packet, gain_map=True) == packet


@pytest.mark.parametrize(
    "packet",
    [
        b" " * 500_000,
        b"<hdrgm:a>" * 60_000,
        b"<hdrgm:a " * 60_000,
        b"<rdf:li " * 60_000,
        b"<xmp:Thumbnails>" * 30_000,
        b" hdrgm:a='" * 50_000 + b"x",
        b"<apdi:" + b"a" * 500_000,
    ],
    ids=["space", "endless", "no end of a tag", "items", "thumbnails", "quotes", "a long name"],
)
def test_a_long_packet_takes_no_longer_than_its_length(packet: bytes) -> None:
    # Before, the first of them took an hour; a limit of time is that of the tests.
    assert fresh_xmp(packet + b"<kept/>").endswith(b"<kept/>")
    assert not has_thumbnails(packet)


def test_a_packet_without_either_stays_to_the_byte() -> None:
    packet = b'<x:xmpmeta><rdf:li>keep</rdf:li> hdrgm is a word here <Item Semantic="GainMapper"/>'
    assert fresh_xmp(packet) == packet


def test_segments_of_makers_stay_and_credentials_go_with_a_word(tmp_path: Path) -> None:
    stream = io.BytesIO()
    Image.new("RGB", (32, 24), "teal").save(stream, "JPEG")
    makers = segment(0xE5, b"RMETA\0of a maker") + segment(0xEC, b"Ducky\0\1")
    signed = segment(0xEB, b"JP\0\1signature")
    path, result = tmp_path / "in.jpg", tmp_path / "out.jpg"
    path.write_bytes(b"\xff\xd8" + makers + signed + stream.getvalue()[2:])
    original = read_original(path)
    write_like(result, original, original.upright())
    assert original.notes == ("without its content credentials, which sign the picture as it was",)
    assert makers in result.read_bytes()
    assert b"signature" not in result.read_bytes()


CREDENTIALS = "without its content credentials, which sign the picture as it was"


def chunked(path: Path, *chunks: tuple[bytes, bytes]) -> Path:
    Image.new("RGB", (12, 10), "teal").save(path)
    content = path.read_bytes()
    path.write_bytes(content[:33] + b"".join(png_chunk(*chunk) for chunk in chunks) + content[33:])
    return path


def test_png_keeps_what_is_safe_to_copy_and_credentials_go_with_a_word(tmp_path: Path) -> None:
    kept = [(b"oFFs", bytes(9)), (b"sCAL", b"\0011\x002"), (b"prIv", b"of a program")]
    gone = [(b"caBX", b"signature"), (b"prVW", b"a preview"), (b"tRNS", bytes(6))]
    path = chunked(tmp_path / "a.png", *kept, *gone[:2])
    assert read_original(path).notes == (CREDENTIALS,)
    content = again(path).read_bytes()
    assert all(png_chunk(*chunk) in content for chunk in kept)
    assert not any(kind in content for kind, _ in gone)


def test_credentials_of_other_formats_go_with_a_word(tmp_path: Path) -> None:
    save_tiff(tmp_path / "a.tif", {52545: (BYTES, b"signature")})
    assert read_original(tmp_path / "a.tif").notes == (CREDENTIALS,)
    assert 52545 not in tags(again(tmp_path / "a.tif"))
    path = tmp_path / "a.webp"
    Image.new("RGB", (16, 12), "teal").save(path, exif=b"Exif\0\0II*\0\x08\0\0\0\0\0\0\0\0\0")
    content = path.read_bytes() + b"C2PA" + struct.pack("<I", 4) + b"sign"
    path.write_bytes(content[:4] + struct.pack("<I", len(content) - 8) + content[8:])
    assert read_original(path).notes == (CREDENTIALS,)
    assert b"C2PA" not in again(path).read_bytes()


@pytest.mark.parametrize(("levels", "stays"), [(256, True), (65536, False)])
def test_a_curve_stays_where_it_has_a_value_for_each_level(
    tmp_path: Path, levels: int, stays: bool
) -> None:
    curve = np.arange(levels).astype("<u2").tobytes()
    save_tiff(tmp_path / "a.tif", {301: (SHORT, curve)})
    assert (301 in tags(again(tmp_path / "a.tif"))) == stays


def test_of_an_animation_in_16_bits_the_first_picture_is_read(tmp_path: Path) -> None:
    """By what is no animation to other readers."""
    levels = np.arange(12 * 10 * 4, dtype=np.uint16).reshape(10, 12, 4) * 130
    still = deep_png(levels)
    control = (12).to_bytes(4) + (10).to_bytes(4) + bytes(8) + b"\0\1\0\1\0\0"
    head, picture = still[:33], still[33:-12]
    frame = zlib.compress(bytes(10 * (12 * 8 + 1)))
    moving = []
    for number in (0, 2):
        moving += [(b"fcTL", number.to_bytes(4) + control)]
        moving += [(b"fdAT", (number + 1).to_bytes(4) + frame)]
    content = head + png_chunk(b"acTL", (2).to_bytes(4) + bytes(4)) + picture
    content += b"".join(png_chunk(*chunk) for chunk in moving) + still[-12:]
    (tmp_path / "a.png").write_bytes(content)
    assert np.array_equal(read_original(tmp_path / "a.png").stored, levels[..., :3])


@pytest.mark.parametrize("kind", ["text", "profile"])
def test_a_png_with_megabytes_beside_its_picture_is_read(tmp_path: Path, kind: str) -> None:
    filling = np.random.default_rng(0).integers(32, 127, 3_000_000, dtype=np.uint8).tobytes()
    chunks = {"text": (b"zTXt", b"Comment\0\0"), "profile": (b"iCCP", b"large\0\0")}
    Image.new("RGB", (12, 10), "teal").save(tmp_path / "plain.png")
    content = (tmp_path / "plain.png").read_bytes()
    name, head = chunks[kind]
    extra = png_chunk(name, head + zlib.compress(filling))
    (tmp_path / "in.png").write_bytes(content[:33] + extra + content[33:])
    original = read_original(tmp_path / "in.png")
    write_like(tmp_path / "out.png", original, original.upright())
    assert extra in (tmp_path / "out.png").read_bytes()
