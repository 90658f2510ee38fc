"""Two cameras' photos of the same scenes, aligned and cut into pairs of patches (as for DPED)."""

from wespe.data.aligned.settings import AlignedSettings
from wespe.data.aligned.source import acquire

__all__ = ["AlignedSettings", "acquire"]
