"""Photo files through a network that makes them larger."""

from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import ExifTags, Image, ImageCms
from torch import Tensor

from wespe.networks.enlarging.compact import Compact
from wespe.networks.generator import Generator
from wespe.networks.inference import enlarged
from wespe.networks.inference.backends import open_backend
from wespe.networks.inference.photo import Summary, enhance_files
from wespe.networks.inference.tiled import PhotoEnhancer
from wespe.photos.originals import read_original


@pytest.fixture(scope="module")
def enhancer() -> PhotoEnhancer:
    import torch

    torch.manual_seed(0)
    return PhotoEnhancer(Compact(scale=4, width=6, layers=1).eval())


def pixels(height: int, width: int, channels: int = 3) -> np.ndarray:
    """Smooth, so that JPEG leaves them as they are."""
    rows = np.linspace(40, 200, height)[:, None, None]
    columns = np.linspace(0, 40, width)[None, :, None]
    return (rows + columns + np.arange(channels) * 3).astype(np.uint8)


def run(path: Path, enhancer: PhotoEnhancer, **options: object) -> tuple[Path, Summary, list[str]]:
    lines: list[str] = []
    out = path.parent / "out"
    summary = enhance_files(
        [path],
        enhancer=enhancer,
        out=out,
        report=lines.append,
        quiet=True,
        **options,  # type: ignore[arg-type]
    )
    return out / path.name, summary, lines


@pytest.mark.parametrize("size", [(1, 2), (2, 1), (5, 7), (33, 20), (4, 2000)])
def test_photos_of_any_size_become_four_times_as_large(
    tmp_path: Path, enhancer: PhotoEnhancer, size: tuple[int, int]
) -> None:
    path = tmp_path / "a.png"
    Image.fromarray(pixels(*size)).save(path)
    out, _, (line,) = run(path, enhancer)
    expected = enhancer.enhance(pixels(*size))
    with Image.open(out) as image:
        np.testing.assert_array_equal(np.asarray(image), expected)
    assert expected.shape == (4 * size[0], 4 * size[1], 3)
    assert "(×4, " in line


def test_a_single_pixel_is_refused_by_name(tmp_path: Path, enhancer: PhotoEnhancer) -> None:
    Image.fromarray(pixels(1, 1)).save(tmp_path / "a.png")
    _, summary, _ = run(tmp_path / "a.png", enhancer)
    assert summary.failed == ((tmp_path / "a.png", "a single pixel, expected a photo"),)


def test_alpha_is_made_as_large(tmp_path: Path, enhancer: PhotoEnhancer) -> None:
    layers = pixels(12, 10, 4)
    layers[..., 3] = 0
    layers[:, 5:, 3] = 255
    Image.fromarray(layers).save(tmp_path / "a.png")
    out, *_ = run(tmp_path / "a.png", enhancer)
    with Image.open(out) as image:
        assert (image.mode, image.size) == ("RGBA", (40, 48))
        alpha = np.asarray(image)[..., 3]
    # The edge stays where it was, between columns 4 and 5.
    assert (alpha[:, :14] == 0).all()
    assert (alpha[:, 26:] == 255).all()
    np.testing.assert_array_equal(alpha[:, 19] < 128, True)
    np.testing.assert_array_equal(alpha[:, 20] > 127, True)


def test_sixteen_bits_stay(tmp_path: Path, enhancer: PhotoEnhancer) -> None:
    deep = (pixels(12, 10).astype(np.uint16) * 257) + 3
    cv2.imwrite(str(tmp_path / "a.png"), deep)
    out, *_ = run(tmp_path / "a.png", enhancer)
    original = read_original(out)
    assert original.stored.shape == (48, 40, 3)
    assert original.stored.dtype == np.uint16
    assert len(np.unique(original.stored)) > 256


