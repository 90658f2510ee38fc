"""The study as its subjects meet it: many at once, a server that is killed, a real browser."""

import json
import math
import random
import signal
import sqlite3
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, BrowserContext, Page

from tests.subjects import (
    STRENGTHS,
    HttpSubject,
    level_to_method,
    make_study,
    prefers_first,
    served,
)
from wespe.apps.study.report import write_results
from wespe.apps.study.votes import open_votes
from wespe.results.layout import StudyFiles

SUBJECTS = 50


def chance_over(method: str) -> float:
    """How often the simulated subjects prefer `enhanced` over a method."""
    return 1 / (1 + math.exp(STRENGTHS[method] - STRENGTHS["enhanced"]))


@pytest.mark.slow
def test_fifty_at_once_and_a_server_killed_midway_lose_no_vote(tmp_path: Path) -> None:
    study, folder = make_study(tmp_path), tmp_path / "greys"
    with ExitStack() as stack:
        first = stack.enter_context(ExitStack())
        process, address = first.enter_context(served(folder))
        subjects = [HttpSubject(address, number) for number in range(SUBJECTS)]
        pool = stack.enter_context(ThreadPoolExecutor(SUBJECTS))
        parts = [pool.submit(subject.take_part) for subject in subjects]
        while sum(len(subject.acknowledged) for subject in subjects) < 150:
            assert process.poll() is None
            time.sleep(0.02)
        refusals = [subject.refusals for subject in subjects]
        process.send_signal(signal.SIGKILL)
        assert process.wait(20) == -signal.SIGKILL
        # Then the answers that were on their way have been read.
        while not all(
            part.done() or subject.refusals > before
            for part, subject, before in zip(parts, subjects, refusals, strict=True)
        ):
            time.sleep(0.02)
        before = {subject.code: list(subject.acknowledged) for subject in subjects}
        kept = on_disk(folder, [code for code in before if code])
        assert all(set(told) <= kept[code] for code, told in before.items() if code)
        assert sum(map(len, kept.values())) < SUBJECTS * len(study.items)
        stack.enter_context(served(folder, port=urlsplit(address).port or 0))
        for part in parts:
            part.result(timeout=240)
    kept = on_disk(folder, [subject.code for subject in subjects])
    for subject in subjects:
        assert len(subject.acknowledged) == len(study.items)
        assert kept[subject.code] == set(subject.acknowledged)
    votes = open_votes(folder, study)
    assert len(votes.votes()) == SUBJECTS * len(study.items)
    results = write_results(StudyFiles(tmp_path / "results", "greys"), study, votes)
    votes.close()
    assert results.simulated_subjects
    assert not results.subjects.flagged
    for row in results.preferences:
        assert row.votes == SUBJECTS * 4
        assert row.wilson[0] < chance_over(row.against) < row.wilson[1]
        assert row.bootstrap
        assert row.bootstrap[0] < chance_over(row.against) < row.bootstrap[1]
    middle = (STRENGTHS["original"] + STRENGTHS["autocontrast"] + STRENGTHS["enhanced"]) / 3
    for strength in results.strengths:
        assert strength.bootstrap
        low, high = strength.bootstrap
        assert low < STRENGTHS[strength.method] - middle < high


def on_disk(folder: Path, codes: list[str]) -> dict[str, set[tuple[int, int]]]:
    """Position and choice of all votes in the database, by the subject's code."""
    query = "SELECT code, position, choice FROM votes JOIN subjects ON subject = number"
    found: dict[str, set[tuple[int, int]]] = {code: set() for code in codes}
    connection = sqlite3.connect(folder / "votes.sqlite")
    for code, position, choice in connection.execute(query):
        found[code].add((position, choice))
    connection.close()
    return found


LOOK = """() => [...document.querySelectorAll(".pane img")].map((image) => {
  const canvas = document.createElement("canvas");
  canvas.width = image.naturalWidth; canvas.height = image.naturalHeight;
  const context = canvas.getContext("2d");
  context.drawImage(image, 0, 0);
  const data = context.getImageData(0, 0, canvas.width, canvas.height).data;
  let sum = 0;
  for (let i = 0; i < data.length; i += 4) sum += data[i] + data[i + 1] + data[i + 2];
  return sum / (data.length / 4 * 3);
})"""


