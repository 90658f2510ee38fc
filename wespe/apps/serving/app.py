"""The page's addresses, and what they do with the tray."""

import contextlib
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass
from pathlib import Path, PurePath
from typing import Annotated, Any, Literal

from fastapi import FastAPI, HTTPException, Query, Request, Response, WebSocket
from starlette.background import BackgroundTask
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect
from starlette.responses import FileResponse, StreamingResponse

from wespe.apps.serving.camera import Camera, Open
from wespe.apps.serving.photo import Photo, Wanted
from wespe.apps.serving.tray import Enhancing, Limits, Tray, TrayError
from wespe.apps.serving.zipped import zipped
from wespe.apps.web.server import local_app
from wespe.photos.images import PhotoError

_PAGES = {
    "/": "index.html",
    **{f"/{file}": file for file in ("serve.css", "serve.js", "viewer.js", "sample.jpg")},
}
_CAMERA = "/camera"
_CAMERA_PAGES = {_CAMERA: "camera.html", "/camera.js": "camera.js"}


@dataclass(frozen=True)
class Offer:
    """A network that the page offers."""

    name: str
    badge: str
    """What it is, as a `Badge` says it."""
    note: str = ""
    """What it has learned from, in a few words."""
    scale: int = 1
    """How many times as wide and high as a photo its result is."""


def make_app(
    offers: Mapping[str, Offer],
    load: Callable[[str], Enhancing],
    *,
    upload_mb: float = 100,
    limits: Limits | None = None,
    lan: bool = False,
    live: Open | None = None,
) -> FastAPI:
    """The app that enhances photos by one of `offers`, by id; `load` gives the network of an id.

    `upload_mb`: the largest file it takes. `lan`: see `local_app`. `live` opens a network for the
    page *Camera*, which is not there without it.
    """
    tray = Tray(load, limits)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        yield
        await run_in_threadpool(tray.close)

    app = local_app(
        package="wespe.apps.serving.page",
        pages=_PAGES | (_CAMERA_PAGES if live else {}),
        body_bytes=int(upload_mb * 1e6),
        lan=lan,
        camera=_CAMERA,
        lifespan=lifespan,
    )

    def known(key: str, *, done: bool = False) -> Photo:
        photo = tray.get(key)
        if photo is None:
            raise HTTPException(404, "This photo is no longer here.")
        if done and photo.state != "done":
            raise HTTPException(409, "This photo is not done yet.")
        return photo

    def offered(network: str, scale: float | None) -> Wanted:
        if network not in offers:
            raise HTTPException(404, "There is no such network.")
        own = offers[network].scale
        if scale is not None and not 1 <= scale <= own:
            raise HTTPException(422, f"This network enlarges at most {own} times.")
        return Wanted(network, scale or own if own > 1 else None)

    @app.get("/offers")
    def tell() -> dict[str, Any]:
        networks = [{"id": key, **asdict(offer)} for key, offer in offers.items()]
        most = {"mb": upload_mb, "megapixels": tray.limits.megapixels}
        return {"networks": networks, "limits": most, "camera": live is not None}

    if live:
        camera = Camera(live)

        @app.websocket(f"{_CAMERA}/frames")
        async def frames(socket: WebSocket, network: str, scale: float | None = None) -> None:
            try:
                wanted = offered(network, scale)
            except HTTPException:
                await socket.close()
            else:
                await camera.serve(socket, wanted.network, wanted.scale)

    @app.post("/photos")
    async def send(
        request: Request,
        network: str,
        name: Annotated[str, Query(max_length=300)] = "photo",
        scale: float | None = None,
    ) -> dict[str, Any]:
        wanted = offered(network, scale)
        try:
            with tray.receiving() as upload:
                with upload.open("wb") as stream:
                    async for chunk in request.stream():
                        stream.write(chunk)
                photo = await run_in_threadpool(tray.add, upload, name=name, wanted=wanted)
        except TrayError as error:
            raise HTTPException(422, str(error)) from error
        except ClientDisconnect as error:
            raise HTTPException(400, "The upload of the photo was interrupted.") from error
        except OSError as error:
            raise HTTPException(507, f"It cannot be stored: {error.strerror}.") from error
        return photo.told()

    @app.get("/photos/{key}")
    def follow(key: str) -> dict[str, Any]:
        return known(key).told()

    @app.post("/photos/{key}/enhance")
    def again(key: str, network: str, scale: float | None = None) -> dict[str, Any]:
        try:
            return tray.enhance(known(key), offered(network, scale)).told()
        except TrayError as error:
            raise HTTPException(422, str(error)) from error

    @app.delete("/photos/{key}")
    def remove(key: str) -> dict[str, Any]:
        tray.remove(known(key))
        return {}

    @app.get("/photos/{key}/thumbnail.jpg")
    def thumbnail(key: str) -> Response:
        try:
            return Response(known(key).thumbnail(), media_type="image/jpeg")
        except PhotoError as error:  # it is damaged, or was removed meanwhile
            raise HTTPException(404, "This photo has no thumbnail.") from error

    @app.get("/photos/{key}/{which}.jpg")
    def preview(key: str, which: Literal["original", "enhanced"]) -> Response:
        return FileResponse(known(key, done=True).preview(which), media_type="image/jpeg")

    @app.get("/photos/{key}/result")
    def result(key: str, strength: Annotated[float, Query(ge=0, le=1)] = 1.0) -> Response:
        photo = known(key, done=True)
        resources = contextlib.ExitStack()
        path = resources.enter_context(photo.result(strength))
        return FileResponse(
            path, filename=_named(photo.name, path), background=BackgroundTask(resources.close)
        )

    @app.get("/enhanced.zip")
    def results(
        key: Annotated[list[str], Query()], strength: Annotated[float, Query(ge=0, le=1)] = 1.0
    ) -> Response:
        photos = [known(each, done=True) for each in key]
        members = ((_named(photo.name, photo.file), photo.result(strength)) for photo in photos)
        headers = {"Content-Disposition": 'attachment; filename="enhanced.zip"'}
        return StreamingResponse(zipped(members), media_type="application/zip", headers=headers)

    return app


def _named(sent: str, path: Path) -> str:
    """What the result is called: as the photo was, and that it is enhanced."""
    stem = PurePath(sent.replace("\\", "/")).stem
    kept = "".join(letter for letter in stem if letter.isprintable()).strip(". ")
    return f"{kept[:100] or 'photo'}_enhanced{path.suffix}"
