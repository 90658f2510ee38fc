import os
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import ExifTags, Image

from wespe.images import Pixels, read_photo, write_photo
from wespe.inference.photo import Summary, enhance_files, planned_outputs
from wespe.inference.tiled import enhance_pixels
from wespe.models.generator import Generator


@pytest.fixture
def generator() -> Generator:
    torch.manual_seed(0)
    network = Generator(width=4, blocks=1, norm="none", start="identity")
    torch.nn.init.normal_(network.tail.weight, std=0.1)
    return network


def save(path: Path, seed: int = 0) -> Pixels:
    pixels = np.random.default_rng(seed).integers(0, 256, (20, 30, 3), dtype=np.uint8)
    write_photo(path, pixels)
    return pixels


def files(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


def test_result_lies_beside_the_photo(tmp_path: Path, generator: Generator) -> None:
    pixels = save(tmp_path / "lake.png")
    lines: list[str] = []
    summary = enhance_files(
        [tmp_path / "lake.png"], generator=generator, strength=0.5, report=lines.append
    )
    assert summary == Summary(enhanced=1, skipped=0, failed=())
    assert files(tmp_path) == {"lake.png", "lake_enhanced.png"}
    got = read_photo(tmp_path / "lake_enhanced.png").pixels
    np.testing.assert_array_equal(got, enhance_pixels(generator, pixels, strength=0.5))
    assert (got != pixels).any()
    assert len(lines) == 1
    assert lines[0].startswith(f"1/1 {tmp_path / 'lake.png'} → {tmp_path / 'lake_enhanced.png'} (")
    assert lines[0].endswith(" MP/s)")


def test_folder_keeps_its_shape_in_out(tmp_path: Path, generator: Generator) -> None:
    for name in ("a.jpg", "trip/B.JPG", "trip/alps/c.webp", "trip/.hidden.jpg", ".trash/d.jpg"):
        save(tmp_path / "in" / name)
    (tmp_path / "in" / "notes.txt").write_text("no photo")
    out = tmp_path / "out"
    enhance_files([tmp_path / "in"], generator=generator, out=out, report=lambda _: None)
    assert files(out) == {"a.jpg", "trip/B.JPG", "trip/alps/c.webp"}


@pytest.mark.parametrize("out", [None, "photos/enhanced"])
def test_second_run_has_nothing_to_do(
    tmp_path: Path, generator: Generator, out: str | None
) -> None:
    photos = tmp_path / "photos"
    save(photos / "a.png")
    save(photos / "b.png", seed=1)

    def run(overwrite: bool = False) -> Summary:
        return enhance_files(
            [photos],
            generator=generator,
            out=tmp_path / out if out else None,
            overwrite=overwrite,
            report=lambda _: None,
        )

    assert run() == Summary(enhanced=2, skipped=0, failed=())
    assert run() == Summary(enhanced=0, skipped=2, failed=())
    os.utime(photos / "a.png", (2e9, 2e9))
    assert run() == Summary(enhanced=1, skipped=1, failed=())
    assert run(overwrite=True) == Summary(enhanced=2, skipped=0, failed=())


def test_bad_photos_are_named_and_the_rest_goes_on(tmp_path: Path, generator: Generator) -> None:
    save(tmp_path / "good.jpg")
    (tmp_path / "bad.jpg").write_text("no photo")
    lines: list[str] = []
    summary = enhance_files(
        [tmp_path / "bad.jpg", tmp_path / "none.jpg", tmp_path / "good.jpg"],
        generator=generator,
        report=lines.append,
    )
    assert summary == Summary(
        enhanced=1,
        skipped=0,
        failed=(
            (tmp_path / "bad.jpg", "not an image"),
            (tmp_path / "none.jpg", "no such file"),
        ),
    )
    assert lines[0] == f"1/3 {tmp_path / 'bad.jpg'}: failed, not an image"
    assert files(tmp_path) == {"good.jpg", "bad.jpg", "good_enhanced.jpg"}


def test_failure_to_write_is_a_failure_of_that_photo(tmp_path: Path, generator: Generator) -> None:
    save(tmp_path / "a.jpg")
    (tmp_path / "a_enhanced.jpg").mkdir()
    os.utime(tmp_path / "a.jpg", (2e9, 2e9))
    summary = enhance_files([tmp_path / "a.jpg"], generator=generator, report=lambda _: None)
    [(path, reason)] = summary.failed
    assert path == tmp_path / "a.jpg"
    assert "directory" in reason
    assert files(tmp_path) == {"a.jpg"}


@pytest.mark.parametrize("out", ["photos", "photos/../photos"])
def test_original_is_never_replaced(tmp_path: Path, generator: Generator, out: str) -> None:
    save(tmp_path / "photos" / "a.jpg")
    before = (tmp_path / "photos" / "a.jpg").read_bytes()
    for given in (tmp_path / "photos", tmp_path / "photos" / "a.jpg"):
        with pytest.raises(ValueError, match=r"a\.jpg: its result would replace the original"):
            enhance_files([given], generator=generator, out=tmp_path / out, overwrite=True)
    assert (tmp_path / "photos" / "a.jpg").read_bytes() == before


def test_two_photos_for_one_file_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"y/a\.jpg and .*x/a\.jpg would both go to .*out/a\.jpg"):
        planned_outputs([tmp_path / "x/a.jpg", tmp_path / "y/a.jpg"], tmp_path / "out")
    with pytest.raises(
        ValueError, match=r"a\.heic and .*a\.jpg would both go to .*a_enhanced\.jpg"
    ):
        planned_outputs([tmp_path / "a.jpg", tmp_path / "a.heic"], None)