class BrowserSubject:
    """Takes part through the page, by keys or by touch, and notes what it meant to say."""

    def __init__(self, context: BrowserContext, address: str, seed: int, *, touch: bool) -> None:
        self.page, self._touch = context.new_page(), touch
        self.problems: list[str] = []
        self.page.on("pageerror", lambda error: self.problems.append(str(error)))
        self._chance = random.Random(seed)
        self.meant: list[str] = []
        """The method preferred, trial by trial."""
        self.page.goto(address)

    def consent(self) -> None:
        self.page.check("#consent")
        self.page.click("#start button")
        self.page.wait_for_selector("#choices button:enabled")

    def answer(self) -> None:
        """Look at both pictures and choose; returns when the next trial is there."""
        page = self.page
        page.wait_for_selector("#choices button:enabled")
        shown = [level_to_method(level) for level in page.evaluate(LOOK)]
        choice = 0 if prefers_first(shown[0], shown[1], self._chance) else 1
        self.meant.append(shown[choice])
        trial = page.get_attribute("#trial", "data-trial")
        page.wait_for_timeout(320)  # the page takes what comes sooner for a key pressed twice
        if self._touch:
            page.tap(f"#choices [data-choice='{choice}']")
        else:
            page.keyboard.press("ab"[choice])
        page.wait_for_function(
            "before => !document.querySelector('#thanks').hidden || "
            "document.querySelector('#trial').dataset.trial !== before",
            arg=trial,
        )


def zoomed(page: Page) -> list[str]:
    found: list[str] = page.evaluate(
        "() => [...document.querySelectorAll('.pane img')].map(i => i.style.transform)"
    )
    return found


def test_subjects_in_a_browser_are_understood(browser: Browser, tmp_path: Path) -> None:
    study = make_study(tmp_path, photos_per_set=3)
    folder, trials = tmp_path / "greys", len(study.items)
    wide: dict[str, Any] = {"viewport": {"width": 1280, "height": 800}}
    phone: dict[str, Any] = {
        "viewport": {"width": 360, "height": 740},
        "has_touch": True,
        "is_mobile": True,
    }
    with ExitStack() as stack:
        first = stack.enter_context(ExitStack())
        process, address = first.enter_context(served(folder))
        subjects = []
        for seed, (options, touch) in enumerate(((wide, False), (phone, True), (wide, False))):
            context = stack.enter_context(browser.new_context(**options))
            subjects.append(BrowserSubject(context, address, seed, touch=touch))
            subjects[-1].consent()
        # The first stops, and goes on after its page was loaded again; the second goes on while
        # the server is killed and comes back; the third goes on with its code in a new browser.
        subjects[0].answer()
        subjects[0].page.reload()
        subjects[1].answer()
        process.send_signal(signal.SIGKILL)
        process.wait(20)
        page = subjects[1].page
        page.wait_for_timeout(320)
        shown = [level_to_method(level) for level in page.evaluate(LOOK)]
        page.tap("#choices [data-choice='1']")
        subjects[1].meant.append(shown[1])
        page.wait_for_selector("#notice:not([hidden])")
        stack.enter_context(served(folder, port=urlsplit(address).port or 0))
        page.wait_for_selector("#choices button:enabled")
        code = subjects[2].page.text_content("header .code")
        other = stack.enter_context(browser.new_context(**wide))
        again = BrowserSubject(other, address, 3, touch=False)
        again.page.click("summary")
        again.page.fill("#code", f" {str(code).upper()} ")
        again.page.click("#resume button")
        subjects[2] = again
        for subject in subjects:
            while len(subject.meant) < trials:
                subject.answer()
            assert subject.page.is_visible("#thanks")
            assert not subject.problems
    votes = open_votes(folder, study)
    cast = votes.votes()
    for number, subject in enumerate(subjects, start=1):
        assert [vote.chosen for vote in cast if vote.subject == number] == subject.meant
    results = write_results(StudyFiles(tmp_path / "results", "greys"), study, votes)
    votes.close()
    for row in results.preferences:
        assert row.wilson[0] < chance_over(row.against) < row.wilson[1]
    assert json.loads((tmp_path / "results" / "greys.json").read_text())["simulated_subjects"]


