import os
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import torch
from PIL import ExifTags, Image

from tests.strangers import Attending, made
from wespe.networks.checkpoints import save_generator
from wespe.networks.generator import Generator
from wespe.networks.inference import ledger, photo, tiles
from wespe.networks.inference.photo import Summary
from wespe.networks.inference.plan import Plan, plan
from wespe.networks.inference.tiled import PhotoEnhancer
from wespe.photos.images import Pixels, read_photo, write_photo


@pytest.fixture
def enhancer() -> PhotoEnhancer:
    torch.manual_seed(0)
    network = Generator(width=4, blocks=1, norm="none", start="identity")
    torch.nn.init.normal_(network.tail.weight, std=0.1)
    return PhotoEnhancer(network)


def enhance_files(*arguments: Any, **options: Any) -> Summary:
    """The same, silent, its summary without how long it took and on what."""
    options.setdefault("report", lambda _: None)
    summary = photo.enhance_files(*arguments, **options)
    assert (summary.megapixels > 0) == (summary.enhanced > 0)
    assert summary.engine == "torch-cpu-fp32"
    return replace(summary, megapixels=0, seconds=0, engine="")


def planned_outputs(inputs: list[Path], out: Path | None) -> dict[Path, Path]:
    planned = plan(inputs, out=out)
    assert planned.failed == ()
    return planned.outputs


def save(path: Path, seed: int = 0) -> Pixels:
    pixels = np.random.default_rng(seed).integers(0, 256, (20, 30, 3), dtype=np.uint8)
    write_photo(path, pixels)
    return pixels


def files(folder: Path) -> set[str]:
    """All below a folder but the ledgers of results."""
    found = {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}
    return {name for name in found if not name.endswith(ledger.NAME)}


def test_result_lies_beside_the_photo(tmp_path: Path, enhancer: PhotoEnhancer) -> None:
    pixels = save(tmp_path / "lake.png")
    lines: list[str] = []
    summary = enhance_files(
        [tmp_path / "lake.png"], enhancer=enhancer, strength=0.5, report=lines.append
    )
    assert summary == Summary(enhanced=1, skipped=0, failed=())
    assert files(tmp_path) == {"lake.png", "lake_enhanced.png"}
    got = read_photo(tmp_path / "lake_enhanced.png").pixels
    np.testing.assert_array_equal(got, enhancer.enhance(pixels, strength=0.5))
    assert (got != pixels).any()
    assert len(lines) == 1
    assert lines[0].startswith(f"1/1 {tmp_path / 'lake.png'} → {tmp_path / 'lake_enhanced.png'} (")
    assert lines[0].endswith(" MP/s)")


def test_folder_keeps_its_shape_in_out(tmp_path: Path, enhancer: PhotoEnhancer) -> None:
    for name in ("a.jpg", "trip/B.JPG", "trip/alps/c.webp", "trip/.hidden.jpg", ".trash/d.jpg"):
        save(tmp_path / "in" / name)
    (tmp_path / "in" / "notes.txt").write_text("no photo")
    out = tmp_path / "out"
    summary = enhance_files([tmp_path / "in"], enhancer=enhancer, out=out)
    assert summary == Summary(enhanced=3, skipped=0, failed=(), passed_over=1)
    assert files(out) == {"a.jpg", "trip/B.JPG", "trip/alps/c.webp"}


