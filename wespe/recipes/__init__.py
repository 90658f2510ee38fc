"""The settings of every training method, one file each; its step is a file in `wespe/training`.

Apart from the steps, since settings are read at every start and torch takes seconds to import.
"""

from wespe.recipes import dped, johnson, published, srcnn, wespe
from wespe.recipes.base import Recipe

RECIPES: dict[str, type[Recipe]] = {
    "wespe": wespe.WespeRecipe,
    "dped": dped.DpedRecipe,
    "srcnn": srcnn.SrcnnRecipe,
    "johnson": johnson.JohnsonRecipe,
    "published": published.PublishedRecipe,
}
"""By the setting `method`; each class names the step that trains with it."""
