"""Photo sources, one file each. A source turns its settings into an index of photos."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from wespe.data import (
    aligned,
    bsd100,
    cityscapes,
    clips,
    demo,
    div2k,
    dped,
    flickr,
    folder,
    kitti,
    simulated_faves,
)
from wespe.data.needs import Needs
from wespe.data.settings import SourceSettings
from wespe.results.index import PhotoIndex


@dataclass(frozen=True)
class Source:
    """A kind of source: its settings class and `acquire(name, settings, out)`.

    `acquire` returns the index; where it writes photos, then below the folder `out`, and the
    index's `root` is empty. The caller writes the index beside them and puts `out` in place.
    """

    settings: type[SourceSettings]
    acquire: Callable[[str, Any, Path], PhotoIndex]
    online: bool = False
    """Whether it may need the network, so that trying again may help."""
    needs: Callable[[Any], Needs] | None = None
    """What its settings need beforehand, where that is more than what is at `path`."""


SOURCES: dict[str, Source] = {
    "demo": Source(demo.DemoSettings, demo.acquire),
    "flickr": Source(flickr.FlickrSettings, flickr.acquire, online=True, needs=flickr.needs),
    "aligned": Source(aligned.AlignedSettings, aligned.acquire),
    "simulated_faves": Source(simulated_faves.SimulatedFavesSettings, simulated_faves.acquire),
    "clips": Source(clips.ClipsSettings, clips.acquire),
    "folder": Source(folder.FolderSettings, folder.acquire),
    "dped": Source(dped.DpedSettings, dped.acquire, online=True, needs=dped.needs),
    "div2k": Source(div2k.Div2kSettings, div2k.acquire, online=True, needs=div2k.needs),
    "bsd100": Source(bsd100.Bsd100Settings, bsd100.acquire, online=True, needs=bsd100.needs),
    "kitti": Source(kitti.KittiSettings, kitti.acquire, online=True, needs=kitti.needs),
    "cityscapes": Source(
        cityscapes.CityscapesSettings, cityscapes.acquire, online=True, needs=cityscapes.needs
    ),
}
