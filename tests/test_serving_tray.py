"""Photos on the tray: their turn, their limits, and that nothing of them stays."""

import contextlib
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from wespe.apps.serving.photo import Photo, State, Wanted
from wespe.apps.serving.tray import Limits, Tray, TrayError
from wespe.photos.images import AnyPixels, read_photo


class Inverting:
    """A network that inverts, in two halves, and waits in between where it is told to."""

    engine = "a test"

    def __init__(self) -> None:
        self.go_on = threading.Event()
        self.go_on.set()
        self.failing = False

    def enhance(self, pixels: AnyPixels, *, advance: Callable[[int], None]) -> AnyPixels:
        if self.failing:
            raise RuntimeError("no memory")
        half = pixels[..., 0].size // 2
        advance(half)
        assert self.go_on.wait(10)
        advance(pixels[..., 0].size - half)
        return np.iinfo(pixels.dtype).max - pixels


@pytest.fixture(autouse=True)
def _place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))


@pytest.fixture
def network() -> Inverting:
    return Inverting()


@pytest.fixture
def tray(network: Inverting) -> Iterator[Tray]:
    tray = Tray(lambda _: network, Limits(photos=3, megapixels=0.01))
    yield tray
    network.go_on.set()
    tray.close()


def put(tray: Tray, name: str = "a.png", size: tuple[int, int] = (20, 10), **save: object) -> Photo:
    with tray.receiving() as upload:
        colour = np.full((*size[::-1], 3), 50, np.uint8)
        Image.fromarray(colour).save(upload, **{"format": "PNG", **save})  # type: ignore[arg-type]
        return tray.add(upload, name=name, wanted=Wanted("n"))


def receive(tray: Tray, content: bytes) -> Photo:
    with tray.receiving() as upload:
        upload.write_bytes(content)
        return tray.add(upload, name="x", wanted=Wanted("n"))


def reach(photo: Photo, state: State) -> None:
    deadline = time.monotonic() + 10
    while photo.state != state:
        assert time.monotonic() < deadline, photo
        time.sleep(0.005)


def test_a_photo_is_enhanced_and_blended(tray: Tray) -> None:
    photo = put(tray)
    reach(photo, "done")
    assert (photo.width, photo.height, photo.share) == (20, 10, 1.0)
    for which, level in (("original", 50), ("enhanced", 205)):
        assert np.abs(read_photo(photo.preview(which)).pixels.astype(int) - level).max() <= 1  # type: ignore[arg-type]
    for strength, level in ((0.0, 50), (0.2, 81), (1.0, 205)):
        with photo.result(strength) as path:
            assert (read_photo(path).pixels == level).all()
            assert path.suffix == ".png"
        assert not path.exists()


def test_the_result_has_the_format_that_was_sent_whatever_its_name(tray: Tray) -> None:
    exif = Image.Exif()
    exif[0x010F] = "Camera"
    photo = put(tray, "a.png", format="JPEG", exif=exif)
    reach(photo, "done")
    with photo.result(1.0) as path, Image.open(path) as image:
        assert (image.format, image.getexif()[0x010F]) == ("JPEG", "Camera")


def test_what_is_no_photo_or_too_large_is_not_kept(tray: Tray, tmp_path: Path) -> None:
    for content, problem in ((b"", "empty file"), (b"%PDF-1.4", "not an image")):
        with pytest.raises(TrayError, match=rf"^It cannot be used: {problem}\.$"):
            receive(tray, content)
    with pytest.raises(TrayError, match="It has 0 megapixels; this page accepts at most 0"):
        put(tray, size=(200, 100))
    [folder] = tmp_path.iterdir()
    assert [path.name for path in folder.iterdir()] == [".lock"]


def test_a_full_tray_takes_no_more_until_one_goes(tray: Tray) -> None:
    first, *_ = [put(tray) for _ in range(3)]
    with pytest.raises(TrayError, match="This page already has 3 photos"):
        put(tray)
    reach(first, "done")
    tray.remove(first)
    assert tray.get(first.key) is None
    assert not first.folder.exists()
    reach(put(tray), "done")


def test_a_photo_removed_at_work_leaves_nothing_and_the_next_gets_its_turn(
    tray: Tray, network: Inverting
) -> None:
    network.go_on.clear()
    first, second = put(tray), put(tray)
    reach(first, "working")
    assert second.state == "waiting"
    tray.remove(first)
    network.go_on.set()
    reach(second, "done")
    assert first.state == "working"
    assert not first.folder.exists()


