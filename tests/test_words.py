"""Words in messages."""

import io

import pytest

from wespe.core.words import HarmlessStream, harmless, nearest, number_of, one_line


def test_the_nearest_word_is_proposed_and_none_where_none_is_near() -> None:
    assert nearest("enhence", ["serve", "enhance"]) == "did you mean enhance?"
    assert nearest("xyz", ["serve", "enhance"]) == ""
    assert nearest("xyz", []) == ""


def test_one_is_not_several() -> None:
    assert [number_of(count, "photo") for count in (0, 1, 2000)] == [
        "0 photos",
        "1 photo",
        "2,000 photos",
    ]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("é → 写.jpg", "é → 写.jpg"),
        ("a\x1b[2J.jpg", r"a\x1b[2J.jpg"),
        ("a\rb\x07\x7f\x9b.jpg", r"a\rb\x07\x7f\x9b.jpg"),
        ("gpj.\u202ea.jpg", r"gpj.\u202ea.jpg"),
        ("two\nlines\tand a tab", "two\nlines\tand a tab"),
        ("\r\x1b[2Kphotos: 1 of 2", "\r\x1b[2Kphotos: 1 of 2"),
        ("\x1b[2K", r"\x1b[2K"),
    ],
)
def test_what_a_terminal_would_obey_is_escaped(text: str, shown: str) -> None:
    assert harmless(text) == shown
    assert harmless(shown) == shown
    stream = io.StringIO()
    print(text, end="", file=HarmlessStream(stream))
    assert stream.getvalue() == shown


def test_a_name_stays_within_its_line() -> None:
    assert one_line("a\nb\x1bc") == r"a\nb\x1bc"
