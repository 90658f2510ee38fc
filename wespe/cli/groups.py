"""The subcommands: one file for each group of them, with their options and what they do.

Heavy imports wait in the functions: `wespe --help` and wrong settings answer at once, and
`wespe enhance` needs no package beyond those that networks need.
"""

from wespe.cli import (
    data,
    evaluation,
    photos,
    raters,
    serve,
    settings,
    study,
    tables,
    training,
    versions,
    video,
)

GROUPS = (
    *(data, training, evaluation, raters, tables),
    *(photos, video, serve, study, versions, settings),
)
"""In the order of `wespe --help`; each adds its commands by its function `add`."""
