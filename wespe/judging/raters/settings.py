"""The settings that all raters share: learned judges of single photos, without a reference."""

from typing import ClassVar

from wespe.core.schema import Name, Settings


class RaterSettings(Settings):
    """The base of a rater's settings; each kind gives `kind` its value and explains `photos`."""

    rater: ClassVar[str]
    """Where the kind's code is, as `module:class`: a `Rater` of `wespe/judging/raters/base.py`."""

    kind: str
    """Selects this kind of rater."""
    photos: Name
    """The source that it learns from."""

    @property
    def learns_from_people(self) -> bool:
        """Whether its source must have people's scores."""
        return False

    @property
    def weights_file(self) -> str | None:
        """A file besides the photos that it starts from, where the settings name one."""
        return None

    @property
    def begins_with(self) -> str | None:
        """The network whose published weights are downloaded, if it begins with one."""
        return None
