"""The report page: results in, one self-contained HTML file out."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

import wespe
from wespe.core.files import atomic_file
from wespe.reports.page.evaluations import view_evaluation
from wespe.reports.page.opening import opening
from wespe.reports.page.pairs import view_pair
from wespe.reports.page.pictures import galleries
from wespe.reports.page.provenance import versions
from wespe.reports.page.ratings import view_rating
from wespe.reports.rendering import environment
from wespe.results.evaluations import EvaluationSummary
from wespe.results.methods import TARGET
from wespe.results.reading import (
    ImportedResult,
    PairResult,
    read_evaluation,
    read_pair,
    read_rating,
)
from wespe.results.record import read_record
from wespe.results.studies import StudyFigures
from wespe.results.tables import Table


def write_report(
    out: Path,
    *,
    run_name: str,
    pairs: Mapping[str, Path],
    evaluations: Mapping[str, Path],
    settings_text: str,
    tables: Sequence[Path] = (),
    ratings: Mapping[str, Path] = MappingProxyType({}),
    studies: Sequence[Path] = (),
    lacking: Sequence[str] = (),
) -> None:
    """Write the report to `out`, atomically; the same inputs give the same bytes.

    `pairs`, `evaluations` and `ratings` give the result folders by name, in the order of the page.
    If photos were enhanced as a whole and measured by their crops, as a user would see them, those
    evaluations come first on the page, and after them the other ones that have references;
    `tables` are JSON files of `wespe tables`, `studies` the figures of user studies, JSON files
    too; `settings_text` is the settings file as it is; `lacking` names what has no results yet. The
    page needs nothing else: styles, script and pictures are in it. Raises ValueError that names a
    missing or wrong input file.
    """
    results = [read_pair(name, folder) for name, folder in pairs.items()]
    pair_views = [view_pair(result) for result in results if isinstance(result, PairResult)]
    imported = [result for result in results if isinstance(result, ImportedResult)]
    evaluated = [read_evaluation(name, folder) for name, folder in evaluations.items()]
    whole_first = any(result.summary.n_crops for result in evaluated)
    if whole_first:
        evaluated.sort(key=lambda result: _place(result.summary))
    evaluation_views = [view_evaluation(result) for result in evaluated]
    rating_views = [view_rating(read_rating(name, folder)) for name, folder in ratings.items()]
    shown = galleries([(view.result, view.psnr_db) for view in evaluation_views])
    domains = [view.result.card.data for view in pair_views]
    simulated = (
        any(both.source.simulated or both.target.simulated for both in domains)
        or any(view.result.summary.simulated for view in evaluation_views)
        or any(view.result.summary.simulated for view in rating_views)
    )
    page = environment().get_template("report.html.j2")
    text = page.render(
        run_name=run_name,
        simulated=simulated,
        lacking=lacking,
        pairs=pair_views,
        imported=imported,
        evaluations=evaluation_views,
        whole_first=whole_first,
        tables=[read_record(path, Table) for path in tables],
        ratings=rating_views,
        galleries=shown,
        opening=opening(evaluation_views, shown, rating_views),
        versions=versions(pair_views, imported, evaluation_views, rating_views),
        settings_text=settings_text,
        version=wespe.__version__,
        studies=[read_record(path, StudyFigures) for path in studies],
    )
    with atomic_file(out) as temporary:
        temporary.write_text(text, "utf-8")


def _place(summary: EvaluationSummary) -> int:
    """Whole photos by their crops, patches or photos by themselves, what has no reference."""
    if summary.n_crops:
        return 0
    return 1 if TARGET in summary.methods else 2
