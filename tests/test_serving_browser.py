"""The page that enhances photos, in a real browser, from the drop to the download."""

import re
import tempfile
import threading
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Browser, Page, Route, expect

from tests.pages import running
from wespe.apps.serving.app import Offer, make_app
from wespe.apps.serving.tray import Enhancing, Limits
from wespe.photos.images import AnyPixels

expect.set_options(timeout=30_000)  # the machine may be busy


class Inverting:
    engine = "a test"

    def enhance(self, pixels: AnyPixels, *, advance: Callable[[int], None]) -> AnyPixels:
        advance(pixels[..., 0].size)
        return 255 - pixels


class Darker(Inverting):
    def enhance(self, pixels: AnyPixels, *, advance: Callable[[int], None]) -> AnyPixels:
        return super().enhance(pixels, advance=advance) // 2


class Enlarging:
    engine = "a test"

    def enhance(
        self, pixels: AnyPixels, *, advance: Callable[[int], None], scale: float
    ) -> AnyPixels:
        advance(pixels[..., 0].size)
        return 255 - np.repeat(np.repeat(pixels, int(scale), 0), int(scale), 1)


@pytest.fixture
def address(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    place = tmp_path / "server"
    place.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(place))
    networks: dict[str, Enhancing] = {"0": Inverting(), "1": Darker(), "2": Enlarging()}
    app = make_app(
        {
            "0": Offer("invert", "for one camera", "phone → dslr"),
            "1": Offer("darker", "published"),
            "2": Offer("large", "super-resolution", scale=3),
        },
        networks.__getitem__,
        upload_mb=1,
        limits=Limits(photos=4, megapixels=1),
    )
    with running(app) as address:
        yield address
    assert list(place.iterdir()) == []


@pytest.fixture
def page(browser: Browser, address: str) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 1280, "height": 900}, accept_downloads=True)
    page = context.new_page()
    problems: list[str] = []
    # A request that is refused is an error of the console too, and meant here.
    page.on("console", lambda m: problems.append(m.text) if m.type == "error" else None)
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.on(
        "request",
        lambda request: (
            None
            if request.url.startswith((address, "data:", "blob:"))
            else problems.append(request.url)
        ),
    )
    page.goto(address)
    yield page
    context.close()
    assert [text for text in problems if "status of 4" not in text] == []


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    path = tmp_path / "holiday.png"
    pixels = np.zeros((300, 1600, 3), np.uint8)
    pixels[:, :800] = 200
    Image.fromarray(pixels).save(path)
    return path


def choose(page: Page, *paths: Path) -> None:
    page.set_input_files("#files", list(paths))


def is_done(page: Page, name: str) -> None:
    expect(page.locator("li", has_text=name)).to_contain_text(", done")


