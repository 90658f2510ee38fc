"""Nested mappings as flat ones."""

from wespe.core.flat import flat


def test_keys_are_dotted_and_lists_are_values() -> None:
    tree = {"a": {"b": 1, "c": {"d": [2, 3]}}, "e": None, "f": {}}
    assert dict(flat(tree)) == {"a.b": 1, "a.c.d": [2, 3], "e": None}
