"""What leads to this machine itself goes through no proxy."""

import pytest

from wespe.core.loopback import is_loopback, past_proxies


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("http://127.0.0.1:8000/rest/", True),
        ("http://127.1.2.3/", True),
        ("http://localhost:5000", True),
        ("http://LOCALHOST./", True),
        ("https://flickr.localhost/", True),
        ("http://[::1]:80/", True),
        ("http://10.0.0.1/", False),
        ("http://localhost.example.org/", False),
        ("https://example.org/127.0.0.1", False),
        ("sqlite:///mlflow.db", False),
        ("http://[broken", False),
        ("", False),
    ],
)
def test_which_addresses_are_this_machine(url: str, expected: bool) -> None:
    assert is_loopback(url) is expected


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ({}, "127.0.0.1"),
        ({"NO_PROXY": "example.org"}, "example.org,127.0.0.1"),
        ({"no_proxy": "example.org,127.0.0.1"}, "example.org,127.0.0.1"),
    ],
)
def test_programs_are_told_through_the_environment(before: dict[str, str], after: str) -> None:
    environment = dict(before)
    past_proxies("http://127.0.0.1:5000", environment)
    assert environment["no_proxy"] == after


def test_other_addresses_change_nothing() -> None:
    environment: dict[str, str] = {}
    past_proxies("https://example.org", environment)
    assert not environment
