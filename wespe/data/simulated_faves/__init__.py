"""Real photos with simulated viewers: a dataset of faves whose best possible accuracy is known.

Photos are cut into tiles, each tile is made worse to a quality level, and faves are drawn by
`viewers.Viewers`. It replaces Flickr's faves if there is no key, to prove that a rater learns what
can be learned. It shows nothing about what people like, and everything made from it is marked
"simulated viewers".
"""

from wespe.data.simulated_faves.settings import SimulatedFavesSettings
from wespe.data.simulated_faves.source import acquire

__all__ = ["SimulatedFavesSettings", "acquire"]
