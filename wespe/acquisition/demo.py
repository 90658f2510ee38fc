"""The embedded demo: the photos of the scikit-image wheel, and a simulated phone camera."""

from pathlib import Path
from typing import Literal

from wespe.acquisition.index import PhotoIndex
from wespe.schema import Settings


class DemoSettings(Settings):
    """Photos that the scikit-image wheel carries, as taken or through the simulated phone."""

    kind: Literal["demo"]
    path: str
    """The inventory of the photos, a CSV file."""
    role: Literal["phone", "dslr", "test"]
    """`phone`: simulated, no references. `dslr`: as taken. `test`: other photos, with both."""


def acquire(name: str, settings: DemoSettings, out: Path) -> PhotoIndex:
    raise NotImplementedError
