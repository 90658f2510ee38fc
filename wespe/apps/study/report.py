"""Figures of a study as files: JSON for the report page, Markdown to read, CSV; and the votes."""

import csv
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from wespe.apps.study.folder import Study
from wespe.apps.study.paper import SRGAN_METHODS, SRGAN_SCORES, srgan_sets
from wespe.apps.study.results import analyse, attention
from wespe.apps.study.votes import Votes
from wespe.core.files import atomic_file
from wespe.results.layout import StudyFiles
from wespe.results.record import as_json, write_record
from wespe.results.score import typeset
from wespe.results.studies import PaperStudy, StudyFigures

_VOTE_COLUMNS = (
    *("study", "subject", "simulated", "flagged", "position", "part", "set", "photo"),
    *("left", "right", "chosen", "rating", "seconds", "at"),
)


def export_votes(out: Path, study: Study, votes: Votes) -> int:
    """Write all votes, practice and catch trials too, as CSV; returns how many.

    `left` and `right` are the methods that were seen there, `chosen` the one preferred. Of a
    rating `left` and `chosen` are the method rated. Subjects are numbers; their codes stay out.
    """
    cast = votes.votes()
    checks = attention(cast)
    simulated = {subject.number: int(subject.simulated) for subject in votes.subjects()}
    rows = [
        (
            *(study.study, vote.subject, simulated[vote.subject]),
            *(int(checks[vote.subject].flagged), vote.position),
            *(vote.item.part, vote.item.set, vote.item.photo, vote.shown[0]),
            vote.shown[1] if len(vote.shown) == 2 else "",
            vote.chosen,
            vote.choice if len(vote.shown) == 1 else "",
            *(f"{vote.seconds:.2f}", vote.at),
        )
        for vote in cast
    ]
    _write_table(out, _VOTE_COLUMNS, rows)
    return len(rows)


def write_results(files: StudyFiles, study: Study, votes: Votes) -> StudyFigures:
    """Write a study's figures as JSON, Markdown and CSV. Raises ValueError as `analyse` does."""
    figures = analyse(study, votes.subjects(), votes.votes())
    write_record(files.figures, figures)
    with atomic_file(files.text) as temporary:
        temporary.write_text(as_markdown(figures), "utf-8")
    rows = [_flat(as_json(row)) for row in figures.preferences or figures.ratings]
    _write_table(files.table, list(rows[0]), [row.values() for row in rows])
    return figures


def _write_table(path: Path, columns: Sequence[str], rows: Iterable[Iterable[Any]]) -> None:
    with atomic_file(path) as temporary, temporary.open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow(columns)
        table.writerows([_text(cell) for cell in row] for row in rows)


def _text(cell: Any) -> Any:
    """A cell that no spreadsheet takes for a formula: names of photos may begin like one."""
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(tuple("=+-@\t\r")) else cell


def _flat(row: Mapping[str, Any]) -> dict[str, Any]:
    """A row without nesting: intervals as two columns, the paper's figure as one."""
    flat: dict[str, Any] = {}
    for key, value in row.items():
        if key in {"wilson", "bootstrap", "interval"}:
            flat[f"{key}_low"], flat[f"{key}_high"] = value or ("", "")
        elif key == "with_flagged":
            flat |= {f"{key}_{name}": number for name, number in value.items()}
        elif key == "paper":
            flat["paper_fraction"] = value["fraction"] if value else ""
        else:
            flat[key] = "all" if value is None and key == "set" else value
    return flat


def as_markdown(figures: StudyFigures) -> str:
    """The figures as a page of Markdown; simulations say so first."""
    lines = [f"# {figures.title}", ""]
    if figures.simulated_subjects:
        lines += [
            "**Simulated subjects: nobody was asked. This tests the study, not the photos.**",
            "",
        ]
    if figures.simulated_photos:
        lines += ["**Demo: some photos come from a simulated camera.**", ""]
    lines += [_who(figures), ""]
    lines += _preference_lines(figures) if figures.kind == "pairs" else _rating_lines(figures)
    agreement = figures.agreement
    lines += [
        f"Agreement between subjects: Krippendorff's alpha ({agreement.level}) "
        f"{_number(agreement.krippendorff_alpha)}; two subjects gave the same answer to "
        f"{_percent(agreement.same_answer)} of what both saw. Alpha shows whether subjects "
        "agree on which trials differ from the others. If one method wins everywhere alike, it is "
        "near 0 although most answers are the same.",
        "",
    ]
    return "\n".join(lines + (_paper_lines(figures.paper) if figures.kind == "pairs" else []))


