"""The methods that evaluations and ratings have versions of a photo by."""

from typing import Literal, get_args

ORIGINAL = "original"
"""The photo itself."""
ENHANCED = "enhanced"
"""What the network makes of it."""
TARGET = "target"
"""Its reference, where it has one."""

BaselineName = Literal["histogram_match", "transport", "autocontrast", "grey_world", "clahe"]
BASELINES: tuple[BaselineName, ...] = get_args(BaselineName)
"""Plain enhancers to compare with, in the order of tables; `wespe.judging.baselines` makes them."""
