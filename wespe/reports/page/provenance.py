"""Which data and networks a page is about: one line each, with the hash that is its version."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from wespe.reports.page.evaluations import EvaluationView
from wespe.reports.page.pairs import PairView
from wespe.reports.page.ratings import RatingView
from wespe.results.reading import ImportedResult


@dataclass(frozen=True)
class Version:
    """Patches, test photos, a network or a rater; what is not known is None or empty."""

    name: str
    role: str
    photos: int | None
    patches: int | None
    sha256: str
    origin: str
    licence: str
    simulated: bool


def versions(
    pairs: Sequence[PairView],
    imported: Sequence[ImportedResult],
    evaluations: Sequence[EvaluationView],
    ratings: Sequence[RatingView],
) -> list[Version]:
    """All that the results were made of, each once: patches, test photos, networks, raters."""
    networks = [*_networks(pairs), *_imported(imported)]
    found = [*_patches(pairs), *_test_photos(evaluations), *networks, *_raters(ratings)]
    return list(dict.fromkeys(found))


def _patches(pairs: Sequence[PairView]) -> Iterator[Version]:
    for view in pairs:
        for _, name, data in view.result.card.domains:
            yield Version(
                name,
                "training patches",
                data.photos,
                data.patches,
                data.sha256,
                data.origin,
                data.licence,
                data.simulated,
            )


def _test_photos(evaluations: Sequence[EvaluationView]) -> Iterator[Version]:
    for view in evaluations:
        summary = view.result.summary
        yield Version(
            summary.photos,
            "test photos",
            summary.n_images,
            None,
            summary.photos_sha256,
            summary.origin,
            "",
            summary.simulated,
        )


def _networks(pairs: Sequence[PairView]) -> Iterator[Version]:
    for view in pairs:
        card = view.result.card
        code = f"version {card.code_version}"
        if card.code_commit:
            changed = ", changed" if card.code_changed else ""
            code += f", commit {card.code_commit[:12]}{changed}"
        facts = [code, *([f"torch {card.torch}"] if card.torch else []), card.device]
        made = f"trained by {', '.join(part for part in facts if part)}"
        simulated = card.simulated
        yield Version(view.result.name, "network", None, None, card.sha256, made, "", simulated)


def _imported(results: Sequence[ImportedResult]) -> Iterator[Version]:
    for result in results:
        source, hashed = result.card.imported, result.card.sha256
        origin, licence = (source.origin, source.licence) if source else ("", "")
        yield Version(result.name, "network", None, None, hashed, origin, licence, False)


def _raters(ratings: Sequence[RatingView]) -> Iterator[Version]:
    for view in ratings:
        rater, label = view.result.summary.rater, view.result.summary.shown.label
        yield Version(rater.name, "rater", None, None, rater.sha256, label, "", rater.simulated)