def _who(figures: StudyFigures) -> str:
    who = figures.subjects
    flagged = ", ".join(str(one.subject) for one in who.flagged)
    text = f"{who.voted} subjects answered, {who.finished} of them to the end. "
    if not flagged:
        return text + "None failed more than a quarter of their catch trials."
    return (
        f"{text}Flagged, since they failed more than a quarter of their catch trials: "
        f"{flagged}. The figures leave them out, except in the column “with flagged”."
    )


def _preference_lines(figures: StudyFigures) -> list[str]:
    lines = [
        "How often the enhanced photo was preferred. Wilson's 95 % interval treats all votes as "
        "independent; the bootstrap resamples subjects. Both are only about these photos.",
        "",
        "| set | against | votes | subjects | fraction | Wilson | bootstrap | with flagged | "
        "the paper's |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for row in figures.preferences:
        paper = row.paper
        cells = [
            row.set or "all",
            *(row.against, row.votes, row.subjects),
            *(_number(row.fraction), _interval(row.wilson), _interval(row.bootstrap)),
            _number(row.with_flagged.fraction),
            f"{paper.fraction:.2f} ± {paper.plus_minus:.2f}" if paper else "–",
        ]
        lines.append(_row(cells))
    lines += [
        "",
        "Bradley–Terry strengths (mean zero; a difference of 1 is a preference of 73 %):",
        "",
        "| set | method | strength | bootstrap |",
        "|---|---|---|---|",
    ]
    for fitted in figures.strengths:
        values = _number(fitted.strength), _interval(fitted.bootstrap)
        lines.append(_row([fitted.set or "all", fitted.method, *values]))
    return [*lines, ""]


def _rating_lines(figures: StudyFigures) -> list[str]:
    lines = [
        "Mean opinion scores, from 1 (bad) to 5 (excellent). The 95 % interval treats all "
        "ratings as independent (ITU-R BT.500); the bootstrap resamples subjects.",
        "",
        "| set | method | ratings | subjects | mean | std | interval | bootstrap | with flagged |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for row in figures.ratings:
        cells = [
            row.set or "all",
            *(row.method, row.votes, row.subjects, _number(row.mean)),
            *(_number(row.std), _interval(row.interval), _interval(row.bootstrap)),
            _number(row.with_flagged.mean),
        ]
        lines.append(_row(cells))
    return [*lines, "", *_srgan_lines(figures)]


def _srgan_lines(figures: StudyFigures) -> list[str]:
    """The scores of SRGAN's paper, where its sets were rated here too."""
    sets = srgan_sets(row.set for row in figures.ratings)
    if not sets:
        return []
    return [
        "Mean opinion scores of the SRGAN paper (Ledig et al., CVPR 2017, table 2), ×4, of 26 "
        "other people, who had first been shown what is a 1 and what a 5:",
        "",
        _row(["set", *SRGAN_METHODS]),
        "|---" * (len(SRGAN_METHODS) + 1) + "|",
        *(_row([name, *map(_number, SRGAN_SCORES[name])]) for name in sets),
        "",
    ]


def _paper_lines(paper: PaperStudy) -> list[str]:
    sets = list(paper.table_5[0].fractions)
    lines = [
        f"The paper's own study ({paper.source}), with other people and photos: {paper.about}",
        "",
        _row(["WESPE against", *sets]),
        "|---" * (len(sets) + 1) + "|",
    ]
    for row in paper.table_5:
        cells = [f"{value:.2f} ± {spread:.2f}" for value, spread in row.fractions.values()]
        lines.append(_row([row.against, *cells]))
    return [*lines, ""]


def _row(cells: Iterable[Any]) -> str:
    return f"| {' | '.join(map(str, cells))} |"


def _number(value: float | None) -> str:
    return "–" if value is None else typeset(value, ".2f")


def _percent(value: float | None) -> str:
    return "–" if value is None else f"{value:.0%}"


def _interval(value: tuple[float, float] | None) -> str:
    return "–" if value is None else f"{_number(value[0])} to {_number(value[1])}"