def test_asked_for_again_at_work_the_last_wish_counts(tray: Tray, network: Inverting) -> None:
    network.go_on.clear()
    photo = put(tray)
    reach(photo, "working")
    assert photo.share == 0.5
    tray.enhance(photo, Wanted("other"))
    assert (photo.state, photo.wanted.network, photo.share) == ("waiting", "other", 0)
    network.go_on.set()
    reach(photo, "done")
    assert photo.wanted.network == "other"


def test_a_failure_is_told_and_the_rest_goes_on(tray: Tray, network: Inverting) -> None:
    network.failing = True
    photo = put(tray)
    reach(photo, "failed")
    assert photo.reason == "no memory"
    network.failing = False
    reach(put(tray), "done")


def test_pixels_that_are_damaged_fail_by_their_reason(tray: Tray) -> None:
    with tray.receiving() as upload:
        Image.effect_noise((90, 90), 80).convert("RGB").save(upload, "JPEG")
        upload.write_bytes(upload.read_bytes()[:2000])
        photo = tray.add(upload, name="cut.jpg", wanted=Wanted("n"))
    reach(photo, "failed")
    assert "truncated" in photo.reason
    assert str(photo.folder) not in photo.reason


def test_photos_that_nobody_asks_about_go_though_no_other_comes(network: Inverting) -> None:
    tray = Tray(lambda _: network, Limits(idle_s=0.05))
    photo = put(tray)
    deadline = time.monotonic() + 10
    while photo.folder.exists():
        assert time.monotonic() < deadline, photo
        time.sleep(0.005)
    assert tray.get(photo.key) is None
    tray.close()


def test_photos_that_nobody_asks_about_make_room_while_another_is_at_work(
    network: Inverting,
) -> None:
    tray = Tray(lambda _: network, Limits(photos=1, idle_s=0.05))
    network.go_on.clear()
    photo = put(tray)
    reach(photo, "working")
    time.sleep(0.1)
    assert put(tray).state == "waiting"
    network.go_on.set()
    tray.close()


def test_photos_under_way_count_as_there(tray: Tray) -> None:
    with contextlib.ExitStack() as stack:
        for _ in range(3):
            stack.enter_context(tray.receiving())
        with pytest.raises(TrayError, match="This page already has 3 photos"):
            put(tray)
    reach(put(tray), "done")


def test_a_tray_that_could_not_keep_photos_is_not_full(tray: Tray, tmp_path: Path) -> None:
    [folder] = tmp_path.iterdir()
    folder.rename(tmp_path / "away")
    for _ in range(3):
        with pytest.raises(FileNotFoundError):
            put(tray)
    (tmp_path / "away").rename(folder)
    reach(put(tray), "done")


def test_a_photo_is_not_idle_when_it_comes(
    network: Inverting, monkeypatch: pytest.MonkeyPatch
) -> None:
    tray = Tray(lambda _: network, Limits(idle_s=5))
    enhance = tray.enhance

    def other_thread_first(photo: Photo, chosen: Wanted) -> Photo:
        tray.drop_idle()
        return enhance(photo, chosen)

    monkeypatch.setattr(tray, "enhance", other_thread_first)
    assert tray.get(put(tray).key)
    tray.close()


def test_a_download_under_way_is_not_changed_by_another_run(tray: Tray) -> None:
    photo = put(tray)
    reach(photo, "done")
    reading = np.load(photo.folder / "enhanced.npy", mmap_mode="r")
    Image.new("RGB", (20, 10)).save(photo.file)
    tray.enhance(photo, Wanted("n"))
    reach(photo, "done")
    assert (np.load(photo.folder / "enhanced.npy") == 255).all()
    assert (reading == 205).all()


def test_a_photo_removed_while_it_fails_does_not_end_the_work(
    tray: Tray, network: Inverting
) -> None:
    first = put(tray)
    reach(first, "done")

    def remove_and_fail(*_: object, **__: object) -> AnyPixels:
        tray.remove(first)
        first.folder.mkdir()
        raise RuntimeError("no memory")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(network, "enhance", remove_and_fail)
        tray.enhance(first, Wanted("n"))
        reach(first, "working")
        deadline = time.monotonic() + 10
        while first.folder.exists():
            assert time.monotonic() < deadline, first
            time.sleep(0.005)
    reach(put(tray), "done")


