"""The report page, from result folders written by hand: test data, not measurements."""

import csv
import json
import math
import re
import shutil
from collections.abc import Callable
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.results import (
    COLUMNS,
    HOSTILE,
    METHODS,
    card,
    write_evaluation,
    write_pair,
    write_rating,
    write_table,
)
from tests.test_tables import result
from wespe.photos.images import read_photo, write_photo
from wespe.reports.page.evaluations import view_evaluation
from wespe.reports.page.write import write_report
from wespe.results.cards import Domains, Rollback
from wespe.results.evaluations import EvaluationSummary, means_of, read_images
from wespe.results.index import Skipped
from wespe.results.record import read_record, write_record


class Page(HTMLParser):
    """What a reader, and a browser, gets out of a page."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self.cells: list[str] = []
        self._inside: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self._inside.append(tag)
        if tag in {"td", "th"}:
            self.cells.append("")

    def handle_endtag(self, tag: str) -> None:
        while self._inside.pop() != tag:
            pass

    def handle_data(self, text: str) -> None:
        if {"script", "style"} & set(self._inside):
            return
        self.texts.append(text)
        if {"td", "th"} & set(self._inside):
            self.cells[-1] += text

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.texts).split())

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]

    def rows(self, metrics: int) -> dict[str, list[str]]:
        """The cells of the rows of the table of methods, by method."""
        names = {name.replace("_", " ") for name in [*METHODS, "target"]}
        cells = [" ".join(cell.split()) for cell in self.cells]
        starts = [number for number, cell in enumerate(cells) if cell in names]
        return {cells[start]: cells[start + 1 : start + 1 + metrics] for start in starts}


@pytest.fixture
def report(tmp_path: Path) -> Callable[..., str]:
    """Write a report and give its HTML; without arguments, of one pair and one evaluation."""

    def make(**changes: Any) -> str:
        arguments = {"run_name": "a run", "settings_text": "run: {name: demo}"} | changes
        if "pairs" not in arguments:
            arguments["pairs"] = {"phone_dslr": write_pair(tmp_path / "pairs" / "phone_dslr")}
        if "evaluations" not in arguments:
            folder = tmp_path / "evaluations" / "scenes"
            arguments["evaluations"] = {"scenes": write_evaluation(folder)}
        write_report(tmp_path / "report.html", **arguments)
        return (tmp_path / "report.html").read_text("utf-8")

    return make


def summary_of(folder: Path) -> Any:
    return json.loads((folder / "summary.json").read_text("utf-8"))


def test_says_what_was_trained_on_what(report: Callable[..., str]) -> None:
    text = Page(report()).text
    shown = ("2,345 patches", "1,400", "cpu-bf16", "12.6 min", "12.3 patches/s", "0.1.0+abc")
    for part in (*shown, "0123456789ab", "phone", "dslr", "Test data, made by hand."):
        assert part in text
    assert "weights.tv 10.0" in text
    assert "trained on patches of both, without pairs of the same scene." in text


def test_shows_any_methods_losses_and_sheets(report: Callable[..., str], tmp_path: Path) -> None:
    pair = write_pair(
        tmp_path / "pair",
        recipe={"method": "srcnn", "batch_size": 8},
        paired=True,
        samples=("input", "enhanced", "target"),
        final_losses={"mse": 0.0125, "total": 0.0125},
    )
    records = [{"step": step, "mse": 1 / step, "total": 1 / step} for step in (20, 40)]
    (pair / "losses.jsonl").write_text("".join(json.dumps(record) + "\n" for record in records))
    page = Page(report(pairs={"p": pair}))
    assert "mse 0.0125" in page.text
    assert "Discriminator losses" not in page.text
    assert "in pairs of the same scene" in page.text
    assert "A row a photo, from left to right: input, enhanced, target." in page.text


@pytest.mark.slow
def test_says_where_training_diverged(report: Callable[..., str], tmp_path: Path) -> None:
    assert "diverged" not in Page(report()).text
    event = Rollback(
        step=1234,
        to_step=1200,
        reason="photos are <inverted>",
        rates={"generator": 0.5, "discriminators": 0.25},
    )
    pair = write_pair(tmp_path / "pair", rollbacks=(event,), warning="photos are constant")
    text = Page(report(pairs={"p": pair}, evaluations={})).text
    assert "Training diverged once, went back to its last good state" in text
    assert (
        "Step 1,234 → 1,200 : photos are <inverted>. "
        "Rates from there on: generator × 0.5, discriminators × 0.25." in text
    )
    assert "At the end, photos are constant." in text


def test_table_shows_the_summary(report: Callable[..., str], tmp_path: Path) -> None:
    folder = write_evaluation(tmp_path / "scenes")
    page = Page(report(evaluations={"scenes": folder}))
    assert page.text.count("n = 19") == page.text.count("n = 19 in every cell.") == 1
    rows = page.rows(len(COLUMNS))
    assert set(rows) == {"original", "enhanced", "histogram match", "clahe", "target"}
    for method, table in summary_of(folder)["methods"].items():
        for column, name in enumerate(COLUMNS):
            cell = rows[method.replace("_", " ")][column]
            if name not in table:
                assert cell == "–"
                continue
            decimals = 3 if "ssim" in name else 2
            mean = f"{table[name]['mean']:.{decimals}f}"
            number = rf"\d+\.\d{{{decimals}}}"
            shown = rf"(best )?{mean} \[{number}, {number}\]"
            assert re.fullmatch(shown, cell), cell
            assert table[name]["n"] == 19
            has_best = method == "histogram_match" and name in {"psnr_db", "ssim", "ms_ssim"}
            assert cell.startswith("best ") == has_best


def test_opens_with_a_photo_a_verdict_and_four_numbers(
    report: Callable[..., str], tmp_path: Path
) -> None:
    folder = write_evaluation(tmp_path / "scenes")
    summary = summary_of(folder)
    rating = write_rating(tmp_path / "liked", pair=summary["pair"], photos=summary["photos"])
    other = write_rating(tmp_path / "other", pair="another", photos=summary["photos"])
    html = report(evaluations={"scenes": folder}, ratings={"liked": rating, "other": other})
    head = Page(html.partition("<header>")[2].partition("<nav")[0])
    best = summary["extremes"]["best"][0].removesuffix(".jpg")
    assert {image["alt"].split(",")[0] for image in head.all("img") if image["alt"]} <= {
        best,
        f"Part of {best} at 100 %",
    }
    assert head.all("input")[0]["type"] == "range"
    pattern = r"Enhanced is \d\.\d\d dB above original .* and \d\.\d\d dB below histogram match"
    assert re.search(pattern, head.text)
    assert "CLAHE" not in head.text.upper()
    labels = re.findall(r"(\S[^↑↓]*) [↑↓] \S+(?: dB)? original", head.text)
    assert [label.split()[-1] for label in labels] == ["PSNR", "SSIM", "MS-SSIM", "Score"]
    psnr = summary["methods"]["enhanced"]["psnr_db"]["mean"]
    assert f"{psnr:.2f} dB original" in head.text


def test_links_of_the_contents_have_names_of_their_own(report: Callable[..., str]) -> None:
    contents = report().partition("<nav")[2].partition("</nav>")[0]
    names = re.findall(r"<a [^>]*>(.*?)</a>", contents)
    assert len(names) == len(set(names)) > 4


def test_states_paired_differences_and_identical_pairs(report: Callable[..., str]) -> None:
    text = Page(report()).text
    pattern = r"Enhanced is 1\.\d\d dB above original \(95 % interval \+1\.\d\d to \+2\.\d\d\), "
    assert re.search(pattern, text)
    assert "over 19 photos." in text
    assert "1 of them is identical to the reference" in text


def test_without_references_nothing_is_best(report: Callable[..., str], tmp_path: Path) -> None:
    folder = write_evaluation(tmp_path / "scenes", references=False)
    html = report(evaluations={"scenes": folder})
    page = Page(html)
    assert set(page.rows(2)) == {"original", "enhanced", "histogram match", "clahe"}
    assert "these say what changed" in page.text
    assert "PSNR" not in "".join(page.cells)
    assert 'class="best"' not in html
    assert "Worst and best photos" not in page.text
    # What can be had without a reference is still shown photo by photo.
    charts = [chart.get("aria-label") or "" for chart in page.all("svg")]
    assert sum("of each photo of" in label for label in charts) == 2


@pytest.mark.slow
@pytest.mark.parametrize("where", ["source", "target", "photos", "nowhere"])
def test_banner_exactly_where_something_is_simulated(
    report: Callable[..., str], tmp_path: Path, where: str
) -> None:
    data = {
        name: replace(domain, simulated=name == where) for name, domain in card().data.roles.items()
    }
    pair = write_pair(tmp_path / "pair", data=Domains(**data))
    evaluation = write_evaluation(tmp_path / "evaluation", simulated=where == "photos")
    text = Page(report(pairs={"p": pair}, evaluations={"e": evaluation})).text
    assert ("Demo: simulated camera. These figures say nothing" in text) == (where != "nowhere")


def test_embeds_every_picture_and_loads_nothing(report: Callable[..., str]) -> None:
    html = report()
    page = Page(html)
    sources = [image["src"] or "" for image in page.all("img")]
    # Three photos by five methods, four extremes and the opening by three, whole and in part; three
    # sheets.
    assert len(sources) == 2 * (3 * 5 + 5 * 3) + 3
    assert all(source.startswith("data:image/jpeg;base64,") for source in sources)
    assert all(image["alt"] for image in page.all("img"))
    assert all((link["href"] or "").startswith("#") for link in page.all("a"))
    assert not page.all("link")
    assert not re.search(r"url\(|@import|https?:", html)
    assert "default-src 'none'" in html


def test_links_and_labels_lead_somewhere(report: Callable[..., str]) -> None:
    page = Page(report())
    ids = [attributes["id"] for _, attributes in page.tags if "id" in attributes]
    assert len(ids) == len(set(ids))
    assert {(link["href"] or "").removeprefix("#") for link in page.all("a")} <= set(ids)
    assert all(item["aria-label"] for item in page.all("div") if item.get("role") == "region")
    for control in page.all("input"):
        if control["type"] == "range":
            assert control["aria-label"]
    assert all(chart.get("aria-label") or "aria-hidden" in chart for chart in page.all("svg"))


def test_names_the_photos_with_the_smallest_and_largest_gain(
    report: Callable[..., str], tmp_path: Path
) -> None:
    folder = write_evaluation(tmp_path / "scenes")
    with (folder / "images.csv").open(encoding="utf-8") as stream:
        rows = [row for row in csv.DictReader(stream) if row["identical"] == "0"]
    psnr = {
        method: {row["image"]: float(row["psnr_db"]) for row in rows if row["method"] == method}
        for method in ("original", "enhanced")
    }
    gains = {image: psnr["enhanced"][image] - before for image, before in psnr["original"].items()}
    text = Page(report(evaluations={"scenes": folder})).text
    order = sorted(gains, key=lambda image: gains[image])
    marks = {"Smallest gain (worst)": order[0], "Smallest gain (worst 2)": order[1]}
    marks |= {"Largest gain (best)": order[-1], "Largest gain (best 2)": order[-2]}
    for words, name in marks.items():
        before, after = psnr["original"][name], psnr["enhanced"][name]
        gain = f"{after - before:+.2f}".replace("-", "−")
        stem = name.removesuffix(".jpg")
        assert f"{words}: {before:.2f} → {after:.2f} dB ({gain}). {stem}, 300 × 300 px" in text


def test_extremes_without_pictures_are_named(report: Callable[..., str], tmp_path: Path) -> None:
    folder = write_evaluation(tmp_path / "scenes", pictures={}, gallery=[])
    worst = summary_of(folder)["extremes"]["worst"][0]
    html = report(evaluations={"scenes": folder})
    assert f"Smallest gain (worst): {worst}, " in Page(html).text
    assert 'id="figures-1"' not in html


@pytest.mark.slow
def test_evaluations_on_the_same_photos_share_their_figures(
    report: Callable[..., str], tmp_path: Path
) -> None:
    folders = {name: write_evaluation(tmp_path / name) for name in ("one", "two", "three")}
    # The second pair's network makes other pictures; all else is alike.
    for path in (folders["two"] / "pictures").glob("*.enhanced.jpg"):
        write_photo(path, 255 - read_photo(path).pixels)
    for name, changes in (("two", {"pair": "other"}), ("three", {"photos": "more"})):
        path = folders[name] / "summary.json"
        path.write_text(json.dumps(summary_of(folders[name]) | changes))
    html = report(evaluations=folders)
    first, second = (part.partition("</section>")[0] for part in html.split('id="figures-')[1:])
    choices = [item["value"] for item in Page(first).all("input") if item.get("name") == "left"]
    assert choices == [
        *("original", "histogram_match", "clahe"),
        *("enhanced one", "enhanced two", "target"),
    ]
    assert "enhanced, phone_dslr" in Page(first).text
    assert "enhanced, other" in Page(first).text
    choices = [item["value"] for item in Page(second).all("input") if item.get("name") == "left"]
    assert choices == ["original", "histogram_match", "clahe", "enhanced", "target"]


@pytest.mark.slow
def test_crops_say_where_they_lie(report: Callable[..., str]) -> None:
    boxes = [item for item in Page(report()).all("span") if "where" in (item.get("class") or "")]
    # 80 × 80 px at 10, 20 of a photo of 300 × 300 px.
    style = "left: 3.33%; top: 6.67%; width: 26.67%; height: 26.67%"
    assert {item["style"] for item in boxes} == {style}


@pytest.mark.slow
def test_versions_of_data_and_networks(report: Callable[..., str], tmp_path: Path) -> None:
    pairs = {
        name: write_pair(tmp_path / name, code_commit="c" * 40, torch="2.13.0", sha256=sha256)
        for name, sha256 in (("one", "1" * 64), ("two", "2" * 64))
    }
    html = report(pairs=pairs)
    table = Page(html.partition("<h3>Data and versions</h3>")[2].partition("<h3>Settings</h3>")[0])
    rows = " ".join(table.text.split())
    # Both pairs share their patches: two sets, the test photos, two networks.
    assert len(table.all("tr")) == 1 + 2 + 1 + 2
    assert "phone training patches 2 2,345 555555555555" in rows
    assert "scenes test photos 20 – 999999999999" in rows
    assert "two network – – 222222222222 trained by version 0.1.0+abc, commit cccccccccccc" in rows


def test_escapes_hostile_names(report: Callable[..., str], tmp_path: Path) -> None:
    name = HOSTILE.replace("/", ":")
    pair = write_pair(tmp_path / "pair", source=HOSTILE, code_version=HOSTILE)
    evaluation = write_evaluation(
        tmp_path / "evaluation",
        prefix=name,
        origin=HOSTILE,
        unreadable=(Skipped(HOSTILE, HOSTILE),),
    )
    html = report(
        run_name=HOSTILE,
        pairs={HOSTILE: pair},
        evaluations={HOSTILE: evaluation},
        settings_text=HOSTILE,
    )
    assert html.count("<script>") == 1
    assert HOSTILE in Page(html).text


@pytest.mark.slow
def test_several_pairs_and_evaluations(report: Callable[..., str], tmp_path: Path) -> None:
    pairs = {name: write_pair(tmp_path / name) for name in ("one", "two")}
    evaluations = {name: write_evaluation(tmp_path / name) for name in ("three", "four")}
    html = report(pairs=pairs, evaluations=evaluations)
    for number in (1, 2):
        for kind in ("pair", "evaluation", "training"):
            assert html.count(f'id="{kind}-{number}"') == 1
            opened = (kind, number) == ("evaluation", 1)
            assert html.count(f'href="#{kind}-{number}"') == 1 + opened
    assert html.index("three</a>") < html.index("four</a>")


def test_tables_and_ratings_are_embedded(report: Callable[..., str], tmp_path: Path) -> None:
    page = Page(
        report(
            tables=[write_table(tmp_path / "table.json")],
            ratings={"liked": write_rating(tmp_path / "liked")},
        )
    )
    cells = [" ".join(cell.split()) for cell in page.cells]
    assert "iPhone: WESPE [DIV2K]" in cells
    assert "best" not in "".join(cells[cells.index("iPhone: WESPE [DIV2K]") :][:2])
    assert "18.11 [17.50, 18.70] p < 0.001 paper 17.45" in cells
    assert "not at hand" in cells
    assert "n = 12 in every cell." in page.text
    assert "Not at hand: No such photos here." in page.text
    assert "This rater has learned from simulated data" in page.text
    rated = page.text.partition("How it is rated: Flickr Faves Score liked")[2]
    assert "n = 40 in every cell." in rated
    assert len(re.findall(r"0\.\d{3} \[0\.\d{3}, 0\.\d{3}\]", rated)) == 3  # a change is one
    assert "Photos by score" in page.text


def test_ratings_of_simulated_photos_raise_the_banner(
    report: Callable[..., str], tmp_path: Path
) -> None:
    folder = write_rating(tmp_path / "liked", simulated=True)
    assert "Demo: simulated camera. These" in Page(report(ratings={"liked": folder})).text


@pytest.mark.parametrize(
    ("file", "content", "message"),
    [
        ("liked/scores.csv", "image,method\n", r"scores\.csv: expected the column score"),
        ("liked/scores.csv", "image,method,score\na,b,c\n", r"scores\.csv, line 2: expected a num"),
        ("liked/summary.json", "{}", r"summary\.json: expected a rating's summary, but rating"),
        ("table.json", "[]", r"table\.json: expected a table, by `wespe tables`, but"),
    ],
)
def test_refuses_wrong_tables_and_ratings(
    report: Callable[..., str], tmp_path: Path, file: str, content: str, message: str
) -> None:
    table, rating = write_table(tmp_path / "table.json"), write_rating(tmp_path / "liked")
    (tmp_path / file).write_text(content, "utf-8")
    with pytest.raises(ValueError, match=message):
        report(pairs={}, evaluations={}, tables=[table], ratings={"liked": rating})


@pytest.mark.slow
def test_the_same_results_give_the_same_bytes(report: Callable[..., str], tmp_path: Path) -> None:
    first = report()
    pairs = {"phone_dslr": tmp_path / "pairs" / "phone_dslr"}
    evaluations = {"scenes": tmp_path / "evaluations" / "scenes"}
    assert report(pairs=pairs, evaluations=evaluations) == first


def test_values_that_are_no_numbers_become_dashes(
    report: Callable[..., str], tmp_path: Path
) -> None:
    pair = write_pair(tmp_path / "pair", final_losses={"content": math.nan, "tv": None})
    with (pair / "losses.jsonl").open("a", encoding="utf-8") as stream:
        stream.write('{"step": 1420, "content": NaN, "tv": null, "d_color": Infinity}\n')
    folder = write_evaluation(tmp_path / "evaluation", n=5)
    values = ("original,0,inf", "enhanced,0,", "clahe,0,17.5")
    lines = ["image,method,identical,psnr_db", *(f"0.jpg,{value}" for value in values)]
    (folder / "images.csv").write_text("\n".join(lines), "utf-8")
    read = read_record(folder / "summary.json", EvaluationSummary)
    means = means_of(read_images(folder / "images.csv"))
    methods = {name: means.get(name, {}) for name in ("original", "enhanced", "clahe")}
    write_record(folder / "summary.json", replace(read, methods=methods))
    page = Page(report(pairs={"p": pair}, evaluations={"e": folder}))
    rows = page.rows(1)
    assert rows == {"original": ["–"], "enhanced": ["–"], "clahe": ["17.50"]}
    attributes = " ".join(value for _, table in page.tags for value in table.values() if value)
    assert not re.search(r"\b(nan|NaN|inf|Infinity|None)\b", page.text + attributes)


def test_a_photo_without_one_picture_says_so(report: Callable[..., str], tmp_path: Path) -> None:
    folder = write_evaluation(tmp_path / "scenes")
    (folder / "pictures" / "1.target.jpg").unlink()
    assert "No target picture of this photo" in Page(report(evaluations={"e": folder})).text


def test_patches_are_embedded_unchanged_and_enlarged(
    report: Callable[..., str], tmp_path: Path
) -> None:
    folder = write_evaluation(tmp_path / "scenes", patches=True)
    page = Page(report(evaluations={"e": folder}))
    figures = [item for item in page.all("figure") if "patch" in (item.get("class") or "")]
    assert [item["style"] for item in figures] == ["--width: 300; --ratio: 1.0"] * 8


@pytest.mark.slow
@pytest.mark.parametrize(
    ("size", "shown_size"), [((600, 800), ("800", "600")), ((900, 1600), ("1200", "675"))]
)
def test_large_pictures_are_made_smaller(
    report: Callable[..., str],
    tmp_path: Path,
    size: tuple[int, int],
    shown_size: tuple[str, str],
) -> None:
    folder = write_evaluation(tmp_path / "scenes")
    noise = np.random.default_rng(0).integers(0, 256, (*size, 3), dtype=np.uint8)
    large = folder / "pictures" / "0.original.jpg"
    write_photo(large, noise)
    page = Page(report(evaluations={"e": folder}))
    shown = next(image for image in page.all("img") if image["alt"] == "0, original")
    assert (shown["width"], shown["height"]) == shown_size
    assert len(shown["src"] or "") < large.stat().st_size


@pytest.mark.parametrize(
    ("file", "content", "message"),
    [
        ("pair/generator.json", None, r"generator\.json: expected a model card, found none"),
        ("pair/generator.json", "{", r"generator\.json: expected JSON, got"),
        (
            "pair/generator.json",
            "{}",
            r"generator\.json: expected a model card, but intended_use",
        ),
        ("pair/losses.jsonl", None, r"losses\.jsonl: expected one record of the losses"),
        ("pair/losses.jsonl", '{"step": 1}\n[1]\n', r"losses\.jsonl, line 2: expected losses like"),
        ("pair/losses.jsonl", '{"tv": 1}\n', r"losses\.jsonl, line 1: .* got '\{\"tv\": 1\}'"),
        ("pair/samples/x.jpg", "", r"x\.jpg: expected a name like 000400\.jpg"),
        ("pair/samples/001400.jpg", "", r"001400\.jpg: empty file"),
        ("evaluation/summary.json", None, r"summary\.json: expected an evaluation's summary"),
        ("evaluation/summary.json", "[]", r"summary\.json: expected an evaluation's summary"),
        ("evaluation/images.csv", None, r"images\.csv: expected a table of images"),
        ("evaluation/images.csv", "", r"images\.csv: expected the column image, got an empty file"),
        (
            "evaluation/images.csv",
            "image,method,identical,psnr_db\na,original,0,high\n",
            r"images\.csv, line 2: expected numbers",
        ),
        ("evaluation/pictures/x.jpg", "", r"x\.jpg: expected a name like photo\.method\.jpg"),
        ("evaluation/crops/x.jpg", "", r"x\.jpg: expected a name like photo\.method\.jpg"),
        ("evaluation/crops/0.target.jpg", "no", r"0\.target\.jpg: not an image"),
        ("evaluation/pictures/0.target.jpg", "no", r"0\.target\.jpg: not an image"),
    ],
)
def test_refuses_wrong_files_by_name(
    report: Callable[..., str], tmp_path: Path, file: str, content: str | None, message: str
) -> None:
    pair = write_pair(tmp_path / "pair")
    evaluation = write_evaluation(tmp_path / "evaluation")
    if content is None:
        (tmp_path / file).unlink()
    else:
        (tmp_path / file).write_text(content, "utf-8")
    with pytest.raises(ValueError, match=message):
        report(pairs={"p": pair}, evaluations={"e": evaluation})
    assert not (tmp_path / "report.html").exists()


@pytest.mark.parametrize("folder", ["pair/samples", "evaluation/pictures", "evaluation/crops"])
def test_refuses_missing_folders_by_name(
    report: Callable[..., str], tmp_path: Path, folder: str
) -> None:
    pair = write_pair(tmp_path / "pair")
    evaluation = write_evaluation(tmp_path / "evaluation")
    shutil.rmtree(tmp_path / folder)
    with pytest.raises(ValueError, match=f"{folder}: expected a folder"):
        report(pairs={"p": pair}, evaluations={"e": evaluation})


def test_the_verdict_is_by_the_first_metric_with_a_direction() -> None:
    evaluated = result({"original": {"ssim": [0.5] * 6}, "enhanced": {"ssim": [0.75] * 6}})
    view = view_evaluation(evaluated)
    assert view.judged_by
    assert view.judged_by.label == "SSIM"
    assert view.verdict.startswith("Enhanced is 0.25 SSIM above original")
