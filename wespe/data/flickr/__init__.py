"""Photos of Flickr with their views and faves: a crawl that can be stopped at any time.

`windows` and `crawl` decide what is asked, `client`, and `budget` how, `journal` and
`pictures` remember it, and `dataset` makes the Flickr Faves Score dataset of it.
"""

from pathlib import Path

from wespe.data.flickr.key import KeyRefusedError, read_credentials
from wespe.data.flickr.settings import FlickrSettings
from wespe.data.needs import Needs
from wespe.results.index import PhotoIndex

__all__ = ["FlickrSettings", "acquire", "needs"]


def acquire(name: str, settings: FlickrSettings, out: Path) -> PhotoIndex:
    """Crawl, or go on with a crawl, and write the dataset's tables below `out`; see `source`."""
    # The API's client takes long to import, and settings need none.
    from wespe.data.flickr import source

    return source.acquire(name, settings, out)


def needs(settings: FlickrSettings) -> Needs:
    """The key, and how many photos are fetched one by one."""
    missing = []
    if not Path(settings.path).exists():
        missing.append(f"a list of removed photos at {settings.path}, which may be empty")
    try:
        read_credentials()
    except KeyRefusedError as error:
        missing.append(str(error))
    return Needs(missing=tuple(missing), remarks=(f"{settings.wanted:,} photos of a crawl",))
