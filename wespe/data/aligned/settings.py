"""The settings of a source of aligned patches; each threshold with its unit and its reason."""

from typing import Annotated, Literal

from pydantic import Field

from wespe.core.schema import Count, Fraction, NonNegative, Positive, Settings
from wespe.data.settings import SourceSettings


class Thresholds(Settings):
    """How photos are aligned, and which patches are kept. DPED's authors name SIFT, a homography
    and a correlation of 0.9, but none of the other values."""

    detect_px: Annotated[int, Field(ge=200)] = 1600
    """Long side of both photos for the search of keypoints. The average over hundreds of keypoints
    is exact to a fraction of a pixel of the whole photo, and the time does not grow with the
    photo."""
    keypoints: Annotated[int, Field(ge=100, le=20000)] = 5000
    """The largest number of SIFT keypoints per photo; the strongest are used. All are compared with
    all: 5000 take 100 MB."""
    match_ratio: Annotated[float, Field(gt=0, le=1)] = 0.8
    """A keypoint's best counterpart must be nearer than this share of the distance of the second
    best, and the choice mutual. Lowe's value: 90 % of false matches go, 5 % of the true ones."""
    inlier_px: Positive = 3.0
    """Largest distance of a match from the homography, in px of the photos at `detect_px`. It
    leaves room for lens distortion and for objects near the camera."""
    min_inliers: Annotated[int, Field(ge=8)] = 20
    """A pair with fewer matches on the homography is left out. Photos of different scenes had at
    most 6 by chance; a photo with a mean of 8 grey levels and much noise had 29 true ones."""
    max_stretch: Annotated[float, Field(ge=1)] = 3.0
    """Largest ratio between the magnifications that the homography has anywhere in the photo, in
    any direction. Two views of one scene by hand stay below 1.5; beyond 3 it is degenerate."""
    max_enlarge: Annotated[float, Field(ge=1)] = 1.01
    """The target may be enlarged up to this factor onto the source's pixels. Where it would be
    more, the source is reduced to the target's instead; then its patches are no longer pixels as
    the camera wrote them."""
    search_px: Annotated[int, Field(ge=1, le=64)] = 8
    """How far around the homography's position the best position of each patch is searched, in px
    of the patches. A patch whose best position is at the edge is left out, since the true one is
    further away."""
    smooth_px: NonNegative = 1.0
    """Standard deviation of the Gaussian blur on both photos before they are correlated, in px of
    the patches. Cameras differ in noise and sharpness, which say nothing about the position."""
    min_std: Annotated[float, Field(ge=0, le=128)] = 2.0
    """A patch of either camera whose smoothed grey levels (0 to 255) have a smaller standard
    deviation is flat. It resembles every other patch, so its correlation says nothing."""
    min_correlation: Annotated[float, Field(ge=-1, le=1)] = 0.9
    """A pair of patches is kept above this normalised cross-correlation of their smoothed grey
    levels, which gain and offset do not change. DPED's value."""
    max_apart_px: Positive = 2.0
    """A patch whose shift differs by more from the median of its neighbours' is left out, in px of
    the patches: on a fence or a facade the best position may be one period away."""
    min_share: Fraction = 0.05
    """If a smaller share of a photo's patches is kept, the whole photo is left out: the homography
    is doubtful, or the patches may have been kept by chance."""


class AlignedSettings(SourceSettings):
    """Photos of the same scenes by two cameras, aligned patch by patch, as DPED was made. Two
    photos are a pair if their names without suffix are the same. The parts `source` and `target` of
    one alignment are a training set in pairs; WESPE accepts them too."""

    kind: Literal["aligned"]
    """Selects this kind of source."""
    path: str
    """A folder with a folder of photos for each camera."""
    source: str
    """The folder in `path` with the photos to be enhanced."""
    target: str
    """The folder in `path` with the photos of the better camera. They are reduced to the pixels of
    the source."""
    part: Literal["source", "target", "test", "whole"]
    """`source`, `target`: the patches of one camera, for training; patch n of both shows the same.
    `test`: patches of held-out scenes for evaluations, with the target's as references. `whole`:
    the source's whole photos of the same scenes, of which these patches are the crops that are
    measured."""
    held_out: Fraction = 0.1
    """Share of the scenes for the parts `test` and `whole`, evenly spread; the other parts have the
    rest. 0: all are for training, 1: all are for testing."""
    size_px: Annotated[int, Field(ge=32, le=512)] = 100
    """Width and height of a patch. It must equal `patches.size_px`."""
    max_patches: Count = 200
    """The largest number of patches per photo, evenly spread over it, so that a few photos full of
    details do not fill the set."""
    work: str = "data/aligned"
    """The folder for aligned photos: patches, and a report and a picture for each photo. Sources
    with the same photos and thresholds share it, and a stopped run resumes there. Nothing in it is
    ever deleted."""
    thresholds: Thresholds = Thresholds()
