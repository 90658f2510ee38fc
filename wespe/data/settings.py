"""What the settings of every kind of source have in common."""

from wespe.core.schema import Settings


class SourceSettings(Settings):
    """The base of a source's settings; each kind gives `kind` its value and explains its `path`."""

    kind: str
    """Selects this kind of source."""
    path: str
    """The photos, or the file that decides which: what Snakemake and DVC watch."""
    licence: str | None = None
    """The terms under which the photos may be used, such as `CC0`. By default, those that the
    source itself knows, if any. The card of a network states the licence of its data, so a change
    trains networks again."""
    simulated: bool = False
    """Whether the photos only stand in for those that the source is named after, as in a trial run
    with an archive of your own making. All that is made of them says so."""
