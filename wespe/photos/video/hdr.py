"""HDR video as SDR: the photos that networks learn from have no other."""

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from wespe.photos.video.clip import BT2020, UNSPECIFIED

if TYPE_CHECKING:
    from av import VideoFrame
    from av.filter import Graph
    from av.video.plane import VideoPlane


class ToSdr:
    """Frames of PQ or HLG → RGB of BT.709, 8 bits; BT.2020 if they do not state their colours.

    FFmpeg's scaler does this by one table for the whole clip: it compresses highlights in ICtCp to
    white, from the peak that `first`, a frame of the clip, states (1000 cd/m² for HLG; 10,000 if PQ
    states none). Later frames need not state it, as those of H.264 do not. What HDR10+ states for
    single frames is ignored, since a scene would change its brightness. `first` is overwritten.
    """

    def __init__(self, first: "VideoFrame") -> None:
        first.make_writable()
        if first.color_primaries == UNSPECIFIED:
            first.color_primaries = BT2020
        if first.colorspace == UNSPECIFIED:
            first.colorspace = BT2020
        self._carrier, self._graph = first, _graph(first)

    def __call__(self, frame: "VideoFrame") -> "VideoFrame":
        if frame.format.name != self._carrier.format.name:
            frame = frame.reformat(format=self._carrier.format.name)
        for new, old in zip(frame.planes, self._carrier.planes, strict=True):
            width = min(new.line_size, old.line_size)
            _rows(old)[:, :width] = _rows(new)[:, :width]
        self._graph.vpush(self._carrier)
        return self._graph.vpull()


def _rows(plane: "VideoPlane") -> NDArray[np.uint8]:
    """A plane's own memory, `(rows, bytes of a row)`."""
    return np.frombuffer(memoryview(plane), np.uint8).reshape(-1, plane.line_size)


def _graph(like: "VideoFrame") -> "Graph":
    from av.filter import Graph

    graph = Graph()
    graph.link_nodes(
        graph.add_buffer(
            width=like.width, height=like.height, format=like.format, time_base=like.time_base
        ),
        graph.add("sidedata", "mode=delete:type=DYNAMIC_HDR_PLUS"),
        graph.add("scale", "out_primaries=bt709:out_transfer=bt709:intent=perceptual"),
        graph.add("format", "rgb24"),
        graph.add("buffersink"),
    ).configure()
    return graph
