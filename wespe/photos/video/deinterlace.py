"""Interlaced frames, two fields of different times each, as whole pictures."""

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from av import VideoFrame
    from av.filter import Graph


class Deinterlacer:
    """FFmpeg's bwdif over the frames of a clip, of which it changes those that are interlaced.

    A frame gives one picture, at its own time, or with `double_rate` two, one for each field.
    Frames that are not flagged as interlaced pass unchanged, so that a clip may have both.
    """

    def __init__(self, *, double_rate: bool = False) -> None:
        self._mode = "send_field" if double_rate else "send_frame"
        self.fields = 0
        """Of the frames that came so far, those that were interlaced."""

    def __call__(self, frames: Iterable["VideoFrame"]) -> Iterator["VideoFrame"]:
        """The pictures of `frames`, which have their times; those that were made have new ones.

        Raises FFmpegError for frames of less than 3 × 4 px.
        """
        graph: Graph | None = None
        for frame in frames:
            self.fields += frame.interlaced_frame
            if graph is None and frame.interlaced_frame:
                graph = self._graph(frame)
            if graph is None:
                yield frame
            else:
                graph.vpush(frame)
                yield from _pulled(graph)
        if graph is not None:
            graph.vpush(None)
            yield from _pulled(graph)

    def _graph(self, like: "VideoFrame") -> "Graph":
        from av.filter import Graph

        graph = Graph()
        graph.link_nodes(
            graph.add_buffer(
                width=like.width, height=like.height, format=like.format, time_base=like.time_base
            ),
            graph.add("bwdif", f"mode={self._mode}:deint=interlaced"),
            graph.add("buffersink"),
        ).configure()
        return graph


def _pulled(graph: "Graph") -> Iterator["VideoFrame"]:
    """What is ready."""
    from av import BlockingIOError, EOFError

    while True:
        try:
            yield graph.vpull()
        except (BlockingIOError, EOFError):
            return
