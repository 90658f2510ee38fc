"""Real photos with simulated viewers: a dataset of faves whose best possible accuracy is known.

Photos are cut into tiles, each tile is made worse to a quality level, and faves are drawn by
`viewers.Viewers`. It stands in for Flickr's faves where there is no key, to prove that a rater
learns what there is to learn; it says nothing of what people like, and all that is made of it says
"simulated viewers".
"""

from wespe.data.simulated_faves.settings import SimulatedFavesSettings
from wespe.data.simulated_faves.source import acquire

__all__ = ["SimulatedFavesSettings", "acquire"]
