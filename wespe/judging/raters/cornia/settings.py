"""The settings of CORNIA (Ye et al. 2012)."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from wespe.core.schema import Count, Name, Positive
from wespe.judging.raters.settings import RaterSettings

REGRESSOR = "LIVE_soft_svm_model.mat"
"""The file of the authors' release that has the regressor."""


class CorniaSettings(RaterSettings):
    """CORNIA, a rater of distortions (Ye, Kumar, Kang and Doermann, CVPR 2012). It uses the
    authors' files, or is fitted again: to people's scores, or to distorted copies of photos. In the
    last case a full-reference metric replaces opinion scores (Ye, Kumar and Doermann, CVPR 2014)
    and all results are called "CORNIA (refit)". The defaults are the paper's where it has them."""

    rater: ClassVar[str] = "wespe.judging.raters.cornia.rater:CorniaRater"

    kind: Literal["cornia"]
    """Selects this kind of rater."""
    photos: Name
    """The source to learn from: photos that people scored, or undistorted ones. With `published`
    nothing is learned."""
    opinions: Literal["metric", "people"] = "metric"
    """What it learns from: `people`, the scores of the source (its setting `scores`), or `metric`,
    MS-SSIM between photos and their distorted copies."""
    published: str | None = None
    """The folder with the authors' files `CSIQ_codebook_BS7.mat`, `CSIQ_whitening_param.mat` and
    `LIVE_soft_svm_model.mat`, which are free for non-commercial use and not shipped here."""
    words: Count = 10_000
    """Words of the codebook; 10,000 in the paper."""
    patches_per_photo: Annotated[int, Field(ge=100)] = 10_000
    """Patches of 7×7 px per photo, at random positions that depend only on its size; 10,000 in the
    authors' code."""
    codebook_patches: Annotated[int, Field(ge=100)] = 200_000
    """Patches for the whitening and the codebook, spread evenly over the photos and their distorted
    copies."""
    crop_px: Annotated[int, Field(ge=32)] = 768
    """Largest width and height of the part that is distorted and learned from, the middle of each
    photo; photos in the paper's data sets are 768×512 px."""
    nu: Annotated[float, Field(gt=0, le=1)] = 0.5
    """Share of the examples that the regression may miss; 0.5 in the authors' code."""
    penalty: Positive = 1.0
    """What a miss costs, the C of the support vector regression; 1 in the authors' code. For
    `people` it is a ridge regression that finds its own penalty."""
    held_out: Annotated[float, Field(gt=0, lt=1)] = 0.4
    """Share of the photos that is held out. The card states how well their scores follow the level
    of each distortion. For `people` the source decides (its setting `scores_held_out`)."""

    @property
    def learns_from_people(self) -> bool:
        return self.opinions == "people" and not self.published

    @property
    def weights_file(self) -> str | None:
        return f"{self.published}/{REGRESSOR}" if self.published else None
