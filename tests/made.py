"""Records of test data, complete, with what a test changes."""

from collections.abc import Mapping, Sequence
from typing import Any

from wespe.judging.metrics.registry import METRICS
from wespe.results.cards import Domain, Domains, ModelCard, TransportNumbers
from wespe.results.evaluations import EvaluationSummary, MetricMean
from wespe.results.means import Mean
from wespe.results.patches import CutBy, NotCut, PatchManifest
from wespe.results.rater_card import RaterCard, RaterData
from wespe.results.ratings import MethodScore, RatedBy, RatingSummary
from wespe.results.score import Score

WEIGHTLESS = tuple(name for name, metric in METRICS.items() if not metric.needs_weights)
"""The metrics that need no file of weights."""
IDENTITY = [[float(level)] * 3 for level in range(256)]
"""The levels of a transport or a histogram match that changes nothing."""
_MADE_BY = {"code_version": "0.1.0+abc", "torch": "2.0", "python": "3.12", "device": "x86_64"}


def manifest(patches: Sequence[tuple[int, int, int]] = (), **changes: Any) -> PatchManifest:
    """The manifest of a patch set; `patches`: photo number, y and x of each."""
    made: dict[str, Any] = {
        "source": "phone",
        "origin": "made by hand",
        "simulated": False,
        "licence": None,
        "settings": CutBy(size_px=32, mode="random", min_std=0.0, max_clipped=1.0, count=1000),
        "seed": 0,
        "sha256": "ab" * 32,
        "jpeg_quality": None,
        "photos": [],
        "patches": [*patches],
        "left_out": NotCut(flat=0, clipped=0, too_small=0, unreadable=()),
    }
    return PatchManifest(**made | changes)


def domain(**changes: Any) -> Domain:
    """The data of one domain."""
    made: dict[str, Any] = {
        "origin": "made by hand",
        "simulated": False,
        "licence": "CC0",
        "photos": 2,
        "patches": 9,
        "patch_px": 32,
        "sha256": "0a" * 32,
    }
    return Domain(**made | changes)


def card(**changes: Any) -> ModelCard:
    """The card of a trained pair."""
    made: dict[str, Any] = {
        "intended_use": "To enhance photos of the phone.",
        "limits": ("It has learned little.",),
        "sha256": "0123456789abcdef" * 4,
        "pair": "phone_dslr",
        "source": "phone",
        "target": "dslr",
        "recipe": {"method": "wespe", "batch_size": 2},
        "seed": 0,
        "steps": 400,
        "compute": "cpu-fp32",
        "compiled": False,
        "processes": 1,
        "data": Domains(source=domain(), target=domain()),
        "train_seconds": 3.0,
        "patches_per_second": 9.0,
        "data_share": 0.01,
        "paired": False,
        "samples": ("input", "enhanced", "mapped back"),
        "rollbacks": (),
        "warning": None,
        "transport": TransportNumbers(
            levels=IDENTITY,
            saturation=1.0,
            contrast=[1.0, 1.0],
            mixing=[[0.0, 0.0, 0.0], [1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]],
            brightness=0.0,
            vividness=0.0,
        ),
        "degradation": None,
        "histogram_match": IDENTITY,
        "final_losses": {},
    }
    return ModelCard(**_MADE_BY | made | changes)


def rater_card(**changes: Any) -> RaterCard:
    """The card of a rater."""
    data = RaterData(
        source="street",
        origin="made by hand",
        simulated=False,
        licence="CC0",
        photos=9,
        sha256="0b" * 32,
    )
    made: dict[str, Any] = {
        "rater": "ffs",
        "kind": "ffs",
        "label": "FFS",
        "better": "higher",
        "settings": {},
        "seed": 0,
        "compute": "cpu-fp32",
        "data": data,
        "says": (),
        "figures": {},
        "intended_use": "To compare photos with their own enhancements.",
        "limits": (),
        "sha256": "0c" * 32,
    }
    return RaterCard(**_MADE_BY | made | changes)


def summary(
    means: Mapping[str, Mapping[str, float]] | None = None, **changes: Any
) -> EvaluationSummary:
    """The summary of an evaluation of three photos; `means`: method → metric → mean."""
    methods = {
        method: {name: MetricMean(mean=mean, std=1.0, n=3) for name, mean in metrics.items()}
        for method, metrics in (means or {}).items()
    }
    made: dict[str, Any] = {
        "evaluation": "scenes",
        "pair": "phone_dslr",
        "network": "0123456789abcdef" * 4,
        "engine": "torch-cpu-fp32",
        "photos": "scenes",
        "photos_sha256": "9" * 64,
        "origin": "made by hand",
        "simulated": False,
        "n_images": 3,
        "n_identical": 0,
        "methods": methods,
        "seconds": 1.0,
    }
    return EvaluationSummary(**made | changes)


def rating(methods: Mapping[str, MethodScore] | None = None, **changes: Any) -> RatingSummary:
    """The summary of a rating of forty photos."""
    score = Mean(mean=0.5, std=0.1, n=40, low=0.4, high=0.6)
    made: dict[str, Any] = {
        "rating": "faves",
        "rater": RatedBy(name="ffs", kind="ffs", simulated=True, sha256="8" * 64),
        "pair": "phone_dslr",
        "network": "0123456789abcdef" * 4,
        "engine": "torch-cpu-fp32",
        "shown": Score("Flickr Faves Score", better="higher", decimals=3),
        "metric": "flickr_faves_score",
        "photos": "scenes",
        "origin": "made by hand",
        "simulated": False,
        "n_images": 40,
        "methods": methods
        or {
            "original": MethodScore(**vars(score)),
            "enhanced": MethodScore(**vars(score), difference=score),
        },
        "seconds": 12.0,
    }
    return RatingSummary(**made | changes)
