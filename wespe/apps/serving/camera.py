"""What the browser's camera sees, frame by frame through a network; nothing is stored."""

import asyncio
import ipaddress
from collections.abc import Callable

from starlette.concurrency import run_in_threadpool
from starlette.websockets import WebSocket, WebSocketDisconnect

from wespe.photos.images import Pixels
from wespe.photos.jpeg_frames import decode_frame, encode_frame

LARGEST_PX = 1_000_000
"""Of a frame that is sent."""
LARGEST_RESULT_PX = 8_500_000
"""Of a result: 3840 × 2160 px, and a little more."""
FRAME_BYTES = 2_000_000
_WAIT_S = 3

Enhance = Callable[[Pixels], Pixels]
Open = Callable[[str, float | None], Enhance]
"""A network by its id and factor, ready for frames that follow each other. Nobody else uses it."""


class Camera:
    """The one live picture that this server enhances at a time, since it takes all cores."""

    def __init__(self, open_network: Open) -> None:
        self._open, self._busy = open_network, asyncio.Lock()

    async def serve(self, socket: WebSocket, network: str, scale: float | None) -> None:
        """Answer each frame with its result, both JPEG, one after the other, until the page goes.

        A text says what is wrong, and ends it; an empty one, that the network is ready.
        """
        if not _of_this_machine(socket):
            await socket.close()
            return
        await socket.accept()
        try:
            # A page that chooses another network comes back before its last frame is done.
            await asyncio.wait_for(self._busy.acquire(), _WAIT_S)
        except TimeoutError:
            await _end(socket, "The camera is in use on another page of this server.")
            return
        try:
            enhance = await run_in_threadpool(self._open, network, scale)
            await socket.send_text("")
            while True:
                content = await socket.receive_bytes()
                await socket.send_bytes(await run_in_threadpool(_made, content, enhance, scale))
        except (ValueError, RuntimeError, MemoryError) as error:
            await _end(socket, str(error) or "out of memory")
        except (WebSocketDisconnect, KeyError):
            pass  # the page has gone, or sends texts
        finally:
            self._busy.release()


def _made(content: bytes, enhance: Enhance, scale: float | None) -> bytes:
    """The JPEG of a frame's result."""
    if len(content) > FRAME_BYTES:
        raise ValueError(f"expected a frame of at most {FRAME_BYTES / 1e6:g} MB")
    most = min(LARGEST_PX, int(LARGEST_RESULT_PX / (scale or 1) ** 2))
    return encode_frame(enhance(decode_frame(content, largest_px=most)))


def _of_this_machine(socket: WebSocket) -> bool:
    """Whether the page is on this machine, as a browser wants it for a camera anyway."""
    try:
        return socket.client is not None and ipaddress.ip_address(socket.client.host).is_loopback
    except ValueError:
        return False


async def _end(socket: WebSocket, reason: str) -> None:
    try:
        await socket.send_text(reason)
        await socket.close()
    except (WebSocketDisconnect, RuntimeError):
        pass  # it has gone already
