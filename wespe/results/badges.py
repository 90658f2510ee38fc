"""What a network is for, in the few words that it has wherever networks are listed or offered."""

from enum import StrEnum

from wespe.results.cards import ModelCard, NetworkCard


class Badge(StrEnum):
    """What a network is. Its value is what people read."""

    ANY_CAMERA = "for any camera"
    ONE_CAMERA = "for one camera"
    PUBLISHED = "published"
    SUPER_RESOLUTION = "super-resolution"
    UNKNOWN = "of unknown origin"
    DEMO = "demo, simulated"

    @property
    def rank(self) -> int:
        """Its place where networks are offered: what suits most photos comes first, demos last."""
        return list(Badge).index(self)


def badge_of(card: NetworkCard | None) -> Badge:
    """The badge of the network that a card describes; None is a network without its card.

    A network that enlarges is known by that before anything else, and one for any camera before how
    its photos were made.
    """
    if card is None:
        return Badge.UNKNOWN
    if card.scale != 1:
        return Badge.SUPER_RESOLUTION
    if isinstance(card, ModelCard):
        if card.any_camera:
            return Badge.ANY_CAMERA
        return Badge.DEMO if card.simulated else Badge.ONE_CAMERA
    return Badge.PUBLISHED if card.imported else Badge.UNKNOWN
