"""What belongs into a table: names of networks, and the scores of raters as columns."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import pytest

from tests.made import rating as summary_of_rating
from tests.test_tables import cells, result, table
from wespe.judging.raters.rate import metric_name
from wespe.reports.tables.build import build
from wespe.reports.tables.columns import measure_of_rater
from wespe.reports.tables.entries import Entry, Trained, entries, with_scores
from wespe.results.ratings import RatedBy
from wespe.results.reading import EvaluationResult, RatingResult
from wespe.results.score import Score

ENTROPY = {"original": {"entropy_bit": [7.0] * 8}, "enhanced": {"entropy_bit": [7.0] * 8}}
PAIRS = {
    "p": Trained("wespe", "canon"),
    "q": Trained("wespe", "canon"),
    "r": Trained("r", published=True),
    "new": Trained("mine", "canon"),
}


def rating(
    label: str, scores: Mapping[str, Sequence[float]], name: str = "cornia", **changes: Any
) -> RatingResult:
    """A rating of the photos and the pair of `result`: method → a score a photo."""
    rater = RatedBy(name=name, kind="cornia", simulated=False, sha256="0c" * 32)
    made: dict[str, Any] = {
        "rater": rater,
        "pair": "p",
        "shown": Score(label, better="lower", decimals=1),
        "metric": metric_name(label, rater),
        "photos": "s",
    }
    photos: dict[str, dict[str, float]] = {}
    for method, values in scores.items():
        for number, value in enumerate(values):
            photos.setdefault(f"{number}.jpg", {})[method] = value
    return RatingResult("r", summary_of_rating(**made | changes), photos)


def of_pair(pair: str) -> EvaluationResult:
    made = result(ENTROPY)
    return replace(made, summary=replace(made.summary, pair=pair))


def test_networks_are_named_by_their_methods_and_told_apart_by_their_pairs() -> None:
    evaluations = {name: of_pair(name) for name in PAIRS}
    settings = table(None, evaluations={name: {} for name in PAIRS})
    made = entries("t", settings, evaluations, [], PAIRS)
    assert [(entry.network, entry.published) for entry in made] == [
        ("WESPE [canon] (p)", False),
        ("WESPE [canon] (q)", False),
        ("DPED, published network", True),
        ("mine", False),
    ]


def test_networks_of_one_method_on_other_photos_need_no_names_of_pairs() -> None:
    evaluations = {name: of_pair(name) for name in ("p", "q")}
    shown = {"p": {"dataset": "iPhone"}, "q": {"dataset": "Sony"}}
    made = entries("t", table("wespe_3", evaluations=shown), evaluations, [], PAIRS)
    assert [(entry.photos, entry.network) for entry in made] == [
        ("iPhone", "WESPE [canon]"),
        ("Sony", "WESPE [canon]"),
    ]


def test_results_of_a_pair_that_the_settings_do_not_have_are_refused() -> None:
    settings = table(None, evaluations={"scenes": {}})
    with pytest.raises(
        ValueError,
        match=r"scenes: expected results of a pair of the settings \(p\), got those of 'x'",
    ):
        entries("t", settings, {"scenes": of_pair("x")}, [], {"p": PAIRS["p"]})


def test_photos_are_called_as_in_the_paper_or_by_their_source() -> None:
    evaluations = {"p": of_pair("p"), "r": of_pair("r")}
    settings = table("wespe_3", evaluations={"p": {}, "r": {"dataset": "iPhone", "method": "DPED"}})
    first, second = entries("t", settings, evaluations, [], PAIRS)
    assert (first.photos, first.dataset, first.method) == ("s", None, None)
    assert (second.photos, second.dataset, second.method) == ("iPhone", "iPhone", "DPED")


@pytest.mark.parametrize(
    ("label", "key", "paper"),
    [("CORNIA", "cornia", 30.85), ("CORNIA (refit)", "cornia_refit", None)],
)
def test_a_rater_fills_the_papers_column_or_one_of_its_own(
    label: str, key: str, paper: float | None
) -> None:
    rated = rating(label, {"original": [30.0] * 8, "enhanced": [20.0] * 7})
    made, [measure] = with_scores(result(ENTROPY), [rated])
    shown = measure.shown
    assert (measure.key, shown.label, shown.better, shown.decimals) == (key, label, "lower", 1)
    entry = Entry(made, "iPhone", "WESPE [canon]", "iPhone", rated=[measure])
    data = build("t", table("wespe_3"), [entry])
    keys = ["entropy_bit", "png_bpp", "cornia"]
    assert [each.key for each in data.columns] == keys + [key] * (key not in keys)
    original = cells(data, "iPhone: original")
    assert (original[key].value, original[key].paper) == (30, paper)
    # The rater has no score of the eighth photo as it is enhanced.
    enhanced = cells(data, "iPhone: WESPE [canon]")[key]
    assert (enhanced.value, enhanced.n, enhanced.p) == (20, 7, 2 / 2**7)


@pytest.mark.parametrize("changes", [{"pair": "q"}, {"photos": "others"}])
def test_a_rating_of_another_pair_or_of_other_photos_is_none_of_an_evaluation(
    changes: dict[str, str],
) -> None:
    rated = rating("CORNIA", {"original": [30.0] * 8}, **changes)
    assert with_scores(result(ENTROPY), [rated]) == (result(ENTROPY), [])


def test_raters_of_one_kind_have_columns_by_their_names() -> None:
    measure = measure_of_rater(rating("CORNIA (refit)", {}, name="phones").summary)
    assert (measure.key, measure.shown.label) == ("phones_cornia_refit", "CORNIA (refit), phones")


def test_two_ratings_in_one_column_are_refused() -> None:
    rated = rating("CORNIA", {"original": [30.0] * 8})
    settings = table("wespe_3", evaluations={"p": {}}, ratings=("r", "again"))
    with pytest.raises(
        ValueError,
        match=r"tables\.t\.ratings: expected one for the column CORNIA of e, got again too",
    ):
        entries("t", settings, {"p": of_pair("p")}, [rated, replace(rated, name="again")], PAIRS)


@pytest.mark.parametrize(
    ("method", "begun", "name"),
    [
        ("srgan", "srresnet", "SRGAN"),
        ("esrgan", "rrdb", "ESRGAN"),
        ("esrgan", "compact", "ESRGAN of compact"),
        ("srgan", "edsr", "SRGAN of EDSR"),
        ("tecogan", "compact", "tecogan"),
        ("compact", None, "compact"),
    ],
)
def test_a_gan_of_another_network_than_the_papers_says_so(
    method: str, begun: str | None, name: str
) -> None:
    assert Trained(method, "large", begun=begun).name == name
