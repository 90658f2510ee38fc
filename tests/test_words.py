"""Words in messages."""

from wespe.core.words import nearest, number_of


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
