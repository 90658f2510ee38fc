"""What the settings of every kind of source have in common."""

from wespe.core.schema import Settings


class SourceSettings(Settings):
    """The base of a source's settings; each kind gives `kind` its value and explains its `path`."""

    kind: str
    """Tells this kind of source from the others."""
    path: str
    """The photos, or the file that decides which: what Snakemake and DVC watch."""
    licence: str | None = None
    """The terms under which the photos may be used, such as `CC0`. The card of a network states
    those of its data, so networks are trained again where this changes. Without one those hold
    that the source itself knows, if it does."""
