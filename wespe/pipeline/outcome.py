"""What a finished run has made, for people: where its page, networks and comparison are."""

import os
from pathlib import Path

from wespe.pipeline import tracking
from wespe.results.layout import Layout
from wespe.settings.params import Params


def outcome(params: Params) -> list[str]:
    """The paths of the page and of the networks there are, and how to compare them in MLflow.

    A line each; nothing of what is not made yet. Inside one of DVC's stages, which do not end the
    run, MLflow is not asked.
    """
    layout = Layout(params.run.data, params.run.results)
    named = {"Report": layout.report}
    named |= {f"Network {name}": layout.pair(name).network for name in params.pairs}
    lines = [f"{what}: {path}" for what, path in named.items() if Path(path).exists()]
    if lines and "DVC_STAGE" not in os.environ:
        lines += tracking.comparison(params)
    return lines
