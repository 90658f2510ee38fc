"""A Flickr for the loopback interface: its API and pictures, with the traits that a crawl meets.

It serves the tests, and whoever wants to try a crawl without a key: `wespe flickr-emulator`.
"""

from wespe.data.flickr.emulator.catalogue import make_catalogue
from wespe.data.flickr.emulator.command import serve
from wespe.data.flickr.emulator.server import KEY, SECRET, Emulator, Faults

__all__ = ["KEY", "SECRET", "Emulator", "Faults", "make_catalogue", "serve"]