@pytest.mark.parametrize("suffix", ["jpg", "png", "webp"])
def test_exif_states_the_new_size_and_no_thumbnail_and_the_profile_stays(
    tmp_path: Path, enhancer: PhotoEnhancer, suffix: str
) -> None:
    path = tmp_path / f"a.{suffix}"
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    exif = Image.Exif()
    exif[ExifTags.Base.Model] = "camera"
    exif[ExifTags.Base.Orientation] = 6
    exif.get_ifd(ExifTags.IFD.Exif).update({0xA002: 20, 0xA003: 12, 0x9286: b"a comment"})
    Image.fromarray(pixels(12, 20)).save(path, exif=exif.tobytes(), icc_profile=profile)
    out, *_ = run(path, enhancer)
    with Image.open(out) as image:
        assert image.size == (80, 48)  # as stored; people see it turned
        found = image.getexif()
        of_exif = found.get_ifd(ExifTags.IFD.Exif)
        assert (of_exif[0xA002], of_exif[0xA003]) == (80, 48)
        assert of_exif[0x9286] == b"a comment"
        assert (found[ExifTags.Base.Model], found[ExifTags.Base.Orientation]) == ("camera", 6)
        assert image.info["icc_profile"] == profile


@pytest.mark.parametrize("mode", ["L", "P", "CMYK"])
def test_other_modes_are_made_larger(tmp_path: Path, enhancer: PhotoEnhancer, mode: str) -> None:
    path = tmp_path / ("a.jpg" if mode == "CMYK" else "a.png")
    Image.fromarray(pixels(12, 20)).convert(mode).save(path)
    out, summary, _ = run(path, enhancer)
    assert not summary.failed
    with Image.open(out) as image:
        assert image.size == (80, 48)
        assert image.mode == ("L" if mode == "L" else "RGB")


def test_tiff_and_bmp_are_made_larger(tmp_path: Path, enhancer: PhotoEnhancer) -> None:
    for name in ("a.tif", "a.bmp"):
        Image.fromarray(pixels(12, 20)).save(tmp_path / name)
        out, summary, _ = run(tmp_path / name, enhancer)
        assert not summary.failed
        with Image.open(out) as image:
            assert image.size == (80, 48)


@pytest.mark.parametrize("scale", [1, 2, 2.5, 3, 4])
def test_a_smaller_factor_is_the_mean_of_what_each_pixel_covers(
    tmp_path: Path, enhancer: PhotoEnhancer, scale: float
) -> None:
    Image.fromarray(pixels(12, 20)).save(tmp_path / "a.png")
    out, _, (line,) = run(tmp_path / "a.png", enhancer, scale=scale)
    whole = 255 * enhancer.enhance(pixels(12, 20).astype(np.float32) / 255)
    with Image.open(out) as image:
        assert image.size == (20 * scale, 12 * scale)
        got = np.asarray(image).astype(float)
    if scale == 4:
        np.testing.assert_allclose(got, whole, atol=0.51)
    elif scale in (1, 2):
        blocks = whole.reshape(int(12 * scale), int(4 / scale), int(20 * scale), -1, 3)
        np.testing.assert_allclose(got, blocks.mean((1, 3)), atol=0.51)
    else:
        np.testing.assert_allclose(got.mean((0, 1)), whole.mean((0, 1)), atol=0.5)
    assert (f"×{scale:g} by area from ×4" in line) == (scale != 4)


def test_a_factor_that_the_network_does_not_reach_is_refused(
    tmp_path: Path, enhancer: PhotoEnhancer
) -> None:
    Image.fromarray(pixels(12, 20)).save(tmp_path / "a.png")
    for scale in (0.5, 5):
        with pytest.raises(ValueError, match=f"scale must be from 1 to 4, .* got {scale:g}"):
            run(tmp_path / "a.png", enhancer, scale=scale)
    same_size = PhotoEnhancer(Generator(width=4, blocks=1), open_backend("torch"))
    with pytest.raises(ValueError, match="scale 2: expected a network that makes photos larger"):
        run(tmp_path / "a.png", same_size, scale=2)