def test_drop_compare_and_download(page: Page, photo: Path, tmp_path: Path) -> None:
    choose(page, photo)
    is_done(page, "holiday.png")
    expect(page.locator("li")).to_contain_text("1600 × 300, done")
    expect(page.locator("#made p")).to_be_hidden()
    page.click("#made summary")
    expect(page.locator("#made p")).to_contain_text("invert, for one camera")
    expect(page.locator("#made p")).to_contain_text("a test")
    expect(page.locator("#viewer h2")).to_have_text("holiday.png")
    # Half the slider: the right half shows the enhanced photo, 255 where the photo is black.
    shot = Image.open(_shot(page, "#pair", tmp_path)).convert("L")
    width, height = shot.size
    assert shot.getpixel((width // 4, height // 2)) == pytest.approx(200, abs=3)
    assert shot.getpixel((3 * width // 4, height // 2)) == pytest.approx(255, abs=3)
    page.locator("#strength").fill("20")
    assert page.locator("#percent").inner_text() == "20 %"
    shot = Image.open(_shot(page, "#pair", tmp_path)).convert("L")
    assert shot.getpixel((3 * width // 4, height // 2)) == pytest.approx(51, abs=3)
    with page.expect_download() as download:
        page.click("#download")
    assert download.value.suggested_filename == "holiday_enhanced.png"
    saved = np.asarray(Image.open(download.value.path()))
    assert (saved[0, 0, 0], saved[0, -1, 0]) == (171, 51)


def _shot(page: Page, selector: str, tmp_path: Path) -> Path:
    path = tmp_path / "shot.png"
    page.evaluate("Promise.all([...document.images].map((image) => image.decode()))")
    page.locator(selector).screenshot(path=path)
    return path


def test_the_divider_follows_the_pointer_and_the_keys(page: Page, photo: Path) -> None:
    choose(page, photo)
    is_done(page, "holiday.png")
    box = page.locator("#pair").bounding_box()
    assert box
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + 20)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.25, box["y"] + 20, steps=3)
    page.mouse.up()
    assert page.locator("#split").input_value() == "25"
    page.focus("#split")
    page.keyboard.press("ArrowRight")
    assert page.locator("#split").input_value() == "26"
    assert page.locator("#split").get_attribute("aria-valuetext") == "26 % before, 74 % after"


def test_at_100_percent_the_photo_moves_below_a_divider_that_stays(
    page: Page, photo: Path, tmp_path: Path
) -> None:
    choose(page, photo)
    is_done(page, "holiday.png")
    page.click("#zoom")
    stage = page.locator("#stage").bounding_box()
    grip = page.locator("#grip").bounding_box()
    assert stage
    assert grip
    middle = stage["x"] + stage["width"] / 2
    assert grip["x"] + grip["width"] / 2 == pytest.approx(middle, abs=1)
    start = page.evaluate("document.querySelector('#stage').scrollLeft")
    _drag(page, (middle + 200, stage["y"] + 50), (middle + 100, stage["y"] + 50))
    assert page.evaluate("document.querySelector('#stage').scrollLeft") == start + 100
    assert page.locator("#split").input_value() == "50"
    # Both pictures moved by as much: black is enhanced to white, 100 px of it left of the divider.
    shot = Image.open(_shot(page, "#stage", tmp_path)).convert("L")
    levels = [shot.getpixel((int(stage["width"] / 2) + at, 200)) for at in (-150, -50, 50)]
    assert levels == pytest.approx([200, 0, 255], abs=3)
    at = grip["y"] + grip["height"] / 2
    _drag(page, (middle, at), (stage["x"] + stage["width"] / 4, at))
    assert page.locator("#split").input_value() == "25"
    assert page.evaluate("document.querySelector('#stage').scrollLeft") == start + 100


def _drag(page: Page, start: tuple[float, float], end: tuple[float, float]) -> None:
    page.mouse.move(*start)
    page.mouse.down()
    page.mouse.move(*end, steps=3)
    page.mouse.up()


def test_sides_are_named_while_there_is_room(page: Page, photo: Path) -> None:
    choose(page, photo)
    is_done(page, "holiday.png")
    before, after = page.get_by_text("Before", exact=True), page.get_by_text("After", exact=True)
    expect(before).to_be_visible()
    expect(after).to_be_visible()
    page.locator("#split").fill("100")
    expect(before).to_be_visible()
    expect(after).to_be_hidden()


def test_a_first_visitor_tries_the_sample(page: Page) -> None:
    page.click("#sample")
    is_done(page, "sample.jpg")
    expect(page.locator("#viewer")).to_be_visible()
    expect(page.locator("#sample")).to_be_hidden()
    # Its thumbnail is a picture.
    assert page.evaluate("document.querySelector('.thumb img').decode().then(() => true)")
    page.click(".remove")
    expect(page.locator("#sample")).to_be_visible()


def test_all_that_are_done_come_as_one_zip(page: Page, photo: Path) -> None:
    choose(page, photo)
    is_done(page, "holiday.png")
    expect(page.locator("#zip")).to_be_hidden()
    choose(page, photo)
    page.locator("#strength").fill("20")
    expect(page.locator("#zip")).to_have_text("Download all 2 as a zip")
    with page.expect_download() as download:
        page.click("#zip")
    with zipfile.ZipFile(download.value.path()) as archive:
        assert archive.namelist() == ["holiday_enhanced.png", "holiday_enhanced (2).png"]
        saved = np.asarray(Image.open(archive.open("holiday_enhanced (2).png")))
    assert (saved[0, 0, 0], saved[0, -1, 0]) == (171, 51)


def test_a_photo_is_pasted(page: Page, photo: Path) -> None:
    page.evaluate(
        """async (bytes) => {
            const clipboardData = new DataTransfer();
            clipboardData.items.add(new File([new Uint8Array(bytes)], "image.png"));
            document.dispatchEvent(new ClipboardEvent("paste", { clipboardData }));
        }""",
        list(photo.read_bytes()),
    )
    is_done(page, "pasted")
    page.evaluate("document.dispatchEvent(new ClipboardEvent('paste'))")
    expect(page.locator("#said")).to_have_text("There is no photo on the clipboard.")


def test_while_nothing_is_known_of_a_photo_its_bar_says_so(
    page: Page, photo: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    go_on = threading.Event()

    def in_two(self: Inverting, pixels: AnyPixels, *, advance: Callable[[int], None]) -> AnyPixels:
        for _ in range(2):
            assert go_on.wait(30)
            go_on.clear()
            advance(pixels[..., 0].size // 2)
        assert go_on.wait(30)
        return 255 - pixels

    monkeypatch.setattr(Inverting, "enhance", in_two)
    choose(page, photo)
    row, bar = page.locator("li"), page.locator("li progress")
    expect(row).to_contain_text(re.compile("at work$|at work\\s"))
    assert bar.get_attribute("value") is None
    boxes = [page.locator(f"li {part}").bounding_box() for part in (".open", ".remove")]
    assert boxes[0]
    assert boxes[1]
    middles = [box["y"] + box["height"] / 2 for box in boxes if box]
    assert middles[0] == pytest.approx(middles[1], abs=1)
    for told, value in (("at work, 50 %", "0.5"), ("at work, being saved", "1")):
        go_on.set()
        expect(row).to_contain_text(told)
        assert bar.get_attribute("value") == value
    go_on.set()
    is_done(page, "holiday.png")
    expect(bar).to_be_hidden()
    # Nothing moves where a photo is done.
    assert page.locator("li .remove").bounding_box() == boxes[1]


def test_at_100_percent_a_pixel_is_a_pixel(page: Page, photo: Path) -> None:
    choose(page, photo)
    is_done(page, "holiday.png")
    fit = page.locator("#before").bounding_box()
    assert fit
    assert fit["width"] < 1280
    assert fit["width"] / fit["height"] == pytest.approx(1600 / 300, rel=0.01)
    page.click("#zoom")
    for selector in ("#before", "#after img"):
        box = page.locator(selector).bounding_box()
        assert box
        assert (box["width"], box["height"]) == (1600, 300)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


@pytest.mark.parametrize("size", [(1600, 300), (400, 1600), (200, 100)], ids=str)
def test_the_photo_has_its_size_before_its_pixels_come(
    page: Page, tmp_path: Path, size: tuple[int, int]
) -> None:
    path, (width, height) = tmp_path / "photo.png", size
    Image.new("RGB", size).save(path)
    page.route("**/*.jpg*", lambda route: route.fulfill(status=204))
    choose(page, path)
    is_done(page, "photo.png")
    room = page.locator("#stage").bounding_box()
    assert room
    scale = min(1, room["width"] / width, 0.8 * 900 / height)
    for selector in ("#pair", "#before", "#after img"):
        box = page.locator(selector).bounding_box()
        assert box
        assert (box["width"], box["height"]) == pytest.approx(
            (scale * width, scale * height), abs=0.1
        )


def test_by_keyboard_alone(page: Page, photo: Path) -> None:
    choose(page, photo)  # a file dialog is the browser's own
    is_done(page, "holiday.png")
    page.focus("#files")
    tools = ("#split", "#strength", "#zoom", "#download", "summary")
    for selector in (".open", ".remove", "#stage", *tools):
        page.keyboard.press("Tab")
        assert page.evaluate(f"document.activeElement.matches({selector!r})"), selector
    page.focus("#zoom")
    page.keyboard.press("Enter")
    expect(page.locator("#zoom")).to_have_attribute("aria-pressed", "true")
    page.focus(".remove")
    page.keyboard.press("Enter")
    expect(page.locator("li")).to_have_count(0)
    expect(page.locator("#viewer")).to_be_hidden()


def test_a_photo_chosen_before_the_page_knows_its_limits_waits_for_them(
    browser: Browser, address: str, photo: Path
) -> None:
    page = browser.new_page()
    held: list[Route] = []
    page.route("**/offers", lambda route: held.append(route))
    page.goto(address)
    choose(page, photo)
    expect(page.locator("#said")).to_be_empty()
    assert page.locator("li").count() == 0
    held[0].continue_()
    is_done(page, "holiday.png")


def test_what_cannot_be_used_is_told_and_the_rest_goes_on(
    page: Page, photo: Path, tmp_path: Path
) -> None:
    text, large = tmp_path / "notes.jpg", tmp_path / "large.png"
    text.write_text("no photo")
    large.write_bytes(bytes(1_200_000))
    choose(page, text, large, photo)
    is_done(page, "holiday.png")
    said = page.locator("#said")
    expect(said).to_contain_text("notes.jpg: It cannot be used: not an image.")
    expect(said).to_contain_text("large.png: it has 1 MB; this page accepts at most 1.")


def test_another_network_and_a_page_loaded_again(page: Page, photo: Path, tmp_path: Path) -> None:
    choose(page, photo)
    is_done(page, "holiday.png")
    page.select_option("#network", "1")
    expect(page.locator("#before")).to_have_attribute("src", re.compile("network=1$"))
    shot = Image.open(_shot(page, "#pair", tmp_path)).convert("L")
    width, height = shot.size
    assert shot.getpixel((3 * width // 4, height // 2)) == pytest.approx(127, abs=3)
    page.reload()
    is_done(page, "holiday.png")


def test_a_photo_is_enlarged_by_a_chosen_factor(page: Page, tmp_path: Path) -> None:
    path = tmp_path / "small.png"
    Image.fromarray(np.full((100, 400, 3), 200, np.uint8)).save(path)
    expect(page.locator("#enlarging")).to_be_hidden()
    page.select_option("#network", "2")
    assert page.locator("#scale option").all_inner_texts() == ["3 times", "2 times"]
    page.select_option("#scale", "2")
    choose(page, path)
    is_done(page, "small.png")
    expect(page.locator("li")).to_contain_text("400 × 100 → 800 × 200, done")
    page.click("#zoom")
    for selector in ("#before", "#after img"):
        natural = "e => [e.naturalWidth, e.naturalHeight, e.clientWidth, e.clientHeight]"
        expect(page.locator(selector)).to_have_js_property("complete", True)
        assert page.eval_on_selector(selector, natural) == [800, 200, 800, 200]
    page.click("#made summary")
    expect(page.locator("#made p")).to_contain_text("Enlarged: 2 times (before: by bicubic)")
    with page.expect_download() as download:
        page.click("#download")
    download.value.save_as(tmp_path / "large.png")
    with Image.open(tmp_path / "large.png") as image:
        assert (image.size, image.getpixel((0, 0))) == ((800, 200), (55, 55, 55))
    page.select_option("#scale", "3")
    expect(page.locator("li")).to_contain_text("400 × 100 → 1200 × 300, done")
    page.select_option("#network", "0")
    expect(page.locator("#enlarging")).to_be_hidden()
    expect(page.locator("li")).to_contain_text("400 × 100, done")


def test_what_would_become_too_large_is_told(page: Page, photo: Path) -> None:
    page.select_option("#network", "2")
    choose(page, photo)
    expect(page.locator("#said")).to_contain_text("At 3 times the size it would have 4 megapixels")
    expect(page.locator("li")).to_have_count(0)


def test_a_server_that_was_away_is_found_again_and_what_it_lost_is_told(
    browser: Browser, address: str, photo: Path
) -> None:
    context = browser.new_context()
    page = context.new_page()
    page.goto(address)
    one_photo = re.compile(r"/photos/[\w-]+$")
    for lost in (False, True):
        page.route(one_photo, lambda route: route.abort())
        choose(page, photo)
        said = page.locator("#said")
        expect(said).to_contain_text("The server cannot be reached")
        if lost:
            keys = page.evaluate("() => JSON.parse(sessionStorage.getItem('photos'))")
            for key in keys:
                assert context.request.delete(f"{address}/photos/{key}").ok
        page.focus("#network")
        page.unroute(one_photo)
        told = "Not here any more: holiday.png, holiday.png. Send it again." if lost else ""
        expect(said).to_have_text(told)
        expect(page.locator("li")).to_have_count(0 if lost else 1)
        # Where somebody is at work, nothing takes the focus away.
        assert page.evaluate("document.activeElement.id") == "network"
    context.close()


def test_a_photo_removed_at_work_is_not_said_to_be_lost(
    page: Page, photo: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The page asks for it, and hears that it is gone, before it hears that it was removed."""
    go_on, enhance = threading.Event(), Inverting.enhance

    def waiting(self: Inverting, *photo: Any, **options: Any) -> AnyPixels:
        assert go_on.wait(30)
        return enhance(self, *photo, **options)

    monkeypatch.setattr(Inverting, "enhance", waiting)

    def removed_but_not_told(route: Route) -> None:
        if route.request.method == "DELETE":
            answer = route.fetch()
            page.wait_for_timeout(1200)  # three times asked
            route.fulfill(response=answer)
        else:
            route.continue_()

    page.route(re.compile(r"/photos/[\w-]+$"), removed_but_not_told)
    choose(page, photo)
    expect(page.locator("li")).to_contain_text("at work")
    page.click(".remove")
    expect(page.locator("li")).to_have_count(0)
    expect(page.locator("#said")).to_have_text("")
    assert page.evaluate("document.activeElement.id") == "files"
    go_on.set()


def test_on_a_phone_nothing_sticks_out(browser: Browser, address: str, photo: Path) -> None:
    context = browser.new_context(
        viewport={"width": 360, "height": 740}, device_scale_factor=2, color_scheme="dark"
    )
    page = context.new_page()
    page.goto(address)
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(20, 23, 27)"
    choose(page, photo)
    is_done(page, "holiday.png")
    page.click(".open")
    page.click("#zoom")
    assert page.evaluate("document.documentElement.scrollWidth") == 360
    box = page.locator("#before").bounding_box()
    assert box
    assert (box["width"], box["height"]) == (800, 150)
    context.close()
