"""The study's web page and what it asks of the server."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Annotated, Any

from fastapi import Cookie, FastAPI, HTTPException, Response
from pydantic import BaseModel, ConfigDict, Field

from wespe.apps.study.folder import Study
from wespe.apps.study.records import Progress, Trial
from wespe.apps.study.votes import VoteError, Votes
from wespe.apps.web.server import local_app
from wespe.results.layout import StudyInputs

_PAGES = {"/": "index.html", "/study.css": "study.css", "/study.js": "study.js"}
_COOKIE_DAYS = 60
_BODY_BYTES = 2000


class _Sent(BaseModel):
    """What a page sends."""

    model_config = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False)


class _Consent(_Sent):
    consent: bool


class _Code(_Sent):
    code: str


class _Vote(_Sent):
    code: str
    trial: int
    choice: int
    seconds: Annotated[float, Field(ge=0, le=1e6)]


def make_app(folder: Path, study: Study, *, simulated: bool = False, lan: bool = False) -> FastAPI:
    """The app of the study in `folder`; votes go to `votes.sqlite` there.

    `simulated` marks whoever takes part as a simulated subject. `lan`: see `local_app`.
    """
    votes = Votes(StudyInputs(folder).votes, study)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        yield
        votes.close()

    app = local_app(
        package="wespe.apps.study.page",
        pages=_PAGES,
        body_bytes=_BODY_BYTES,
        lan=lan,
        lifespan=lifespan,
    )
    # Cookies do not know ports: two studies of one machine need two names.
    cookie = f"study_{study.key[:12]}"
    _add_subjects(app, study, votes, cookie, simulated)
    _add_trials(app, study, votes, cookie, folder / "pictures")
    return app


# What waits for the disk is no coroutine: FastAPI runs it in threads.


def _add_subjects(app: FastAPI, study: Study, votes: Votes, cookie: str, simulated: bool) -> None:
    """Who takes part: start, go on with a code, leave."""

    def remember(response: Response, code: str) -> None:
        age = _COOKIE_DAYS * 24 * 3600
        response.set_cookie(cookie, code, max_age=age, httponly=True, samesite="lax")

    @app.post("/start")
    def start(sent: _Consent, response: Response) -> dict[str, Any]:
        if not sent.consent:
            raise HTTPException(403, "You can only take part if you agree.")
        code = votes.enrol(simulated=simulated)
        remember(response, code)
        return _state(study, votes.progress(code))

    @app.post("/resume")
    def resume(sent: _Code, response: Response) -> dict[str, Any]:
        code = sent.code.strip().lower()
        progress = votes.progress(code)
        if progress is None:
            raise HTTPException(404, "There is no subject with this code.")
        remember(response, code)
        return _state(study, progress)

    @app.post("/leave")
    def leave(response: Response) -> dict[str, Any]:
        response.delete_cookie(cookie, httponly=True, samesite="lax")
        return _state(study, None)


def _add_trials(app: FastAPI, study: Study, votes: Votes, cookie: str, pictures: Path) -> None:
    """What is shown, and the votes on it."""
    Code = Annotated[str | None, Cookie(alias=cookie)]  # noqa: N806

    @app.get("/state")
    def state(code: Code = None) -> dict[str, Any]:
        return _state(study, votes.progress(code) if code else None)

    @app.post("/vote")
    def vote(sent: _Vote) -> dict[str, Any]:
        # Of the subject whose pictures the page shows: the cookie may be another's by now, who has
        # begun in another tab.
        try:
            votes.vote(sent.code, sent.trial, sent.choice, seconds=sent.seconds)
        except VoteError as error:
            raise HTTPException(409, str(error)) from error
        return _state(study, votes.progress(sent.code))

    @app.get("/picture/{token}")
    def picture(token: str) -> Response:
        file = votes.picture(token)
        if file is None:
            raise HTTPException(404, "There is no such picture.")
        # Read here: a file response would reveal when the file was made.
        content = (pictures / file).read_bytes()
        keep = {"Cache-Control": "private, max-age=3600, immutable"}
        return Response(content, media_type="image/jpeg", headers=keep)


def _state(study: Study, progress: Progress | None) -> dict[str, Any]:
    """What the page shows next. Of an item it has no more than addresses of pictures."""
    known = {
        "title": study.title,
        "kind": study.kind,
        "simulated": study.simulated,
        "trials": len(study.items),
        "practice": len(study.numbers("practice")),
    }
    if progress is None:
        return {**known, "phase": "welcome"}
    mine = {**known, "code": progress.code, "done": progress.done}
    if not progress.coming:
        return {**mine, "phase": "thanks"}
    trial, *following = progress.coming
    return {
        **mine,
        # A catch trial looks like any other.
        "phase": "practice" if trial.part == "practice" else "main",
        "trial": trial.position,
        "pictures": _addresses(trial),
        "following": [address for other in following for address in _addresses(other)],
    }


def _addresses(trial: Trial) -> list[str]:
    return [f"/picture/{token}" for token in trial.pictures]