@pytest.mark.slow
@pytest.mark.parametrize("out", [None, "photos/enhanced"])
def test_second_run_has_nothing_to_do(
    tmp_path: Path, enhancer: PhotoEnhancer, out: str | None
) -> None:
    photos = tmp_path / "photos"
    save(photos / "a.png")
    save(photos / "b.png", seed=1)

    def run(overwrite: bool = False) -> Summary:
        return enhance_files(
            [photos],
            enhancer=enhancer,
            out=tmp_path / out if out else None,
            overwrite=overwrite,
        )

    assert run() == Summary(enhanced=2, skipped=0, failed=())
    assert run() == Summary(enhanced=0, skipped=2, failed=())
    os.utime(photos / "a.png", (2e9, 2e9))  # Its content is what counts.
    assert run() == Summary(enhanced=0, skipped=2, failed=())
    save(photos / "a.png", seed=2)
    assert run() == Summary(enhanced=1, skipped=1, failed=())
    assert run() == Summary(enhanced=0, skipped=2, failed=())
    assert run(overwrite=True) == Summary(enhanced=2, skipped=0, failed=())


def test_bad_photos_are_named_and_the_rest_goes_on(tmp_path: Path, enhancer: PhotoEnhancer) -> None:
    save(tmp_path / "good.jpg")
    (tmp_path / "bad.jpg").write_text("no photo")
    lines: list[str] = []
    summary = enhance_files(
        [tmp_path / "bad.jpg", tmp_path / "none.jpg", tmp_path / "good.jpg"],
        enhancer=enhancer,
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


def test_failure_to_write_is_a_failure_of_that_photo(
    tmp_path: Path, enhancer: PhotoEnhancer
) -> None:
    save(tmp_path / "a.jpg")
    (tmp_path / "a_enhanced.jpg").mkdir()
    os.utime(tmp_path / "a.jpg", (2e9, 2e9))
    summary = enhance_files([tmp_path / "a.jpg"], enhancer=enhancer)
    [(path, reason)] = summary.failed
    assert path == tmp_path / "a.jpg"
    assert reason == f"{tmp_path / 'a_enhanced.jpg'}: Is a directory"
    assert files(tmp_path) == {"a.jpg"}


def test_a_photo_that_goes_meanwhile_does_not_stop_the_rest(
    tmp_path: Path, enhancer: PhotoEnhancer, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("a.jpg", "b.jpg"):
        save(tmp_path / name)
    enhance = enhancer.enhance

    def remove(pixels: Any, **options: Any) -> Any:
        (tmp_path / "a.jpg").unlink(missing_ok=True)
        return enhance(pixels, **options)

    monkeypatch.setattr(enhancer, "enhance", remove)
    summary = enhance_files([tmp_path / "a.jpg", tmp_path / "b.jpg"], enhancer=enhancer)
    assert summary == Summary(enhanced=2, skipped=0, failed=())


@pytest.mark.parametrize(
    ("error", "told"),
    [(RuntimeError("CUDA out of memory"), "CUDA out of memory"), (MemoryError(), "out of memory")],
)
def test_a_photo_too_large_for_the_machine_does_not_stop_the_rest(
    tmp_path: Path,
    enhancer: PhotoEnhancer,
    monkeypatch: pytest.MonkeyPatch,
    error: Exception,
    told: str,
) -> None:
    for name in ("a.jpg", "b.jpg"):
        save(tmp_path / name)

    enhance = enhancer.enhance
    seen: list[Any] = []

    def full_at_first(pixels: Any, **options: Any) -> Any:
        seen.append(pixels)
        if len(seen) == 1:
            raise error
        return enhance(pixels, **options)

    monkeypatch.setattr(enhancer, "enhance", full_at_first)
    summary = enhance_files([tmp_path / "a.jpg", tmp_path / "b.jpg"], enhancer=enhancer)
    assert summary == Summary(enhanced=1, skipped=0, failed=((tmp_path / "a.jpg", told),))


@pytest.mark.parametrize("out", ["photos", "photos/../photos"])
def test_original_is_never_replaced(tmp_path: Path, enhancer: PhotoEnhancer, out: str) -> None:
    save(tmp_path / "photos" / "a.jpg")
    before = (tmp_path / "photos" / "a.jpg").read_bytes()
    for given in (tmp_path / "photos", tmp_path / "photos" / "a.jpg"):
        with pytest.raises(ValueError, match=r"a\.jpg: its result would replace the original"):
            enhance_files([given], enhancer=enhancer, out=tmp_path / out, overwrite=True)
    assert (tmp_path / "photos" / "a.jpg").read_bytes() == before


def test_two_photos_for_one_file_are_refused(tmp_path: Path) -> None:
    with pytest.raises(
        ValueError, match=r"y/a\.jpg and .*x/a\.jpg would both be written to .*out/a\.jpg"
    ):
        planned_outputs([tmp_path / "x/a.jpg", tmp_path / "y/a.jpg"], tmp_path / "out")


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
        tmp_path / "b.heic": tmp_path / "out" / "b.heic"
    }


def test_folder_and_pattern_without_photos_are_failures(
    tmp_path: Path, enhancer: PhotoEnhancer
) -> None:
    (tmp_path / "empty").mkdir()
    save(tmp_path / "a.png")
    given = [tmp_path / "empty", tmp_path / "*.jpg", tmp_path / "a.png"]
    lines: list[str] = []
    summary = enhance_files(given, enhancer=enhancer, report=lines.append)
    (folder, why), (pattern, no_match) = summary.failed
    assert (folder, pattern) == (tmp_path / "empty", tmp_path / "*.jpg")
    assert why.startswith("expected photos (.avif, .bmp, .heic, ")
    assert no_match == "no file matches this pattern"
    assert summary.enhanced == 1
    assert [line.partition(":")[0] for line in lines[:2]] == [str(folder), str(pattern)]


def test_a_pattern_for_any_depth_takes_each_file_once_whatever_links_lead_to_it(
    tmp_path: Path,
) -> None:
    """A glob of Python's goes round in circles of links, by which it may never end."""
    (tmp_path / "q" / "s").mkdir(parents=True)
    (tmp_path / "other").mkdir()
    for name in ("q/1.jpg", "q/s/2.jpg", "other/3.jpg"):
        (tmp_path / name).touch()
    for link, to in (("q/up", "../q"), ("q/s/loop", "../../q"), ("q/l1", "../other")):
        (tmp_path / link).symlink_to(to)
    (tmp_path / "q" / "l2").symlink_to("../other")
    for pattern in ("q/**/*.jpg", "q/**"):
        found = plan([tmp_path / pattern], out=tmp_path / "out")
        names = {str(path.relative_to(tmp_path)) for path in found.outputs}
        assert names == {"q/1.jpg", "q/s/2.jpg", "q/l1/3.jpg"}
    for name in ("gone.jpg", "gone", "gone.txt"):
        (tmp_path / "q" / name).symlink_to("nowhere")
    gone = (tmp_path / "q" / "gone.jpg", "No such file or directory")
    assert plan([tmp_path / "q/**/*.jpg"], out=tmp_path / "out").failed == (gone,)
    # In a folder, one without a suffix may have been an album; texts are no matter there either.
    found = plan([tmp_path / "q"], out=tmp_path / "out")
    assert {*found.failed} == {gone, (tmp_path / "q" / "gone", gone[1])}
    assert found.passed_over == 1
    missing = plan([tmp_path / "no/**/*.jpg"], out=tmp_path / "out")
    assert missing.failed == ((tmp_path / "no/**/*.jpg", "no file matches this pattern"),)


def test_a_folder_that_may_not_be_looked_into_stops_no_other_photo(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shut, good = tmp_path / "shut" / "a.jpg", tmp_path / "b.jpg"
    write_photo(good, np.zeros((40, 30, 3), np.uint8))
    stat = os.stat

    def refusing(path: Any, *args: Any, **options: Any) -> os.stat_result:
        if not isinstance(path, int) and os.fspath(path) == str(shut):
            raise PermissionError(13, "Permission denied", str(shut))
        return stat(path, *args, **options)

    # Root, as whom tests may run, may look into any folder.
    monkeypatch.setattr(os, "stat", refusing)
    planned = plan([shut, good], out=tmp_path / "out")
    assert {*planned.outputs} == {shut, good}
    assert photo.nothing_usable([shut, good], out=tmp_path / "out") is None
    summary = photo.nothing_usable([shut], out=tmp_path / "out")
    assert summary is not None
    assert summary.failed == ((shut, "Permission denied"),)


def test_patterns_are_taken_as_a_shell_would(tmp_path: Path) -> None:
    for name in ("a.jpg", "b.jpg", "c.png", "trip/d.jpg", "[x].jpg"):
        save(tmp_path / name)

    def found(pattern: str) -> set[str]:
        outputs = plan([tmp_path / pattern], out=tmp_path / "out").outputs
        return {str(path.relative_to(tmp_path)) for path in outputs}

    assert found("[ab].*") == {"a.jpg", "b.jpg"}
    assert found("**/*.jpg") == {"a.jpg", "b.jpg", "[x].jpg", "trip/d.jpg"}
    assert found("tri?") == found("**/tri?") == {"trip/d.jpg"}
    # A file of that very name goes before the pattern.
    assert found("[x].jpg") == {"[x].jpg"}


def test_in_place_replaces_only_when_asked(tmp_path: Path, enhancer: PhotoEnhancer) -> None:
    pixels = save(tmp_path / "a.png")
    summary = enhance_files([tmp_path], enhancer=enhancer, in_place=True)
    assert summary == Summary(enhanced=1, skipped=0, failed=())
    assert files(tmp_path) == {"a.png"}
    got = read_photo(tmp_path / "a.png").pixels
    np.testing.assert_array_equal(got, enhancer.enhance(pixels))
    with pytest.raises(ValueError, match="a folder for the results or originals to replace"):
        plan([tmp_path], out=tmp_path / "out", in_place=True)
    assert plan([tmp_path], in_place=True) == Plan({tmp_path / "a.png": tmp_path / "a.png"})


def test_summary_in_words() -> None:
    failed = ((Path("a.jpg"), "empty file"),)
    assert str(Summary(2, 1, failed, 3, 24.0, 12.0, "an engine")) == (
        "failed: a.jpg: empty file\n"
        "2 enhanced, 1 already done, 1 failed, 3 other files ignored; "
        "24.0 MP in 12.0 s, 2.00 MP/s, an engine"
    )
    assert str(Summary(0, 1, ())) == "0 enhanced, 1 already done, 0 failed"


def test_exif_and_orientation_are_kept(tmp_path: Path, enhancer: PhotoEnhancer) -> None:
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = 6
    exif.get_ifd(ExifTags.IFD.GPSInfo).update({1: "N", 2: (47.0, 22.0, 30.5)})
    Image.new("RGB", (30, 20)).save(tmp_path / "a.jpg", exif=exif)
    enhance_files([tmp_path / "a.jpg"], enhancer=enhancer)
    with Image.open(tmp_path / "a_enhanced.jpg") as image:
        assert image.size == (30, 20)
        assert image.getexif()[ExifTags.Base.Orientation] == 6
        assert image.getexif().get_ifd(ExifTags.IFD.GPSInfo)[2] == (47.0, 22.0, 30.5)


def test_quality_reaches_the_encoder(tmp_path: Path, enhancer: PhotoEnhancer) -> None:
    save(tmp_path / "a.jpg")
    sizes = []
    for quality in (20, 95):
        enhance_files([tmp_path / "a.jpg"], enhancer=enhancer, overwrite=True, quality=quality)
        sizes.append((tmp_path / "a_enhanced.jpg").stat().st_size)
    assert sizes[0] < sizes[1]


def test_16_bits_are_enhanced_as_such(tmp_path: Path, enhancer: PhotoEnhancer) -> None:
    deep = np.random.default_rng(0).integers(0, 65536, (20, 30, 3), dtype=np.uint16)
    assert cv2.imwrite(str(tmp_path / "a.png"), deep[..., ::-1])
    enhance_files([tmp_path / "a.png"], enhancer=enhancer)
    written = cv2.imread(str(tmp_path / "a_enhanced.png"), cv2.IMREAD_UNCHANGED)
    assert written is not None
    got = written[..., ::-1]
    expected = enhancer.enhance(deep)
    np.testing.assert_array_equal(got, expected)
    assert len(np.unique(expected)) > 1000


def test_stopped_run_leaves_whole_files_only(
    tmp_path: Path, enhancer: PhotoEnhancer, monkeypatch: pytest.MonkeyPatch
) -> None:
    save(tmp_path / "a.png")
    save(tmp_path / "b.png")
    real_write = Path.write_bytes
    written: list[Path] = []

    def stopped_write(path: Path, content: bytes) -> int:
        written.append(path)
        if len(written) == 2:
            real_write(path, content[:50])
            raise KeyboardInterrupt
        return real_write(path, content)

    monkeypatch.setattr(Path, "write_bytes", stopped_write)
    with pytest.raises(KeyboardInterrupt):
        enhance_files([tmp_path], enhancer=enhancer)
    assert files(tmp_path) == {"a.png", "b.png", "a_enhanced.png"}


def test_wrong_strength_is_no_fault_of_the_photo(tmp_path: Path, enhancer: PhotoEnhancer) -> None:
    save(tmp_path / "a.png")
    with pytest.raises(ValueError, match="strength must be from 0 to 1, got 2"):
        enhance_files([tmp_path / "a.png"], enhancer=enhancer, strength=2)


def test_wrong_quality_is_no_fault_of_the_photo(tmp_path: Path, enhancer: PhotoEnhancer) -> None:
    save(tmp_path / "a.png")
    with pytest.raises(ValueError, match="quality must be from 1 to 100, got 0"):
        enhance_files([tmp_path / "a.png"], enhancer=enhancer, quality=0)


def test_the_same_name_from_another_card_is_named_and_lost_by_nobody(
    tmp_path: Path, enhancer: PhotoEnhancer
) -> None:
    cards = [tmp_path / name / "IMG_0001.png" for name in ("cardA", "cardB")]
    for seed, card in enumerate(cards):
        save(card, seed)
    first, second = (
        enhance_files([card], enhancer=enhancer, out=tmp_path / "out") for card in cards
    )
    assert first.enhanced == 1
    [(path, reason)] = second.failed
    assert path == cards[1]
    assert f"is the result of {cards[0]}; --overwrite replaces it" in reason


def test_another_strength_is_made_anew(tmp_path: Path, enhancer: PhotoEnhancer) -> None:
    save(tmp_path / "a.png")
    enhance_files([tmp_path / "a.png"], enhancer=enhancer)
    full = read_photo(tmp_path / "a_enhanced.png").pixels
    assert enhance_files([tmp_path / "a.png"], enhancer=enhancer, strength=0.5).enhanced == 1
    assert (read_photo(tmp_path / "a_enhanced.png").pixels != full).any()


def test_results_of_a_moved_or_copied_folder_are_up_to_date(
    tmp_path: Path, enhancer: PhotoEnhancer
) -> None:
    save(tmp_path / "first" / "a.png")
    out = Path("out")
    enhance_files([tmp_path / "first"], enhancer=enhancer, out=tmp_path / "first" / out)
    shutil.copytree(tmp_path / "first", tmp_path / "copy")  # Times stay.
    (tmp_path / "first").rename(tmp_path / "moved")
    for name in ("copy", "moved"):
        folder = tmp_path / name
        summary = enhance_files([folder], enhancer=enhancer, out=folder / out)
        assert (summary.enhanced, summary.skipped, summary.failed) == (0, 1, ())
        os.utime(folder / "a.png", (1, 1))  # As some copies leave it: the content counts.
        assert enhance_files([folder], enhancer=enhancer, out=folder / out).skipped == 1
        save(folder / "b.png", seed=1)
        assert enhance_files([folder], enhancer=enhancer, out=folder / out).enhanced == 1
    assert not (tmp_path / "first").exists()
    assert files(tmp_path / "copy") == files(tmp_path / "moved")


def test_a_folder_of_which_a_run_was_stopped_is_finished_in_place(
    tmp_path: Path, enhancer: PhotoEnhancer
) -> None:
    for seed, name in enumerate(("a.png", "b.png")):
        save(tmp_path / name, seed)
    enhance_files([tmp_path / "a.png"], enhancer=enhancer, in_place=True)
    once = read_photo(tmp_path / "a.png").pixels
    summary = enhance_files([tmp_path], enhancer=enhancer, in_place=True)
    assert summary == Summary(enhanced=1, skipped=1, failed=())
    assert np.array_equal(read_photo(tmp_path / "a.png").pixels, once)


def test_linked_albums_are_enhanced_and_what_cannot_be_read_is_named(
    tmp_path: Path, enhancer: PhotoEnhancer
) -> None:
    save(tmp_path / "elsewhere" / "a.png")
    save(tmp_path / "photos" / "b.png")
    (tmp_path / "photos" / "album").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "photos" / "circle.png").symlink_to(tmp_path / "photos" / "circle.png")
    summary = enhance_files([tmp_path / "photos"], enhancer=enhancer, out=tmp_path / "out")
    assert summary.enhanced == 2
    [(path, reason)] = summary.failed
    assert path == tmp_path / "photos" / "circle.png"
    assert reason == "Too many levels of symbolic links"
    assert files(tmp_path / "out") == {"b.png", "album/a.png"}


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs pipes with names")
@pytest.mark.parametrize("suffix", [".jpg", ".mp4"])
def test_a_pipe_does_not_hold_up_the_rest(
    tmp_path: Path, enhancer: PhotoEnhancer, suffix: str
) -> None:
    os.mkfifo(tmp_path / f"a{suffix}")
    save(tmp_path / "b.png")
    summary = enhance_files([tmp_path / f"a{suffix}", tmp_path / "b.png"], enhancer=enhancer)
    assert summary.enhanced == 1
    assert summary.failed == ((tmp_path / f"a{suffix}", "a pipe or a device, expected a file"),)


def test_a_folder_that_may_not_be_written_is_known_before_the_work(
    tmp_path: Path, enhancer: PhotoEnhancer, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*, dir: Path, **_: Any) -> None:
        raise PermissionError(13, "Permission denied", str(dir / ".unfinished.x1y2"))

    save(tmp_path / "a.png")
    # The superuser may write everywhere, so that modes of folders would be no test.
    monkeypatch.setattr("tempfile.mkstemp", refuse)
    monkeypatch.setattr(enhancer, "enhance", lambda *_, **__: pytest.fail("was computed"))
    summary = enhance_files([tmp_path / "a.png"], enhancer=enhancer, out=tmp_path / "out")
    out = tmp_path / "out"
    reason = f"{out / 'a.png'}: nothing can be written to the folder {out}: Permission denied"
    assert summary.failed == ((tmp_path / "a.png", reason),)


def test_names_that_a_terminal_would_obey_are_escaped(
    tmp_path: Path, enhancer: PhotoEnhancer
) -> None:
    name = "a\x1b[2Jb\nc.png"
    save(tmp_path / name)
    (tmp_path / "d\x1b[1m.png").write_bytes(b"no photo")
    lines: list[str] = []
    summary = enhance_files(
        [tmp_path], enhancer=enhancer, out=tmp_path / "out", report=lines.append
    )
    assert (tmp_path / "out" / name).exists()
    told = str(replace(summary, enhanced=0))
    for text in (*lines, told):
        assert "\x1b" not in text
    assert r"a\x1b[2Jb\nc.png" in lines[0]
    assert r"d\x1b[1m.png" in told


def test_results_within_the_source_are_no_photos_of_the_next_run(
    tmp_path: Path, enhancer: PhotoEnhancer
) -> None:
    save(tmp_path / "a.png")
    save(tmp_path / "album" / "b.png")
    for enhanced in (2, 0):
        summary = enhance_files([tmp_path], enhancer=enhancer, out=tmp_path / "results")
        assert summary == Summary(enhanced=enhanced, skipped=2 - enhanced, failed=())
    assert files(tmp_path / "results") == {"a.png", "album/b.png"}


def test_results_beside_the_photos_are_no_photos_of_the_next_run(
    tmp_path: Path, enhancer: PhotoEnhancer
) -> None:
    save(tmp_path / "a.png")
    for enhanced in (1, 0, 0):
        summary = enhance_files([tmp_path], enhancer=enhancer)
        assert summary == Summary(enhanced=enhanced, skipped=1 - enhanced, failed=())
    assert files(tmp_path) == {"a.png", "a_enhanced.png"}


def test_the_longest_name_is_written_and_a_longer_one_refused_before_the_work(
    tmp_path: Path, enhancer: PhotoEnhancer, monkeypatch: pytest.MonkeyPatch
) -> None:
    for length in (241, 250):
        save(tmp_path / "photos" / f"{'x' * (length - 4)}.png")
    done: list[Any] = []
    enhance = enhancer.enhance

    def watched(pixels: Any, **options: Any) -> Any:
        done.append(pixels)
        return enhance(pixels, **options)

    monkeypatch.setattr(enhancer, "enhance", watched)
    photos = tmp_path / "photos"
    summary = enhance_files([photos], enhancer=enhancer)
    assert (summary.enhanced, len(done)) == (1, 1)
    [(_, reason)] = summary.failed
    assert reason.endswith("File name too long")
    assert enhance_files([*photos.glob("x" * 246 + "*")], enhancer=enhancer, in_place=True).enhanced


def test_a_disk_that_knows_no_modes_is_no_failure(
    tmp_path: Path, enhancer: PhotoEnhancer, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(path: Path, mode: int) -> None:
        raise PermissionError(1, "Operation not permitted", str(path))

    save(tmp_path / "a.png")
    monkeypatch.setattr(Path, "chmod", refuse)
    assert enhance_files([tmp_path / "a.png"], enhancer=enhancer).enhanced == 1


@pytest.mark.slow
def test_names_that_are_no_text_do_not_stop_the_rest(tmp_path: Path) -> None:
    network = tmp_path / "network.safetensors"
    save_generator(network, Generator(width=4, blocks=1))
    odd = Path(os.fsdecode(os.fsencode(tmp_path) + b"/photos/caf\xe9 \xe2\x86\x92.png"))
    save(odd)
    save(tmp_path / "photos" / "plain.png")
    done = subprocess.run(
        [
            *(sys.executable, "-m", "wespe.cli", "enhance", tmp_path / "photos"),
            *("--model", network, "--out", tmp_path / "out"),
        ],
        env=os.environ | {"PYTHONIOENCODING": "latin-1", "PYTHONUTF8": "0"},
        capture_output=True,
    )
    assert done.returncode == 0, done.stderr
    assert b"2 enhanced" in done.stdout
    assert (tmp_path / "out" / odd.name).is_file()


def test_a_photo_too_large_for_a_network_without_tiles_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    save(tmp_path / "a.png")
    monkeypatch.setattr(tiles, "WHOLE_PX", 500)
    summary = enhance_files([tmp_path / "a.png"], enhancer=PhotoEnhancer(made(Attending())))
    [(path, reason)] = summary.failed
    assert path == tmp_path / "a.png"
    assert "Attending needs a whole photo at once (mean)" in reason
