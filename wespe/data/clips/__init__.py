"""Clips for networks that learn from videos: strips of patches, one for each frame."""

from wespe.data.clips.settings import ClipsSettings
from wespe.data.clips.source import acquire

__all__ = ["ClipsSettings", "acquire"]
