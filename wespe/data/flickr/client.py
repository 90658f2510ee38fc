"""Calls of Flickr's API: within the budget, patient, and silent about the key."""

import json
import logging
import time
import weakref
from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Any

import flickrapi
import requests
from flickrapi.exceptions import FlickrError

from wespe.data.flickr.budget import Budget
from wespe.data.flickr.key import HOW_TO, Credentials, KeyRefusedError, read_credentials
from wespe.data.flickr.photo import EXTRAS, parse, whole
from wespe.data.flickr.windows import PER_PAGE, Page, Window
from wespe.data.http import (
    Patience,
    Session,
    TemporaryError,
    check_status,
    distrusted,
    persist,
)

# At their debug level these write the key into the log.
for _name in ("flickrapi", "oauthlib", "requests_oauthlib"):
    logging.getLogger(_name).setLevel(logging.WARNING)

ATTEMPTS = 8
"""Tries of a call or a picture before a crawl ends: more than a minute and a half."""
_TIMEOUT_S = 60
_NOT_FOUND = 1
_REFUSED_KEY = {95, 96, 97, 98, 99, 100}
_TEMPORARY = {0, 10, 105, 106, 201}


class CallError(ValueError):
    """Flickr refuses a call, and would again; `code` is that of its API."""

    def __init__(self, message: str, code: int | None = None) -> None:
        super().__init__(message)
        self.code = code


_ERRORS = (
    FlickrError,
    CallError,
    requests.RequestException,
    json.JSONDecodeError,
    UnicodeDecodeError,
    KeyError,
    AttributeError,
)
"""What flickrapi lets through: its own errors, those of the connection, and those of answers that
are no JSON or another one than it expects."""


class Flickr:
    """Flickr's API, as far as a crawl needs it.

    The key is read at the first call, so what a journal remembers needs none. Every method raises
    KeyRefusedError, CallError, or UnavailableError after many tries; no error shows the key, also
    not in its context. `calls` counts the calls made, also those that failed.
    """

    def __init__(
        self,
        *,
        budget: Budget,
        service: str | None = None,
        credentials: Callable[[], Credentials] = read_credentials,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._budget, self._service, self._read = budget, service, credentials
        self._patience = Patience(ATTEMPTS, sleep=sleep)
        self.calls = 0
        # A session of its own: flickrapi's is shared, reports no waiting time and logs answers.
        self._session = Session()
        self._session.hooks["response"].append(_check_status)
        weakref.finalize(self, self._session.close)

    def search(self, query: Mapping[str, Any], window: Window, page: int) -> Page:
        """A page, counted from 1, of the photos uploaded in a window, the oldest first."""
        answer = self._call(
            "photos.search",
            **query,
            min_upload_date=window.first,
            max_upload_date=window.last,
            sort="date-posted-asc",  # so that a new photo moves no other to another page
            content_type=1,
            media="photos",
            safe_search=1,
            extras=EXTRAS,
            per_page=PER_PAGE,
            page=page,
        )
        found = answer.get("photos", {})
        photos = [parse(record) for record in found.get("photo", [])]
        return Page(whole(found.get("total")) or 0, [photo for photo in photos if photo])

    def faves(self, photo_id: str) -> int | None:
        """How many have a photo among their favourites; None for a photo that is gone."""
        try:
            answer = self._call("photos.getFavorites", photo_id=photo_id, per_page=1)
        except CallError as error:
            if error.code == _NOT_FOUND:
                return None
            raise
        return whole(answer.get("photo", {}).get("total"))

    @cached_property
    def _credentials(self) -> Credentials:
        return self._read()

    @cached_property
    def _api(self) -> flickrapi.FlickrAPI:
        api = flickrapi.FlickrAPI(
            self._credentials.key,
            self._credentials.secret,
            format="parsed-json",
            store_token=False,
            timeout=_TIMEOUT_S,
        )
        if self._service:
            api.REST_URL = self._service
        api.flickr_oauth.session = self._session
        return api

    def _call(self, method: str, **parameters: Any) -> dict[str, Any]:
        return persist(
            lambda: self._try(method, parameters), f"Flickr's {method}", patience=self._patience
        )

    def _try(self, method: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
        api = self._api
        self._budget.take()
        self.calls += 1
        try:
            answer = api.do_flickr_call(f"flickr.{method}", **parameters)
        except _ERRORS as error:
            problem = self._problem(method, error)
        else:
            if isinstance(answer, dict):
                return answer
            problem = TemporaryError("an answer in an unexpected form")
        # Out here the first error, which may show the key, is not the context of this one.
        raise problem

    def _problem(self, method: str, error: Exception) -> Exception:
        """What an error of a call means, in words that hold no address and no key."""
        if isinstance(error, CallError):
            return error
        if isinstance(error, requests.RequestException):
            if advice := distrusted(error):
                return CallError(advice)
            kind = type(error).__name__
            if isinstance(error, ValueError):
                return CallError(f"the API cannot be called ({kind}); check the address, `service`")
            return TemporaryError(f"no connection ({kind})")
        if not isinstance(error, FlickrError):
            return TemporaryError("an answer that is not the API's")
        code = whole(error.code)
        message = self._credentials.scrub(str(error).removeprefix("Error: "))
        if code in _REFUSED_KEY:
            return KeyRefusedError(f"Flickr refuses the API key ({message}): {HOW_TO}")
        if code in _TEMPORARY:
            return TemporaryError(message)
        return CallError(f"Flickr refuses {method} ({message})", code)


def _check_status(response: requests.Response, **_: Any) -> None:
    """Raise for a status that is no answer of the API's; its errors come with status 200."""
    status = response.status_code
    if status >= 400:
        response.close()  # no one else will, once this has raised
    check_status(response)
    if status >= 400:
        raise CallError(f"the API answers with status {status}; check the address, `service`")
