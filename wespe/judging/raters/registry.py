"""The kinds of raters there are. Their code is imported where it learns or scores."""

from wespe.judging.raters.cnn import settings as cnn
from wespe.judging.raters.cornia import settings as cornia
from wespe.judging.raters.ffs import settings as ffs
from wespe.judging.raters.settings import RaterSettings

RATERS: dict[str, type[RaterSettings]] = {
    "ffs": ffs.FfsSettings,
    "cornia": cornia.CorniaSettings,
    "cnn": cnn.CnnSettings,
}
"""By the setting `kind`; each class names the code that learns and scores."""