def test_closed_in_the_middle_nothing_stays(tmp_path: Path, network: Inverting) -> None:
    tray = Tray(lambda _: network)
    network.go_on.clear()
    reach(put(tray), "working")
    threading.Timer(0.05, network.go_on.set).start()
    tray.close()
    assert list(tmp_path.iterdir()) == []


def test_what_a_killed_server_left_goes_and_what_a_running_one_has_stays(
    tmp_path: Path, tray: Tray, network: Inverting
) -> None:
    left = tmp_path / "wespe-serve-killed"
    (left / "key").mkdir(parents=True)
    (left / "key" / "upload").write_text("a photo")
    photo = put(tray)
    Tray(lambda _: network).close()
    assert not left.exists()
    assert photo.folder.is_dir()
    assert photo.folder.parent.stat().st_mode & 0o777 == 0o700


def test_what_a_sender_may_know_has_no_path(tray: Tray, tmp_path: Path) -> None:
    told = put(tray, "../../x.png").told()
    assert told["name"] == "../../x.png"
    assert str(tmp_path) not in repr(told)
    assert not list(tmp_path.rglob("x.png"))


def test_sixteen_bits_and_grey_stay(tray: Tray) -> None:
    with tray.receiving() as upload:
        Image.fromarray(np.full((10, 20), 30_000, np.uint16)).save(upload, "PNG")
        photo = tray.add(upload, name="deep.png", wanted=Wanted("n"))
    reach(photo, "done")
    with photo.result(0.0) as path, Image.open(path) as image:
        assert (image.mode, image.getpixel((0, 0))) == ("I;16", 30_000)


def test_formats_that_cannot_be_written_are_refused(tray: Tray) -> None:
    with pytest.raises(TrayError, match=r"expected one of JPEG, .* got GIF"):
        put(tray, format="GIF")


class Doubling:
    """A network that enlarges by 4, or less, and inverts."""

    engine = "a test"

    def enhance(
        self, pixels: AnyPixels, *, advance: Callable[[int], None], scale: float
    ) -> AnyPixels:
        advance(pixels[..., 0].size)
        height, width = (round(scale * side) for side in pixels.shape[:2])
        return np.full((height, width, 3), 205, np.uint8)


@pytest.fixture
def enlarging() -> Iterator[Tray]:
    tray = Tray(lambda _: Doubling(), Limits(photos=9, megapixels=0.01))
    yield tray
    tray.close()


def enlarged(tray: Tray, scale: float, size: tuple[int, int] = (20, 10)) -> Photo:
    with tray.receiving() as upload:
        colour = np.full((*size[::-1], 3), 50, np.uint8)
        Image.fromarray(colour).save(upload, format="PNG")
        return tray.add(upload, name="a.png", wanted=Wanted("n", scale))


@pytest.mark.parametrize("scale", [1, 2, 2.5])
def test_a_photo_is_enlarged_and_compared_at_its_new_size(enlarging: Tray, scale: float) -> None:
    photo = enlarged(enlarging, scale)
    told = photo.told()
    size = (20 * scale, 10 * scale)
    assert (told["scale"], told["made_width"], told["made_height"]) == (scale, *size)
    reach(photo, "done")
    for which, level in (("original", 50), ("enhanced", 205)):
        with Image.open(photo.preview(which)) as image:  # type: ignore[arg-type]
            assert image.size == size
            assert np.abs(np.asarray(image).astype(int) - level).max() <= 1
    for strength, level in ((0.0, 50), (0.2, 81), (1.0, 205)):
        with photo.result(strength) as path, Image.open(path) as image:
            assert image.size == size
            assert (np.asarray(image) == level).all()


def test_what_would_become_too_large_is_refused_in_words(enlarging: Tray) -> None:
    with pytest.raises(TrayError, match=r"^At 4 times .* 0 megapixels; .* Choose a smaller fac"):
        enlarged(enlarging, 4, (40, 30))
    photo = enlarged(enlarging, 2, (40, 30))
    reach(photo, "done")
    with pytest.raises(TrayError, match="Choose a smaller factor"):
        enlarging.enhance(photo, Wanted("n", 4))
    assert (photo.state, photo.wanted.scale) == ("done", 2)


def test_what_would_become_too_long_is_refused_in_words() -> None:
    tray = Tray(lambda _: Doubling())
    try:
        with pytest.raises(TrayError, match=r"it would be 80000 pixels long; .* at most 65500"):
            enlarged(tray, 4, (20_000, 4))
    finally:
        tray.close()
