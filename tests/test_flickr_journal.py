"""The journal: what was put in comes out again, whatever stopped the crawl."""

from pathlib import Path

import pytest

from tests.flickr import photo
from wespe.data.flickr.journal import CrawlJournal
from wespe.data.flickr.windows import Page, Window

QUERY = {"tags": "street", "since": "2016-01-01"}
WINDOW = Window(10, 20)
PAGE = Page(3, [photo(1), photo(2, views=None, title="“Rain” 雨\nand\u2028more")])


def _fill(path: Path) -> None:
    journal = CrawlJournal(path, QUERY)
    journal.add_page(WINDOW, 1, PAGE)
    journal.add_faves("1", 7)
    journal.add_faves("2", None)
    journal.add_failure("3", "gone: Flickr sent a placeholder")


def test_everything_comes_back(tmp_path: Path) -> None:
    _fill(tmp_path / "new" / "journal.jsonl")
    journal = CrawlJournal(tmp_path / "new" / "journal.jsonl", QUERY)
    assert journal.pages == {(WINDOW, 1): PAGE}
    assert journal.faves == {"1": 7, "2": None}
    assert journal.failures == {"3": "gone: Flickr sent a placeholder"}


def test_wherever_the_file_ends_whole_lines_count_and_it_goes_on(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    _fill(path)
    whole = path.read_bytes()
    for end in range(0, len(whole), 13):
        path.write_bytes(whole[:end])
        journal = CrawlJournal(path, QUERY)
        known = len(journal.pages) + len(journal.faves) + len(journal.failures)
        assert known == max(0, whole[:end].count(b"\n") - 1)
        journal.add_faves("9", 9)
        journal = CrawlJournal(path, QUERY)
        assert journal.faves["9"] == 9
        assert len(journal.pages) + len(journal.faves) + len(journal.failures) == known + 1


def test_damage_elsewhere_is_named_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    _fill(path)
    lines = path.read_bytes().split(b"\n")
    for damage in (b'{"faves": ', b'{"what": 1}', b"3"):
        lines[2] = damage
        path.write_bytes(b"\n".join(lines))
        with pytest.raises(ValueError, match=r"journal\.jsonl, line 3: expected a record"):
            CrawlJournal(path, QUERY)


def test_another_query_is_refused(tmp_path: Path) -> None:
    _fill(tmp_path / "journal.jsonl")
    with pytest.raises(ValueError, match=r'belongs to .*"street".*expected .*"rain".*path of '):
        CrawlJournal(tmp_path / "journal.jsonl", {**QUERY, "tags": "rain"})
    assert CrawlJournal(tmp_path / "journal.jsonl", QUERY).pages
