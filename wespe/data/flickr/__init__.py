"""Photos of Flickr with their views and faves: a crawl that can be stopped at any time.

`windows` and `crawl` decide what is asked, `client`, and `budget` how, `journal` and
`pictures` remember it, and `dataset` makes the Flickr Faves Score dataset of it.
"""

from pathlib import Path

from wespe.data.flickr.settings import FlickrSettings
from wespe.results.index import PhotoIndex

__all__ = ["FlickrSettings", "acquire"]


def acquire(name: str, settings: FlickrSettings, out: Path) -> PhotoIndex:
    """Crawl, or go on with a crawl, and write the dataset's tables below `out`; see `source`."""
    # The API's client takes long to import, and settings need none.
    from wespe.data.flickr import source

    return source.acquire(name, settings, out)
