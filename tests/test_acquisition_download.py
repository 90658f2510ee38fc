"""Downloads from servers that behave, and misbehave, as the real ones do."""

import hashlib
import random
import shutil
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pytest

from tests import servers
from tests.servers import Behaviour, FileServer, serving
from wespe.data.download import DownloadError, download
from wespe.data.http import Patience
from wespe.data.transfer import Wanted

FILE = b"\x1f\x8b" + random.Random(0).randbytes(300_000)
OTHER = b"\x1f\x8b" + random.Random(1).randbytes(300_000)
HASH = hashlib.sha256(FILE).hexdigest()


class Fetch:
    """Downloads into `path` without ever waiting; `waits` are the pauses that were asked for."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "raw" / "data.gz"
        self.part = self.path.with_name(".data.gz.part")
        self.waits: list[float] = []

    def __call__(self, *places: FileServer | str, attempts: int = 4, **known: Any) -> None:
        urls = [place if isinstance(place, str) else place.url for place in places]
        patience = Patience(attempts=attempts, timeout_s=(20, 0.3), sleep=self.waits.append)
        download(urls, Wanted(self.path, **known), patience=patience)

    def came(self, content: bytes = FILE) -> bool:
        """Whether the file is in place, and nothing else is left."""
        left = sorted(path.name for path in self.path.parent.iterdir())
        return left == ["data.gz"] and self.path.read_bytes() == content


@pytest.fixture
def fetch(tmp_path: Path) -> Fetch:
    return Fetch(tmp_path)


def test_what_is_whole_is_not_requested_again(fetch: Fetch) -> None:
    with serving(FILE) as server:
        fetch(server, size=len(FILE), sha256=HASH, magic=(b"\x1f\x8b",))
        assert fetch.came()
        fetch(server, size=len(FILE), sha256=HASH)
        assert len(server.asked) == 1
        assert server.sent == len(FILE)


def test_a_server_that_nobody_vouches_for_is_named_and_not_asked_again(fetch: Fetch) -> None:
    with serving(FILE, unknown=True) as server:
        with pytest.raises(DownloadError, match="expected the authority's file in REQUESTS_CA"):
            fetch(server)
        assert fetch.waits == []


def test_connections_cut_anywhere_cost_no_byte_twice(fetch: Fetch) -> None:
    numbers = random.Random(2)
    cuts = [numbers.randrange(1, 40_000) for _ in range(12)]
    with serving(FILE, [servers.cut(after) for after in cuts]) as server:
        # Every try brings something, so that far more than `attempts` are made.
        fetch(server, attempts=2)
        assert fetch.came()
        assert len(server.asked) > 10
        assert server.sent == len(FILE)
        assert server.asked[1].range == f"bytes={cuts[0]}-"
    assert len(fetch.waits) == len(server.asked) - 1


def test_a_process_that_was_killed_goes_on_where_it_was(fetch: Fetch) -> None:
    with serving(FILE, [servers.cut(100_000)]) as server:
        with pytest.raises(DownloadError, match="given up after 1 tries"):
            fetch(server, attempts=1)
        assert fetch.part.stat().st_size == 100_000
        assert not fetch.path.exists()
        fetch(server, attempts=1)
        assert fetch.came()
        assert server.sent == len(FILE)


def test_a_process_killed_before_the_last_rename_asks_for_nothing(fetch: Fetch) -> None:
    with serving(FILE, [servers.cut(100_000)]) as server:
        with pytest.raises(DownloadError):
            fetch(server, attempts=1)
        fetch.part.write_bytes(FILE)
        fetch(server, attempts=1)
        assert fetch.came()
        assert server.sent == 100_000


def test_a_server_without_ranges_sends_all_of_it_again(fetch: Fetch) -> None:
    script = [servers.without_ranges(100_000), servers.without_ranges()]
    with serving(FILE, script) as server:
        fetch(server)
        assert fetch.came()
        assert server.sent == 100_000 + len(FILE)


def test_a_server_without_ranges_that_never_gets_further_is_given_up(fetch: Fetch) -> None:
    with serving(FILE, [servers.without_ranges(100_000)] * 9) as server:
        with pytest.raises(DownloadError, match=r"connection broke.*given up after 3 tries"):
            fetch(server, attempts=3)
        assert len(server.asked) == 3


@pytest.mark.parametrize("then", [servers.honest, servers.without_guard], ids=["guard", "none"])
@pytest.mark.parametrize("other", [OTHER, OTHER[:-7]], ids=["same size", "another size"])
def test_parts_of_two_versions_are_not_glued_together(
    fetch: Fetch, then: Behaviour, other: bytes
) -> None:
    with serving(FILE, [servers.cut(100_000), servers.becomes(other, then)]) as server:
        fetch(server)
        assert fetch.came(other)
        assert server.asked[1].if_range


def test_a_server_that_names_no_version_is_not_asked_for_a_rest(fetch: Fetch) -> None:
    script = [servers.cut(100_000), servers.becomes(OTHER, servers.honest)]
    with serving(FILE, script, etags=False) as server:
        fetch(server)
        assert fetch.came(OTHER)
        assert server.asked[1].range is None


def test_where_the_hash_is_known_it_settles_what_no_version_does(fetch: Fetch) -> None:
    script = [servers.cut(100_000), servers.honest]
    with serving(FILE, script, etags=False) as server:
        fetch(server, sha256=HASH)
        assert fetch.came()
        assert server.sent == len(FILE)
    fetch.path.unlink()
    # The part is of another file: once glued, once from the beginning.
    script = [servers.becomes(OTHER, servers.cut(100_000)), servers.becomes(FILE, servers.honest)]
    with serving(OTHER, script, etags=False) as server:
        fetch(server, sha256=HASH)
        assert fetch.came()
        assert [asked.range for asked in server.asked] == [None, "bytes=100000-", None]


def test_another_file_than_expected_is_downloaded_once(fetch: Fetch) -> None:
    with serving(OTHER) as server, serving(FILE) as mirror:
        fetch(server, mirror, sha256=HASH)
        assert fetch.came()
        assert (len(server.asked), len(mirror.asked)) == (1, 1)
    fetch.path.unlink()
    with serving(OTHER) as server:
        expected = f"{server.url}: expected sha256 {HASH}, got {hashlib.sha256(OTHER).hexdigest()}"
        with pytest.raises(DownloadError, match=expected):
            fetch(server, sha256=HASH)
        assert len(server.asked) == 1


@pytest.mark.parametrize("code", [401, 403, 404, 410])
def test_a_refusal_is_not_repeated_and_the_next_mirror_is_asked(fetch: Fetch, code: int) -> None:
    with serving(FILE, [servers.status(code)] * 9) as server, serving(FILE) as mirror:
        fetch(server, mirror)
        assert fetch.came()
        assert (len(server.asked), len(mirror.asked)) == (1, 1)
        fetch.path.unlink()
        expected = rf"data\.gz could not be downloaded\n{server.url}: .*answered {code} "
        with pytest.raises(DownloadError, match=expected):
            fetch(server)
    assert fetch.waits == []


def test_servers_in_trouble_are_asked_again_ever_more_slowly(fetch: Fetch) -> None:
    with serving(FILE, [servers.status(500)] * 3) as server:
        fetch(server)
        assert fetch.came()
    assert all(low <= wait <= 2 * low for low, wait in zip([0.5, 1, 2], fetch.waits, strict=True))


def test_a_server_in_lasting_trouble_is_given_up_for_the_next(fetch: Fetch) -> None:
    with serving(FILE, [servers.status(503)] * 9) as server, serving(FILE) as mirror:
        fetch(server, mirror)
        assert fetch.came()
        assert (len(server.asked), len(mirror.asked)) == (4, 1)


@pytest.mark.parametrize("form", ["seconds", "date", "nonsense"])
def test_retry_after_is_honoured(fetch: Fetch, form: str) -> None:
    date = format_datetime(datetime.now(UTC) + timedelta(seconds=100), usegmt=True)
    value = {"seconds": "99", "date": date, "nonsense": "later"}[form]
    with serving(FILE, [servers.status(429, Retry_After=value)]) as server:
        fetch(server)
        assert fetch.came()
    expected = (0.5, 1) if form == "nonsense" else (97, 100)
    assert expected[0] <= fetch.waits[0] <= expected[1]


def test_a_server_that_asks_for_a_day_is_given_up(fetch: Fetch) -> None:
    expected = "answered 429 Too Many Requests; it asks for a wait of 86400 s"
    with (
        serving(FILE, [servers.status(429, Retry_After=86_400)]) as server,
        pytest.raises(DownloadError, match=expected),
    ):
        fetch(server)
    assert fetch.waits == []


def test_a_stalled_connection_is_left_and_continued(fetch: Fetch) -> None:
    with serving(FILE, [servers.stall(50_000)]) as server:
        fetch(server)
        assert fetch.came()
        assert [asked.range for asked in server.asked if asked.range] == ["bytes=50000-"]


def test_a_length_that_is_too_long_ends_with_what_there_is(fetch: Fetch) -> None:
    with serving(FILE, [servers.claims(len(FILE) + 9)]) as server:
        fetch(server)
        assert fetch.came()
        assert server.sent == len(FILE)


def test_a_length_that_is_always_too_long_is_named(fetch: Fetch) -> None:
    with serving(FILE, [servers.claims(len(FILE) + 9)] * 9) as server:
        with pytest.raises(DownloadError, match="given up after 2 tries"):
            fetch(server, attempts=2)
        assert not fetch.path.exists()


def test_a_length_that_is_too_short_is_found_out(fetch: Fetch) -> None:
    with serving(FILE, [servers.claims(len(FILE) - 9)]) as server:
        with pytest.raises(DownloadError, match=f"expected sha256 {HASH}, got "):
            fetch(server, sha256=HASH)
        # The next attempt is from its beginning.
        fetch(server, sha256=HASH)
        assert fetch.came()


def test_a_file_of_another_size_is_refused_before_it_is_downloaded(fetch: Fetch) -> None:
    with serving(FILE) as server:
        expected = f"expected 5 bytes, the server has a file of {len(FILE)}"
        with pytest.raises(DownloadError, match=expected):
            fetch(server, size=5)
    assert not fetch.part.exists()


def test_without_a_length_the_size_is_checked_at_the_end(fetch: Fetch) -> None:
    with serving(FILE, [servers.chunked]) as server:
        fetch(server, size=len(FILE), sha256=HASH)
        assert fetch.came()


@pytest.mark.parametrize("page", [servers.page, servers.unnamed_page], ids=["named", "unnamed"])
def test_a_web_page_is_no_archive(fetch: Fetch, page: Behaviour) -> None:
    with serving(FILE, [servers.cut(100_000), page]) as server:
        with pytest.raises(DownloadError, match=r"expected data\.gz, got a web page '(Sorry & )?"):
            fetch(server)
        # What came before is not lost to it.
        assert fetch.part.stat().st_size == 100_000
        fetch(server)
        assert fetch.came()
        assert len(server.asked) == 3


def test_what_begins_otherwise_is_refused(fetch: Fetch) -> None:
    with serving(FILE) as server:
        expected = r"expected data\.gz, got a file that begins b'\\x1f\\x8b"
        with pytest.raises(DownloadError, match=expected):
            fetch(server, magic=(b"PK\x03\x04",))
    assert not fetch.part.exists()


def test_a_part_is_continued_at_a_mirror_only_where_the_hash_is_known(fetch: Fetch) -> None:
    cases: list[tuple[dict[str, Any], int]] = [
        ({}, len(FILE)),
        ({"sha256": HASH}, len(FILE) - 100_000),
    ]
    for known, sent in cases:
        script: Sequence[Behaviour] = [servers.cut(100_000), *[servers.status(403)] * 9]
        with serving(FILE, script) as server, serving(FILE) as mirror:
            fetch(server, mirror, **known)
            assert fetch.came()
            assert mirror.sent == sent
        fetch.path.unlink()


def test_a_server_that_is_not_there(fetch: Fetch) -> None:
    with serving(FILE) as server:
        pass
    with pytest.raises(DownloadError, match=r"expected the file, the connection broke: .*refused"):
        fetch(server)
    assert len(fetch.waits) == 3


@pytest.mark.parametrize("url", ["data.gz", "ftp://127.0.0.1/data.gz"])
def test_an_address_that_is_none(fetch: Fetch, url: str) -> None:
    with pytest.raises(DownloadError, match="expected an address that answers, got"):
        fetch(url)


def test_no_room_is_told_before_the_first_byte(
    fetch: Fetch, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = shutil.disk_usage("/")._replace(free=100 * 2**20 + 200_000)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage)
    with serving(FILE) as server, serving(FILE) as mirror:
        expected = r"expected 0\.3 MB of free space in .*raw, found 0\.2 MB"
        with pytest.raises(DownloadError, match=expected):
            fetch(server, mirror)
        assert mirror.asked == []
    assert not fetch.part.exists()


def test_another_file_in_its_place_is_not_touched(fetch: Fetch) -> None:
    fetch.path.parent.mkdir()
    fetch.path.write_bytes(OTHER)
    with serving(FILE) as server:
        with pytest.raises(DownloadError, match=r"data\.gz: expected sha256 .*; remove it"):
            fetch(server, sha256=HASH)
        assert server.asked == []
    assert fetch.path.read_bytes() == OTHER


def test_progress_is_shown(fetch: Fetch, capsys: pytest.CaptureFixture[str]) -> None:
    with serving(FILE, [servers.cut(100_000)]) as server:
        fetch(server)
    shown = capsys.readouterr().err
    assert "data.gz: resumes at 0.1 MB of 0.3 MB\n" in shown
    assert "data.gz: 0.3 MB of 0.3 MB  " in shown
    assert "MB/s  left 0:00:00" in shown
