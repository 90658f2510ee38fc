"""One large file from the web: from the first mirror that has it, resumed, whole or absent."""

from collections.abc import Sequence

from wespe.data.http import Patience, Session, UnavailableError, persist
from wespe.data.transfer import Part, RefusedError, Wanted, mismatch, transfer


class DownloadError(ValueError):
    """A file that could not be downloaded; the message lists each address with its problem."""


def download(urls: Sequence[str], wanted: Wanted, *, patience: Patience | None = None) -> None:
    """Make `wanted.path` the file at the first of `urls`, mirrors of one another, that has it.

    Nothing is requested where the file is there and whole. Raises DownloadError if no mirror has
    it, if there is no room for it, or where another file stands in its place; OSError if the disk
    refuses. What has come so far stays, and the next call goes on there.
    """
    path = wanted.path
    if path.exists():
        if problem := mismatch(path, wanted):
            raise DownloadError(f"{path}: {problem}; remove it to download it again")
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    problems = []
    for url in urls:
        try:
            return _from_mirror(Part(wanted, url), patience or Patience())
        except RefusedError as error:
            problems.append(f"{url}: {error}")
            if error.everywhere:
                break
        except UnavailableError as error:
            problems.append(str(error))
    raise DownloadError("\n".join([f"{path.name} could not be downloaded", *problems]))


def _from_mirror(part: Part, patience: Patience) -> None:
    """Request the rest of the file until it is whole. Raises RefusedError or UnavailableError."""
    with Session() as session:

        def request() -> None:
            continued = part.size > 0
            transfer(session, part, timeout_s=patience.timeout_s)
            part.finish(continued)

        persist(request, part.url, patience=patience, progress=lambda: part.size)
