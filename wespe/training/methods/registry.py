"""The training methods there are. Their code is imported where it trains: torch takes seconds."""

from wespe.training.methods.dped import settings as dped
from wespe.training.methods.johnson import settings as johnson
from wespe.training.methods.settings import Recipe
from wespe.training.methods.srcnn import settings as srcnn
from wespe.training.methods.wespe import settings as wespe

RECIPES: dict[str, type[Recipe]] = {
    "wespe": wespe.WespeRecipe,
    "dped": dped.DpedRecipe,
    "srcnn": srcnn.SrcnnRecipe,
    "johnson": johnson.JohnsonRecipe,
}
"""By the setting `method`; each class names the step that trains with it."""
