"""The values of the papers' tables, typed a second time where it matters, and tables' settings."""

import csv
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import ROOT
from tests.test_config import refusal, write
from wespe.judging.metrics.registry import METRICS
from wespe.reports.papers.values import TITLES, printed

# From the papers once more, a row of each table whole, as the source prints it.
AGAIN = {
    "wespe_2": {
        "iPhone": "17.28 0.86 17.76 0.88 18.11 0.90 21.35 0.92",
        "BlackBerry": "18.91 0.89 16.71 0.91 16.78 0.91 20.66 0.93",
        "Sony": "19.45 0.92 20.05 0.89 20.29 0.93 22.01 0.94",
    },
    "wespe_3": {
        "iPhone": "7.29 10.67 30.85 7.40 9.33 43.65 7.55 10.94 32.35 7.52 14.17 27.90 "
        "7.52 15.13 27.40",
        "BlackBerry": "7.51 12.00 11.09 7.55 10.19 23.19 7.51 11.39 20.62 7.43 12.64 23.93 "
        "7.60 12.72 9.18",
        "Sony": "7.51 11.63 32.69 7.62 11.37 34.85 7.53 10.90 30.54 7.59 12.05 34.77 "
        "7.46 12.33 34.56",
    },
    "wespe_6": {
        "Cityscapes": "6.73 8.44 43.42 7.30 6.74 46.73 7.56 11.59 32.53",
        "KITTI": "7.12 7.76 55.69 7.58 10.21 37.64 7.55 11.88 39.09",
        "HTC One M9": "7.51 9.52 23.31 7.64 9.64 28.46 7.69 12.99 26.35",
        "Huawei P9": "7.71 10.60 20.63 7.78 10.27 25.85 7.70 12.61 27.52",
        "iPhone 6": "7.56 11.65 24.67 7.57 9.25 35.82 7.53 13.44 28.51",
    },
    "wespe_7": {
        "iPhone": "0.3190 0.5093 0.5341 0.6155",
        "BlackBerry": "0.4765 0.5366 0.5904 0.6001",
        "Sony": "0.5694 0.6572 0.6774 0.6828",
        "average": "0.4550 0.5677 0.6006 0.6328",
    },
    "wespe_8": {
        "Cityscapes": "0.4075 0.4339",
        "KITTI": "0.3792 0.5415",
        "HTC One M9": "0.5194 0.6193",
        "Huawei P9": "0.5322 0.5705",
        "iPhone 6": "0.5516 0.7412",
        "average": "0.4780 0.5813",
    },
    "dped_1": {
        "iPhone": "17.28 0.8631 19.27 0.8992 20.32 0.9161 20.08 0.9201",
        "BlackBerry": "18.91 0.8922 18.89 0.9134 20.11 0.9298 20.07 0.9328",
        "Sony": "19.45 0.9168 21.21 0.9382 21.33 0.9434 21.81 0.9437",
    },
    "sr_x4": {
        "Set5": "28.42 0.8104 30.48 0.8628 32.16 0.8938 30.67 0.8627 32.46 0.8968 32.73 0.9011 "
        "30.45 0.8677",
        "Set14": "26.00 0.7027 27.50 0.7513 28.57 0.7815 27.12 0.7321 28.80 0.7876 28.99 0.7917 "
        "26.28 0.7783",
        "BSD100": "25.96 0.6675 26.90 0.7101 27.56 0.7367 26.22 0.6867 27.71 0.7420 27.85 0.7455 "
        "25.32 0.6506",
    },
}
METHODS = {
    "wespe_2": ["APE", "WESPE [DIV2K]", "WESPE [DPED]", "DPED"],
    "wespe_3": ["original", "APE", "DPED", "WESPE [DPED]", "WESPE [DIV2K]"],
    "wespe_6": ["original", "APE", "WESPE [DIV2K]"],
    "wespe_7": ["original", "DPED", "WESPE [DPED]", "WESPE [DIV2K]"],
    "wespe_8": ["original", "WESPE [DIV2K]"],
    "dped_1": ["APE", "SRCNN", "Johnson et al.", "DPED"],
    "sr_x4": ["bicubic", "SRCNN", "SRResNet", "SRGAN", "EDSR", "RRDB", "ESRGAN"],
}


@pytest.mark.parametrize("paper", TITLES)
def test_a_table_is_as_printed(paper: str) -> None:
    table = printed(paper)
    assert table.datasets == list(AGAIN[paper])
    assert table.methods == METHODS[paper]
    for dataset, text in AGAIN[paper].items():
        ours = [
            f"{table.values[dataset, method, metric]:.{table.decimals[metric]}f}"
            for method in table.methods
            for metric in table.metrics
        ]
        assert ours == text.split()
    assert len(table.values) == len(table.datasets) * len(table.methods) * len(table.metrics)