def test_plan(tmp_path: Path) -> None:
    photo = tmp_path / "photos" / "a.jpg"
    save(photo)
    save(tmp_path / "photos" / "a_enhanced.jpg")
    beside = {photo: tmp_path / "photos" / "a_enhanced.jpg"}
    assert planned_outputs([tmp_path / "photos"], None) == beside
    # As a shell hands on photos/*.jpg.
    assert planned_outputs([photo, *beside.values()], None) == beside
    assert planned_outputs([photo, tmp_path / "photos", photo], None) == beside
    assert planned_outputs([tmp_path / "b.heic"], tmp_path / "out") == {
        tmp_path / "b.heic": tmp_path / "out" / "b.jpg"
    }


def test_folder_without_photos_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"no photos \(\.bmp, \.jpe?g"):
        planned_outputs([tmp_path], None)


def test_exif_is_kept_and_the_photo_upright(tmp_path: Path, generator: Generator) -> None:
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = 6
    exif.get_ifd(ExifTags.IFD.GPSInfo).update({1: "N", 2: (47.0, 22.0, 30.5)})
    Image.new("RGB", (30, 20)).save(tmp_path / "a.jpg", exif=exif)
    enhance_files([tmp_path / "a.jpg"], generator=generator, report=lambda _: None)
    with Image.open(tmp_path / "a_enhanced.jpg") as image:
        assert image.size == (20, 30)
        assert ExifTags.Base.Orientation not in image.getexif()
        assert image.getexif().get_ifd(ExifTags.IFD.GPSInfo)[2] == (47.0, 22.0, 30.5)


def test_quality_reaches_the_encoder(tmp_path: Path, generator: Generator) -> None:
    save(tmp_path / "a.jpg")
    sizes = []
    for quality in (20, 95):
        enhance_files(
            [tmp_path / "a.jpg"],
            generator=generator,
            overwrite=True,
            quality=quality,
            report=lambda _: None,
        )
        sizes.append((tmp_path / "a_enhanced.jpg").stat().st_size)
    assert sizes[0] < sizes[1]


def test_stopped_run_leaves_whole_files_only(
    tmp_path: Path, generator: Generator, monkeypatch: pytest.MonkeyPatch
) -> None:
    save(tmp_path / "a.png")
    save(tmp_path / "b.png")
    real_save = Image.Image.save

    def stopped_save(image: Image.Image, path: Path, **options: object) -> None:
        real_save(image, path, **options)
        if "b_enhanced" in path.name:
            path.write_bytes(path.read_bytes()[:50])
            raise KeyboardInterrupt

    monkeypatch.setattr(Image.Image, "save", stopped_save)
    with pytest.raises(KeyboardInterrupt):
        enhance_files([tmp_path], generator=generator, report=lambda _: None)
    assert files(tmp_path) == {"a.png", "b.png", "a_enhanced.png"}


def test_wrong_strength_is_no_fault_of_the_photo(tmp_path: Path, generator: Generator) -> None:
    save(tmp_path / "a.png")
    with pytest.raises(ValueError, match="strength must be from 0 to 1, got 2"):
        enhance_files([tmp_path / "a.png"], generator=generator, strength=2)
