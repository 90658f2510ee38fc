"""What belongs into a table: evaluations, with the scores of raters, under the table's names."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from wespe.reports.papers.settings import Table as TableSettings
from wespe.reports.tables.columns import Measure, measure_of_rater
from wespe.results.reading import EvaluationResult, RatingResult


@dataclass(frozen=True)
class Trained:
    """What a pair's network was trained by, and towards which domain; or who has published it."""

    method: str
    target: str | None = None
    published: bool = False
    """Whether it is a network of the DPED authors. It has no method here, but its pair's name."""
    begun: str | None = None
    """The method of the network that it goes on with, for a GAN that enlarges."""

    @property
    def name(self) -> str:
        """What a table calls the network."""
        if self.published:
            return "DPED, published network"
        names = {
            "wespe": f"WESPE [{self.target}]",
            "dped": "DPED, trained here",
            "srcnn": "SRCNN",
            "johnson": "Johnson et al.",
            "srresnet": "SRResNet",
            "srgan": "SRGAN",
            "edsr": "EDSR",
            "rrdb": "RRDB",
            "esrgan": "ESRGAN",
            "srcnn_sr": "SRCNN",
        }
        name = names.get(self.method, self.method)
        # Those of the papers go on with their own network.
        own = self.begun in {None, {"srgan": "srresnet", "esrgan": "rrdb"}.get(self.method)}
        begun = "" if own or self.method == "tecogan" else names.get(self.begun or "", self.begun)
        return f"{name} of {begun}" if begun else name


@dataclass(frozen=True)
class Entry:
    """An evaluation in a table.

    `photos` and `network` name its photos and its network in the table. `dataset` and `method`:
    what they are in the paper's table, if anything. `published`: whether the network is one that
    others trained. `notes`: by metric, why a value differs from the paper's.
    """

    result: EvaluationResult
    photos: str
    network: str
    dataset: str | None = None
    method: str | None = None
    published: bool = False
    notes: Mapping[str, str] = field(default_factory=dict)
    rated: Sequence[Measure] = ()
    """The columns of the raters whose scores are in `result`."""


def entries(
    name: str,
    settings: TableSettings,
    results: Mapping[str, EvaluationResult],
    ratings: Sequence[RatingResult],
    pairs: Mapping[str, Trained],
) -> list[Entry]:
    """The entries of the table `name`.

    `results`: its evaluations, by name; `ratings`: its ratings; `pairs`: what each pair was trained
    by. Raises ValueError for results of a pair that is not there, and for two ratings in one
    column, such as those of two raters of the paper's.
    """
    for key in settings.evaluations:
        if (pair := results[key].summary.pair) not in pairs:
            known = ", ".join(pairs) or "there are none"
            raise ValueError(
                f"evaluation {key}: expected results of a pair of the settings ({known}), got "
                f"those of {pair!r}"
            )
    # Two networks of one name are told apart where they stand together: on the same photos.
    called = [
        (entry.dataset or results[key].summary.photos, pairs[results[key].summary.pair].name)
        for key, entry in settings.evaluations.items()
    ]
    made = []
    for (key, entry), (photos, network) in zip(settings.evaluations.items(), called, strict=True):
        summary = results[key].summary
        if called.count((photos, network)) > 1:
            network = f"{network} ({summary.pair})"
        try:
            result, rated = with_scores(results[key], ratings)
        except ValueError as error:
            raise ValueError(f"tables.{name}.ratings: {error}") from error
        made.append(
            Entry(
                result,
                photos=photos,
                network=network,
                dataset=entry.dataset,
                method=entry.method,
                published=pairs[summary.pair].published,
                notes=entry.notes,
                rated=rated,
            )
        )
    return made


def with_scores(
    result: EvaluationResult, ratings: Iterable[RatingResult]
) -> tuple[EvaluationResult, list[Measure]]:
    """An evaluation with the scores of those `ratings` that are of its pair and photos, as metrics.

    What a rating has no score of, such as a photo too small for the rater, stays without one. It
    is of whole photos: where an evaluation has several crops of one, the first one has the score.
    Raises ValueError for two of them in one column.
    """
    about, rated = (result.summary.pair, result.summary.photos), list[Measure]()
    for rating in ratings:
        if (rating.summary.pair, rating.summary.photos) != about:
            continue
        measure = measure_of_rater(rating.summary)
        if measure.key in {other.key for other in rated}:
            raise ValueError(
                f"expected one for the column {measure.shown.label} of {result.name}, got "
                f"{rating.name} too"
            )
        rated.append(measure)
        scores = {photo: dict(methods) for photo, methods in rating.scores.items()}
        images = [
            replace(
                row,
                values={
                    **row.values,
                    measure.metric: scores.get(row.image, {}).pop(row.method, None),
                },
            )
            for row in result.images
        ]
        result = replace(result, images=images)
    return result, rated