def test_the_file_has_nothing_twice_and_nothing_else() -> None:
    with (ROOT / "wespe" / "reports" / "papers" / "values.csv").open(
        encoding="utf-8", newline=""
    ) as stream:
        rows = list(csv.DictReader(stream))
    cells = Counter(tuple(row.values())[:5] for row in rows)
    assert set(cells.values()) == {1}
    assert {f"{row['paper']}_{row['table']}" for row in rows} == set(TITLES)
    assert {row["metric"] for row in rows} - set(METRICS) == {"psnr_pooled_db", "cornia", "ffs"}


def test_the_averages_of_the_papers_are_those_of_its_rows() -> None:
    for paper in ("wespe_7", "wespe_8"):
        table = printed(paper)
        *datasets, average = table.datasets
        for method in table.methods:
            mean = sum(table.values[name, method, "ffs"] for name in datasets) / len(datasets)
            assert mean == pytest.approx(table.values[average, method, "ffs"], abs=6e-5)


TABLE: dict[str, Any] = {"paper": "wespe_2", "evaluations": {"scenes": {"dataset": "iPhone"}}}


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (
            {"paper": "wespe_5"},
            "tables.t.paper must be 'wespe_2', 'wespe_3', 'wespe_6', 'wespe_7', 'wespe_8', "
            "'dped_1' or 'sr_x4', got 'wespe_5'",
        ),
        (
            {"evaluations": {"scene": {}}},
            "tables.t.evaluations.scene must name an evaluation (scenes)",
        ),
        (
            {"evaluations": {"scenes": {"dataset": "Iphone"}}},
            "tables.t.evaluations.scenes.dataset must be one of the paper's "
            "(iPhone, BlackBerry, Sony), got 'Iphone'",
        ),
        (
            {"paper": "wespe_7", "evaluations": {"scenes": {"dataset": "average"}}},
            "tables.t.evaluations.scenes.dataset must be one of the paper's "
            "(iPhone, BlackBerry, Sony), got 'average'",
        ),
        (
            {"paper": "wespe_8", "evaluations": {"scenes": {"method": "original"}}},
            "tables.t.evaluations.scenes.method must be one of the paper's (WESPE [DIV2K]), "
            "got 'original'",
        ),
        (
            {"paper": None},
            "tables.t.evaluations.scenes.dataset must be one of the paper's "
            "(none, without tables.t.paper), got 'iPhone'",
        ),
        (
            {"photo_of": "a(b"},
            "tables.t.photo_of: not a regular expression: missing ), unterminated "
            "subpattern at position 1, got 'a(b'",
        ),
        (
            {"photo_of": ".*"},
            "tables.t.photo_of: expected a regular expression with one group in "
            "parentheses, got '.*'",
        ),
        ({"evaluation": {}}, "tables.t.evaluation is not a setting; did you mean evaluations?"),
    ],
)
def test_wrong_settings_are_refused_by_name(
    tmp_path: Path, change: dict[str, Any], problem: str
) -> None:
    path = write(tmp_path / "params.yaml", {"tables": {"t": TABLE | change}})
    assert refusal(path) == [problem]


def test_a_rating_has_to_be_of_a_pair_and_photos_of_the_table(tmp_path: Path) -> None:
    changes = {
        "ratings": {
            "scenes": {"rater": "ffs", "pair": "phone_dslr", "photos": "scenes"},
            "other": {"rater": "ffs", "pair": "phone_dslr", "photos": "phone"},
        },
        "tables": {"t": {"evaluations": {"scenes": {}}, "ratings": ["scenes", "other", "none"]}},
    }
    expected = "must name a rating of the pair and photos of one of its evaluations (scenes), got"
    assert refusal(write(tmp_path / "params.yaml", changes)) == [
        f"tables.t.ratings.1 {expected} 'other'",
        f"tables.t.ratings.2 {expected} 'none'",
    ]


def test_a_dataset_is_of_one_source(tmp_path: Path) -> None:
    iphone = {"dataset": "iPhone"}
    changes = {
        "evaluations.others": {"pair": "phone_dslr", "photos": "phone"},
        "tables": {"t": {"paper": "wespe_2", "evaluations": {"others": iphone, "scenes": iphone}}},
    }
    assert refusal(write(tmp_path / "params.yaml", changes)) == [
        "tables.t.evaluations.scenes.dataset: iPhone has the photos of phone already, "
        "got those of scenes"
    ]
