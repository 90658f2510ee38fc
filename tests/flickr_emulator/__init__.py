"""A Flickr for the loopback interface: its API and pictures, with the traits that a crawl meets.

It serves the tests, and whoever wants to try a crawl without a key: `python -m
tests.flickr_emulator`.
"""

from tests.flickr_emulator.catalogue import make_catalogue
from tests.flickr_emulator.server import KEY, SECRET, Emulator, Faults

__all__ = ["KEY", "SECRET", "Emulator", "Faults", "make_catalogue"]
