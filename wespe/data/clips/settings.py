"""The settings of a source of clips."""

from typing import Annotated, Literal

from pydantic import Field

from wespe.core.schema import Count, NonNegative, Settings
from wespe.data.settings import SourceSettings


class Motion(Settings):
    """How an imagined camera moves over a photo (`photos: true`): evenly, and shaken by hand. What
    is drawn for a path is uniform, up to these."""

    objects: Annotated[int, Field(ge=0, le=16)] = 2
    """How many ovals of the photo pass before it, each on a path of its own. What they cover and
    uncover teaches a network when not to trust its memory."""
    deform_px: NonNegative = 1.0
    """By how much parts of what an oval shows move against each other from frame to frame, as in
    cloth and in people: the standard deviation, in px of the clip. What the optical flow then
    misses teaches the same."""
    still: Annotated[float, Field(ge=0, le=1)] = 0.25
    """The share of paths that stand still, as from a tripod. What an oval shows deforms on these,
    too."""
    shift_px: NonNegative = 5.0
    """How far it moves from frame to frame, in px of the clip."""
    zoom: Annotated[float, Field(ge=0, lt=0.1)] = 0.005
    """By which share it comes nearer, or goes away, from frame to frame."""
    turn_degrees: Annotated[float, Field(ge=0, lt=45)] = 0.3
    """By how much it turns around its axis from frame to frame."""
    shake_px: NonNegative = 0.5
    """The standard deviation of what is added to each frame's place, in px of the clip."""


class ClipsSettings(SourceSettings):
    """Clips for training: patches at one place in frame after frame of videos, of folders of
    frames, or of what an imagined camera sees that moves over photos."""

    kind: Literal["clips"]
    """Selects this kind of source."""
    path: str
    """The directory, searched recursively. Each video in it, and each folder that itself holds
    photos, is one video; the frames of a folder are in the order of the numbers in their names.
    With `photos` there are photos alone. Its files are read and never written."""
    include: tuple[str, ...] = ("**",)
    """Glob patterns relative to `path` (`**` crosses folders); a file must match one."""
    photos: bool = False
    """Each photo is a scene by itself, over which an imagined camera moves, and ovals of it with
    it. Such clips are marked as simulated."""
    size_px: Annotated[int, Field(ge=32, le=512)] = 128
    """Width and height of a clip. It must equal `patches.size_px`."""
    frames: Annotated[int, Field(ge=2, le=64)] = 10
    """Frames of a clip, all of one scene. It must be a multiple of the recipe's `frames`."""
    crops: Count = 4
    """Clips at different places of the same frames of a video, or of the same photo."""
    count: Count = 1000
    """The largest number of clips. If videos have more, runs of frames are left out at even
    distances; if photos have more, the last clips of each, and then the last photos."""
    reduce: Annotated[int, Field(ge=1, le=16)] = 1
    """Frames are made smaller by this factor first, each pixel the mean of as many by as many. That
    takes away the traces of compression, which a network would learn, and of interpolation between
    a photo's pixels."""
    min_std: Annotated[float, Field(ge=0, le=128)] = 5.0
    """A clip is left out if its first frame has a smaller standard deviation of grey (0 to 255)."""
    motion: Motion = Motion()
    seed: Annotated[int, Field(ge=0, lt=2**32)] = 0
    """Seed of the places and of the imagined camera."""