@pytest.fixture
def page(browser: Browser, tmp_path: Path) -> Iterator[Page]:
    """The page of somebody who has agreed to take part; nothing is wrong on it in the end."""
    make_study(tmp_path)
    with served(tmp_path / "greys") as (_, address), browser.new_context() as context:
        subject = BrowserSubject(context, address, 0, touch=False)
        subject.consent()
        yield subject.page
        assert not subject.problems


def test_both_pictures_zoom_and_move_in_step(page: Page) -> None:
    start = zoomed(page)
    assert start[0] == start[1]
    assert "scale(1)" in start[0]  # pictures of 48 px are not made larger than they are
    for _ in range(12):
        page.keyboard.press("+")
    near = zoomed(page)
    assert near[0] == near[1] != start[0]
    assert "scale(8)" in near[0]
    page.set_viewport_size({"width": 420, "height": 420})
    # A frame after the new size the page has fitted its pictures to it.
    page.evaluate("() => new Promise(done => requestAnimationFrame(() => setTimeout(done, 100)))")
    for _ in range(12):
        page.keyboard.press("+")
    before = zoomed(page)
    page.keyboard.press("ArrowDown")
    page.wait_for_function(
        "before => document.querySelector('.pane img').style.transform != before", arg=before[0]
    )
    moved = zoomed(page)
    assert moved[0] == moved[1] != before[0]
    page.keyboard.press("z")
    assert "scale(1)" in zoomed(page)[1]
    box = page.locator(".pane").nth(1).bounding_box()
    assert box
    page.mouse.move(box["x"] + 30, box["y"] + 40)
    page.mouse.wheel(0, -900)
    page.wait_for_function(
        "() => !document.querySelector('.pane img').style.transform.includes('scale(1)')"
    )
    page.mouse.down()
    page.mouse.move(box["x"] + 60, box["y"] + 70)
    page.mouse.up()
    dragged = zoomed(page)
    assert dragged[0] == dragged[1]
    page.keyboard.press("0")
    assert "scale(1)" in zoomed(page)[0]
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_one_look_is_one_answer(page: Page) -> None:
    context, address = page.context, page.url

    def done() -> int:
        return int(context.request.get(f"{address}state").json()["done"])

    def trial_comes(tab: Page, number: int) -> None:
        tab.wait_for_selector(f"#trial[data-trial='{number}']")
        tab.wait_for_selector("#choices button:enabled")
        tab.wait_for_timeout(320)  # as in `answer`

    trial_comes(page, 0)
    box = page.locator("#choices button").first.bounding_box()
    assert box
    page.mouse.move(box["x"] + 5, box["y"] + 5)
    for half in (1, 2):  # of a slow double click, whose second is on the next trial
        page.mouse.down(click_count=half)
        page.mouse.up(click_count=half)
        trial_comes(page, 1)
    assert done() == 1
    page.goto("about:blank")
    page.go_back()
    trial_comes(page, 1)
    assert done() == 1
    other = context.new_page()
    other.goto(address)
    trial_comes(other, 1)
    other.keyboard.press("a")
    trial_comes(other, 2)
    page.keyboard.press("b")  # on what the other tab has answered
    trial_comes(page, 2)
    assert done() == 2
    for kind, answers in (("mouse", 2), ("touch", 3)):  # a browser counts two quick taps, too
        page.locator("#choices button").first.evaluate(
            "(button, kind) => button.dispatchEvent("
            "new PointerEvent('click', { detail: 2, pointerType: kind }))",
            kind,
        )
        trial_comes(page, answers)
        assert done() == answers
