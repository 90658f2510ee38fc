"""A copy of a training's folder in a bucket, from which another machine goes on."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from wespe.core.files import atomic_file

VARIABLE = "WESPE_STATES"
"""Has the address below which copies are kept, such as `s3://BUCKET/wespe/.wespe`."""


class Elsewhere:
    """The copy of `folder`, a training's own, at the address of the variable; none without it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._files: Any = None
        if address := os.environ.get(VARIABLE):
            from fsspec.core import url_to_fs

            self._address = f"{address.rstrip('/')}/{folder.parent.name}/{folder.name}"
            with _named(self._address):
                self._files, self._place = url_to_fs(self._address, use_listings_cache=False)

    def bring(self) -> None:
        """Have the folder's files be those of the copy, where there is one.

        It is as new as the folder, unless the last save could not be copied. Raises OSError where
        it cannot be read: a training that began anew would write over it.
        """
        if self._files is None:
            return
        with _named(self._address):
            files = self._files.find(self._place)
            kept = {file.removeprefix(f"{self._place}/"): file for file in files}
            # A pause here that is none there is older than what is there.
            for path in self._folder.glob("*.pt") if kept else ():
                if path.name not in kept:
                    path.unlink()
            for name, file in kept.items():
                with atomic_file(self._folder / name) as temporary:
                    self._files.get_file(file, str(temporary))

    def put(self, file: Path) -> None:
        """Copy a file of the folder; without success the training goes on, and says so."""
        if self._files is None:
            return
        with self._tried():
            self._files.put_file(str(file), self._in_copy(file))

    def remove(self, file: Path) -> None:
        """Remove the copy of a file of the folder, if there is one."""
        if self._files is None:
            return
        with self._tried():
            if self._files.exists(self._in_copy(file)):
                self._files.rm_file(self._in_copy(file))

    @contextmanager
    def _tried(self) -> Iterator[None]:
        try:
            with _named(self._address):
                yield
        except OSError as error:
            print(f"{error}; the training goes on, its copy is behind", file=sys.stderr)

    def _in_copy(self, file: Path) -> str:
        return f"{self._place}/{file.relative_to(self._folder).as_posix()}"


@contextmanager
def _named(address: str) -> Iterator[None]:
    """Have whatever goes wrong name the address; each service has errors of its own."""
    try:
        yield
    except Exception as error:
        raise OSError(f"{VARIABLE}: {address} cannot be used: {error}") from error
