"""The settings of every training method, one file each; its step is a file in `wespe/training`.

Those of raters, too, whose code is in `wespe/raters`. Apart from the code, since settings are read
at every start and torch takes seconds to import.
"""

from wespe.recipes import cornia, dped, ffs, johnson, published, srcnn, wespe
from wespe.recipes.base import Recipe
from wespe.recipes.rater import RaterSettings

RECIPES: dict[str, type[Recipe]] = {
    "wespe": wespe.WespeRecipe,
    "dped": dped.DpedRecipe,
    "srcnn": srcnn.SrcnnRecipe,
    "johnson": johnson.JohnsonRecipe,
    "published": published.PublishedRecipe,
}
"""By the setting `method`; each class names the step that trains with it."""

RATERS: dict[str, type[RaterSettings]] = {
    "ffs": ffs.FfsSettings,
    "cornia": cornia.CorniaSettings,
}
"""By the setting `kind`; each class names the code that learns and scores."""
