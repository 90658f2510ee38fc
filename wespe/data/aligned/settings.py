"""The settings of a source of aligned patches; each threshold with its unit and its reason."""

from typing import Annotated, Literal

from pydantic import Field

from wespe.core.schema import Count, Fraction, NonNegative, Positive, Settings
from wespe.data.settings import SourceSettings


class Thresholds(Settings):
    """How photos are aligned, and which patches are kept. DPED's authors name SIFT, a homography
    and a correlation of 0.9, and none of the other values."""

    detect_px: Annotated[int, Field(ge=200)] = 1600
    """Keypoints are looked for in both photos at this long side. Averaged over hundreds of
    keypoints the place is exact to a fraction of a pixel of the whole photo, and the time does not
    grow with it."""
    keypoints: Annotated[int, Field(ge=100, le=20000)] = 5000
    """At most so many SIFT keypoints a photo, the strongest. All are compared with all: 5000 take
    100 MB."""
    match_ratio: Annotated[float, Field(gt=0, le=1)] = 0.8
    """A keypoint's best counterpart must be nearer than this share of the distance of the second
    best, and the choice mutual. Lowe's value: 90 % of false matches go, 5 % of the true ones."""
    inlier_px: Positive = 3.0
    """How far a match may be off the homography, in px of the photos at `detect_px`: room for
    lens distortion and for what is near the camera."""
    min_inliers: Annotated[int, Field(ge=8)] = 20
    """Fewer matches on the homography, and the pair is left out. Photos of different scenes had
    at most 6 by chance, one of 8 grey levels in the mean and much noise 29 true ones."""
    max_stretch: Annotated[float, Field(ge=1)] = 3.0
    """Largest ratio between the magnifications that the homography has anywhere in the photo, in
    any direction. Two views of one scene by hand stay below 1.5; beyond 3 it is degenerate."""
    max_enlarge: Annotated[float, Field(ge=1)] = 1.01
    """The target may be enlarged up to this factor onto the source's pixels. Where it would be
    more, the source is reduced to the target's instead; then its patches are no longer pixels as
    the camera wrote them."""
    search_px: Annotated[int, Field(ge=1, le=64)] = 8
    """How far the best place of each patch is looked for around that of the homography, in px of
    the patches. One that is found at the edge is left out: its place is further away."""
    smooth_px: NonNegative = 1.0
    """Standard deviation of the Gaussian on both photos where they are correlated, in px of the
    patches: cameras differ in noise and sharpness, which say nothing about the place."""
    min_std: Annotated[float, Field(ge=0, le=128)] = 2.0
    """A patch of either camera whose smoothed grey levels (0 to 255) have a smaller standard
    deviation is flat: it is like any other, so its correlation says nothing."""
    min_correlation: Annotated[float, Field(ge=-1, le=1)] = 0.9
    """A pair of patches is kept above this normalised cross-correlation of their smoothed grey
    levels, which gain and offset do not change. DPED's value."""
    max_apart_px: Positive = 2.0
    """A patch whose shift differs by more from the median of its neighbours' is left out, in px of
    the patches: on a fence or a facade the best place may be one period away."""
    min_share: Fraction = 0.05
    """If fewer of a photo's patches are kept than this share, none is: then the homography is
    doubtful, or so little is in common that what is kept is so by chance."""


class AlignedSettings(SourceSettings):
    """Photos of the same scenes by two cameras, aligned patch by patch, as DPED was made. Photos
    are pairs by their name without suffix. The parts `source` and `target` of one alignment are
    a training set in pairs; WESPE takes them too."""

    kind: Literal["aligned"]
    """Tells this kind of source from the others."""
    path: str
    """A folder with a folder of photos for each camera."""
    source: str
    """The folder in `path` with the photos to be enhanced."""
    target: str
    """The folder in `path` with those of the better camera. They are reduced to the pixels of the
    source."""
    part: Literal["source", "target", "test"]
    """`source`, `target`: the patches of one camera, for training; patch n of the one shows what
    patch n of the other does. `test`: patches of scenes that are held out, the source's with the
    target's as references, for evaluations."""
    held_out: Fraction = 0.1
    """Share of the scenes, evenly spread, that part `test` has and the others have not. 0: all
    are for training, 1: all are for testing."""
    size_px: Annotated[int, Field(ge=32, le=512)] = 100
    """Width and height of a patch; has to be `patches.size_px`."""
    max_patches: Count = 200
    """At most so many patches a photo, evenly spread over it: a few photos full of details should
    not be most of the set."""
    work: str = "data/aligned"
    """The folder for what is aligned so far: patches, and a report and a picture a photo. Sources
    of the same photos and thresholds share it, and a stopped run goes on there. Nothing in it is
    ever deleted."""
    thresholds: Thresholds = Thresholds()
