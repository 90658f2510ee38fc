"""The baselines there are. Their code is imported where it enhances."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Baseline:
    """A plain enhancer to compare with.

    `function`, as `module:function`, takes and returns a photo, uint8 `(H, W, 3)` sRGB. One that is
    `fitted` takes the model card of a pair, which has what lies between its domains, and returns
    such a function; that can be pickled, since other processes run it.
    """

    function: str
    fitted: bool = False


_HERE = "wespe.judging.baselines"
BASELINES: dict[str, Baseline] = {
    "histogram_match": Baseline(f"{_HERE}:fitted_histogram_match", fitted=True),
    "transport": Baseline(f"{_HERE}:fitted_transport", fitted=True),
    "autocontrast": Baseline(f"{_HERE}:autocontrast"),
    "grey_world": Baseline(f"{_HERE}:grey_world"),
    "clahe": Baseline(f"{_HERE}:clahe"),
}
"""By the names in the settings `evaluations.NAME.baselines` and `ratings.NAME.baselines`."""
