"""The report page in a browser: what its script and styles do, at the width of a phone and a desk.

One page is made from results written by hand; Debian's Chromium shows it.
"""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.results import write_evaluation, write_pair, write_rating, write_table
from wespe.reports.page.write import write_report


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The page of one pair, an evaluation, a rating and a table."""
    folder = tmp_path_factory.mktemp("report")
    write_report(
        folder / "report.html",
        run_name="a run with a name that is long",
        pairs={"phone_dslr": write_pair(folder / "pair")},
        evaluations={"scenes": write_evaluation(folder / "scenes")},
        settings_text="run: {name: demo}\n" + "# a line that is long " * 20,
        tables=[write_table(folder / "table.json")],
        ratings={"liked": write_rating(folder / "liked")},
    )
    return (folder / "report.html").as_uri()


Show = Callable[..., Any]


@pytest.fixture
def show(browser: Any, address: str) -> Iterator[Show]:
    """Open the page; at the end nothing was asked of a network and nothing went wrong in it."""
    wrong: list[str] = []
    contexts = []

    def opened(width: int = 1280, **options: Any) -> Any:
        context = browser.new_context(viewport={"width": width, "height": 800}, **options)
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: wrong.append(message.text))
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on("request", lambda request: note(request.url))
        page.goto(address)
        return page

    def note(url: str) -> None:
        if url != address and not url.startswith("data:"):
            wrong.append(url)

    yield opened
    for context in contexts:
        context.close()
    assert wrong == []


def choose(where: Any, label: str) -> None:
    where.get_by_role("radio", name=label, exact=True).check()


def at(page: Any) -> float:
    """Where the divider of the first photo is, in percent."""
    return float(
        page.locator(".stage").first.evaluate("s => parseFloat(s.style.getPropertyValue('--at'))")
    )


def test_the_slider_follows_the_pointer_and_the_keys(show: Show) -> None:
    page = show()
    stage = page.locator(".stage").first
    stage.scroll_into_view_if_needed()
    box = stage.bounding_box()
    middle = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + box["width"] / 2, middle)
    page.mouse.down()
    page.mouse.move(box["x"] + 0.2 * box["width"], middle)
    page.mouse.up()
    assert at(page) == pytest.approx(20, abs=1)
    page.mouse.move(box["x"] + 0.9 * box["width"], middle)
    assert at(page) == pytest.approx(20, abs=1)
    # The drag has put the focus on the range behind the pictures.
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    assert at(page) == pytest.approx(22, abs=1)
    page.keyboard.press("End")
    assert at(page) == 100
    clip = stage.locator(".view.left").evaluate("v => getComputedStyle(v).clipPath")
    assert clip.startswith("inset(0px 0% 0px 0px")
    shown = stage.locator("input").get_attribute("aria-valuetext")
    assert shown == "left picture up to 100 percent"


def test_the_divider_divides_the_two_pictures(show: Show) -> None:
    page = show()
    stage = page.locator(".stage").first
    stage.scroll_into_view_if_needed()
    box = stage.bounding_box()
    views = stage.evaluate(
        """(stage) => {
            const box = stage.getBoundingClientRect();
            return [0.25, 0.75].map((share) => {
                const all = document.elementsFromPoint(box.left + share * box.width, box.top + 60);
                return all.find((item) => item.tagName === "IMG").alt;
            });
        }"""
    )
    assert [alt.partition(", ")[2] for alt in views] == ["original", "enhanced"]
    assert box["width"] > 250


def test_views_and_crops_are_chosen(show: Show) -> None:
    page = show()
    gallery = page.locator("#figures-1 .gallery")
    shown = gallery.locator("figure").first.locator(".view:visible .label")
    assert [text.split()[0] for text in shown.all_inner_texts()] == ["original", "enhanced"]
    choose(gallery, "all methods")
    assert shown.count() == 5
    choose(gallery, "one above the other")
    upper, lower = (shown.nth(place).bounding_box()["y"] for place in (0, 1))
    assert lower > upper + 100
    choose(gallery.locator("fieldset").nth(2), "target")
    visible = gallery.locator("figure").first.locator(".crop:visible .label")
    assert sorted(visible.all_inner_texts()) == ["enhanced", "target"]


@pytest.mark.parametrize("dppx", [1, 2, 3])
def test_a_pixel_of_a_crop_is_a_pixel_of_the_screen(show: Show, dppx: int) -> None:
    page = show(360, device_scale_factor=dppx)
    sizes = page.locator("#figures-1 .crop img").evaluate_all(
        "images => images.map(i => [i.naturalWidth, i.naturalHeight,"
        " i.getBoundingClientRect().width * devicePixelRatio,"
        " i.getBoundingClientRect().height * devicePixelRatio])"
    )
    visible = [size for size in sizes if size[2]]
    assert len(visible) == 3 * 2
    for width, height, shown_width, shown_height in visible:
        assert (shown_width, shown_height) == pytest.approx((width, height), abs=0.1)
    choose(page, "300 %")
    first = page.locator("#figures-1 .crop:visible img").first
    assert first.bounding_box()["width"] * dppx == pytest.approx(3 * visible[0][0], abs=0.2)


def column(page: Any, table: str, place: int) -> list[str]:
    texts = page.locator(f"{table} tbody tr").evaluate_all(
        "(rows, place) => rows.map(row => row.cells[place].dataset.value)", place
    )
    return [str(text) for text in texts]


def test_columns_are_sorted_by_mouse_and_keyboard(show: Show) -> None:
    page = show()
    table = "#evaluation-1 table"
    head = page.locator(f"{table} thead th").nth(1)
    assert "PSNR" in head.inner_text()
    head.get_by_role("button").click()
    assert head.get_attribute("aria-sort") == "descending"
    best_first = [float(text) for text in column(page, table, 1) if text]
    assert best_first == sorted(best_first, reverse=True)
    # The target has no PSNR: last, whatever the order.
    assert column(page, table, 1)[-1] == ""
    page.keyboard.press("Enter")
    assert head.get_attribute("aria-sort") == "ascending"
    assert [float(text) for text in column(page, table, 1) if text] == best_first[::-1]
    assert column(page, table, 1)[-1] == ""
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Space")
    assert head.get_attribute("aria-sort") is None
    names = column(page, table, 0)
    assert names == sorted(names)
    assert page.locator(f"{table} [aria-sort]").count() == 1


def test_dark_and_light_are_the_readers_choice(show: Show) -> None:
    def colours(scheme: str) -> list[float]:
        page = show(color_scheme=scheme)
        values = page.evaluate(
            """() => [getComputedStyle(document.body).backgroundColor,
                getComputedStyle(document.body).color,
                getComputedStyle(document.querySelector(".chart text")).fill,
                getComputedStyle(document.querySelector("th[scope=row]")).backgroundColor]
                .map((c) => c.match(/[0-9.]+/g).slice(0, 3).reduce((sum, n) => sum + +n, 0))"""
        )
        return [value / 765 for value in values]

    paper, ink, label, sticky = colours("light")
    assert paper > 0.9
    assert ink < 0.2
    assert sticky > 0.9
    assert label < 0.5
    paper, ink, label, sticky = colours("dark")
    assert paper < 0.15
    assert ink > 0.8
    assert sticky < 0.2
    assert label > 0.5


@pytest.mark.parametrize("width", [360, 1280])
def test_nothing_is_wider_than_the_screen(show: Show, width: int) -> None:
    page = show(width)
    page.locator("details").evaluate_all("all => all.forEach(one => { one.open = true; })")
    assert page.evaluate("document.documentElement.scrollWidth") == width
    for mode in ("one above the other", "all methods"):
        choose(page, mode)
        assert page.evaluate("document.documentElement.scrollWidth") == width


def test_the_column_that_stays_leaves_room_for_the_values(show: Show) -> None:
    page = show(360)
    for place in range(page.locator("table").count()):
        table = page.locator("table").nth(place)
        head = table.locator("tbody th").first.bounding_box()
        assert head["width"] <= 160, table.inner_text()[:80]


def test_a_finger_moves_the_slider_and_scrolls_the_page(show: Show) -> None:
    page = show(360, has_touch=True, is_mobile=True, device_scale_factor=2)
    stage = page.locator(".stage").first
    stage.scroll_into_view_if_needed()
    box = stage.bounding_box()
    page.touchscreen.tap(box["x"] + 0.75 * box["width"], box["y"] + 50)
    assert at(page) == pytest.approx(75, abs=1)
    assert stage.evaluate("s => getComputedStyle(s).touchAction") == "pan-y pinch-zoom"


def test_without_a_script_everything_is_there(show: Show) -> None:
    page = show(360, java_script_enabled=False)
    assert page.locator("#figures-1 figure").first.locator(".view:visible").count() == 5
    assert page.locator("#figures-1 figure").first.locator(".crop:visible").count() == 5
    assert page.locator(".chooser:visible").count() == 0
