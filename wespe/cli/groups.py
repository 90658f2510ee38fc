"""The subcommands: one file for each group of them, with their options and what they do.

Heavy imports wait in the functions: `wespe --help` and wrong settings answer at once, and
`wespe enhance` needs no package beyond those that networks need.
"""

from collections.abc import Mapping

from wespe.cli import (
    data,
    evaluation,
    outcome,
    photos,
    raters,
    serve,
    settings,
    starting,
    study,
    tables,
    training,
    versions,
    video,
)

GROUPS = (
    *(data, training, evaluation, raters, tables),
    *(photos, video, serve, study, versions, outcome, starting, settings),
)
"""Each adds its commands by its function `add`."""

PURPOSES: dict[str, tuple[str, ...]] = {
    "enhance": ("enhance", "list", "serve", "flicker", "compare-videos", "export", "import-dped"),
    "train": ("init", "check", "plan", "acquire", "patches", "train", "models", "flickr-remove"),
    "judge": ("evaluate", "rater", "rate", "agree", "study", "metrics", "tables", "report"),
    "pipeline": ("results", "record", "sync", "dvc", "schema"),
}
"""The commands by what they are for, in the order of `wespe --help`."""


def by_purpose(explained: Mapping[str, str]) -> str:
    """The commands with what each does, as the end of the help; `explained`: by their names."""
    width = max(map(len, explained))
    lines = []
    for purpose, names in PURPOSES.items():
        lines += [f"{purpose}:", *(f"  {name:{width}}  {explained[name]}" for name in names), ""]
    return "\n".join([*lines, "wespe COMMAND --help shows a command's options, and examples."])
