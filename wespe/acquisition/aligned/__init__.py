"""Two cameras' photos of the same scenes, aligned and cut into pairs of patches (as for DPED)."""

from wespe.acquisition.aligned.settings import AlignedSettings
from wespe.acquisition.aligned.source import acquire

__all__ = ["AlignedSettings", "acquire"]