def test_another_factor_is_another_result(tmp_path: Path, enhancer: PhotoEnhancer) -> None:
    Image.fromarray(pixels(12, 20)).save(tmp_path / "a.png")
    run(tmp_path / "a.png", enhancer, scale=2)
    assert run(tmp_path / "a.png", enhancer, scale=2)[1].skipped == 1
    assert run(tmp_path / "a.png", enhancer, scale=3)[1].skipped == 0


def test_what_would_become_too_large_is_refused_before_it_is_read(
    tmp_path: Path, enhancer: PhotoEnhancer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(enlarged, "LARGEST_PX", 12 * 20 * 16 - 1)
    monkeypatch.setattr("wespe.networks.inference.work.read_original", None)
    Image.fromarray(pixels(12, 20)).save(tmp_path / "a.png")
    _, summary, _ = run(tmp_path / "a.png", enhancer)
    ((_, reason),) = summary.failed
    assert reason.startswith("expected at most 0.003839 megapixels once it is 4 times as wide")


@pytest.mark.parametrize(("suffix", "side"), [("webp", 4096), ("jpg", 16376)])
def test_a_side_that_the_format_does_not_hold_is_refused_before_it_is_read(
    tmp_path: Path, enhancer: PhotoEnhancer, monkeypatch: pytest.MonkeyPatch, suffix: str, side: int
) -> None:
    monkeypatch.setattr("wespe.networks.inference.work.read_original", None)
    Image.fromarray(pixels(2, side)).save(tmp_path / f"a.{suffix}")
    _, summary, _ = run(tmp_path / f"a.{suffix}", enhancer)
    ((_, reason),) = summary.failed
    assert reason.startswith("expected a side of at most ")
    assert reason.endswith(f"once it is 4 times as long, got {4 * side}")


def test_a_long_strip_is_made_larger(tmp_path: Path, enhancer: PhotoEnhancer) -> None:
    Image.fromarray(pixels(4, 20_000)).save(tmp_path / "a.png")
    out, summary, _ = run(tmp_path / "a.png", enhancer)
    assert not summary.failed
    with Image.open(out) as image:
        assert image.size == (80_000, 16)
        made = np.asarray(image)
    part = enhancer.enhance(pixels(4, 20_000)[:, :500])
    np.testing.assert_array_equal(made[:, :1900], part[:, :1900])


@pytest.mark.parametrize("suffix", ["png", "tif"])
def test_alpha_of_sixteen_bits_is_made_as_large(
    tmp_path: Path, enhancer: PhotoEnhancer, suffix: str
) -> None:
    deep = pixels(13, 11, 4).astype(np.uint16) * 257
    cv2.imwrite(str(tmp_path / f"a.{suffix}"), deep)
    out, summary, _ = run(tmp_path / f"a.{suffix}", enhancer, scale=3)
    assert not summary.failed
    original = read_original(out)
    assert original.alpha is not None
    assert (original.stored.shape, original.alpha.shape) == ((39, 33, 3), (39, 33, 1))
    assert original.alpha.dtype == np.uint16


def test_a_palette_with_transparency_keeps_it(tmp_path: Path, enhancer: PhotoEnhancer) -> None:
    layers = pixels(12, 10, 4)
    layers[..., 3] = np.where(np.arange(10) < 5, 0, 255)
    Image.fromarray(layers).quantize(16).save(tmp_path / "a.png")
    out, *_ = run(tmp_path / "a.png", enhancer)
    with Image.open(out) as image:
        assert (image.mode, image.size) == ("RGBA", (40, 48))
        assert not np.asarray(image)[:, :14, 3].any()


def test_a_network_of_one_channel_is_refused_by_name() -> None:
    class Grey(Compact):
        def finish(self, prepared: Tensor, convolved: Tensor, scene: Tensor) -> Tensor:
            return super().finish(prepared, convolved, scene)[:, :1]

    with pytest.raises(ValueError, match=r"Grey: expected an output of shape .* got \(1, 1,"):
        PhotoEnhancer(Grey(scale=2, width=4, layers=1))
