"""Figures of a study as files: JSON for the report page, Markdown to read, CSV; and the votes."""

import csv
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from wespe.apps.study.folder import Study
from wespe.apps.study.paper import ABOUT, SOURCE, TABLE_5
from wespe.apps.study.results import analyse, attention
from wespe.apps.study.votes import Votes
from wespe.core.files import atomic_file, write_json

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


def write_results(
    folder: Path, study: Study, votes: Votes, *, name: str | None = None
) -> dict[str, Any]:
    """Write `NAME.json`, `NAME.md` and `NAME.csv` into `folder`; returns what the JSON holds.

    `name` is the study's own where there is none. Raises ValueError as `analyse` does.
    """
    name = name or study.study
    results = analyse(study, votes.subjects(), votes.votes())
    paper = [{"against": row.against, "fractions": row.fractions} for row in TABLE_5]
    results["paper"] = {"source": SOURCE, "about": ABOUT, "table_5": paper}
    write_json(folder / f"{name}.json", results)
    with atomic_file(folder / f"{name}.md") as temporary:
        temporary.write_text(as_markdown(results), "utf-8")
    rows = results.get("preferences") or results["ratings"]
    flat = [_flat(row) for row in rows]
    _write_table(folder / f"{name}.csv", list(flat[0]), [row.values() for row in flat])
    return results


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


def as_markdown(results: Mapping[str, Any]) -> str:
    """The figures as a page of Markdown; simulations say so first."""
    lines = [f"# {results['title']}", ""]
    if results["simulated_subjects"]:
        lines += ["**Simulated subjects: nobody was asked. This tests the study, no photo.**", ""]
    if results["simulated_photos"]:
        lines += ["**Demo: some photos come from a simulated camera.**", ""]
    lines += [_who(results), ""]
    lines += _preference_lines(results) if results["kind"] == "pairs" else _rating_lines(results)
    agreement = results["agreement"]
    lines += [
        f"Agreement between subjects: Krippendorff's alpha ({agreement['level']}) "
        f"{_number(agreement['krippendorff_alpha'])}; two subjects gave the same answer to "
        f"{_percent(agreement['same_answer'])} of what both saw. Alpha asks whether subjects agree "
        "on which trials differ from the others: where one method wins everywhere alike, it is "
        "near 0 although most answers are the same.",
        "",
    ]
    return "\n".join(lines + (_paper_lines(results["paper"]) if results["kind"] == "pairs" else []))


def _who(results: Mapping[str, Any]) -> str:
    who = results["subjects"]
    flagged = ", ".join(str(one["subject"]) for one in who["flagged"])
    text = f"{who['voted']} subjects answered, {who['finished']} of them to the end. "
    if not flagged:
        return text + "None failed more than a quarter of their catch trials."
    return (
        f"{text}Flagged, since they failed more than a quarter of their catch trials: "
        f"{flagged}. Figures are without them; the column “with flagged” is not."
    )


def _preference_lines(results: Mapping[str, Any]) -> list[str]:
    lines = [
        "How often the enhanced photo was preferred. Wilson's 95 % interval takes all votes as "
        "independent; the bootstrap's resamples subjects. Both speak of these photos alone.",
        "",
        "| set | against | votes | subjects | fraction | Wilson | bootstrap | with flagged | "
        "the paper's |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for row in results["preferences"]:
        paper = row["paper"]
        cells = [
            row["set"] or "all",
            *(row["against"], row["votes"], row["subjects"]),
            *(_number(row["fraction"]), _interval(row["wilson"]), _interval(row["bootstrap"])),
            _number(row["with_flagged"]["fraction"]),
            f"{paper['fraction']:.2f} ± {paper['plus_minus']:.2f}" if paper else "–",
        ]
        lines.append(_row(cells))
    lines += [
        "",
        "Bradley–Terry strengths (mean zero; a difference of 1 is a preference of 73 %):",
        "",
        "| set | method | strength | bootstrap |",
        "|---|---|---|---|",
    ]
    for row in results["strengths"]:
        values = _number(row["strength"]), _interval(row["bootstrap"])
        lines.append(_row([row["set"] or "all", row["method"], *values]))
    return [*lines, ""]


def _rating_lines(results: Mapping[str, Any]) -> list[str]:
    lines = [
        "Mean opinion scores, from 1 (bad) to 5 (excellent). The 95 % interval takes all ratings "
        "as independent (ITU-R BT.500); the bootstrap's resamples subjects.",
        "",
        "| set | method | ratings | subjects | mean | std | interval | bootstrap | with flagged |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for row in results["ratings"]:
        cells = [
            row["set"] or "all",
            *(row["method"], row["votes"], row["subjects"], _number(row["mean"])),
            *(_number(row["std"]), _interval(row["interval"]), _interval(row["bootstrap"])),
            _number(row["with_flagged"]["mean"]),
        ]
        lines.append(_row(cells))
    return [*lines, ""]


def _paper_lines(paper: Mapping[str, Any]) -> list[str]:
    sets = list(paper["table_5"][0]["fractions"])
    lines = [
        f"The paper's own study ({paper['source']}), of other people and other photos: "
        f"{paper['about']}",
        "",
        _row(["WESPE against", *sets]),
        "|---" * (len(sets) + 1) + "|",
    ]
    for row in paper["table_5"]:
        cells = [f"{value:.2f} ± {spread:.2f}" for value, spread in row["fractions"].values()]
        lines.append(_row([row["against"], *cells]))
    return [*lines, ""]


def _row(cells: Iterable[Any]) -> str:
    return f"| {' | '.join(map(str, cells))} |"


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.2f}".replace("-", "−")


def _percent(value: float | None) -> str:
    return "–" if value is None else f"{value:.0%}"


def _interval(value: tuple[float, float] | None) -> str:
    return "–" if value is None else f"{_number(value[0])} to {_number(value[1])}"
