"""Flickr's licences: the numbers of its API, their names here and where their texts are."""

from typing import Literal, get_args

LicenceName = Literal[
    "all-rights-reserved",
    "by-nc-sa",
    "by-nc",
    "by-nc-nd",
    "by",
    "by-sa",
    "by-nd",
    "no-known-restrictions",
    "us-government",
    "cc0",
    "public-domain-mark",
]
"""In the order of the API's numbers, from 0."""

NAMES: tuple[LicenceName, ...] = get_args(LicenceName)

_PAGES = {
    "all-rights-reserved": "https://www.flickr.com/help/terms",
    "no-known-restrictions": "https://www.flickr.com/commons/usage/",
    "us-government": "https://www.usa.gov/government-copyright",
    "cc0": "https://creativecommons.org/publicdomain/zero/1.0/",
    "public-domain-mark": "https://creativecommons.org/publicdomain/mark/1.0/",
}


def number(name: LicenceName) -> int:
    """The API's number of a licence."""
    return NAMES.index(name)


def name_of(value: object) -> str:
    """The name of the licence with the API's number `value`; a number not known here is kept."""
    text = str(value)
    if text.isdecimal() and int(text) < len(NAMES):
        return NAMES[int(text)]
    return f"licence-{text}"


def page(name: str) -> str:
    """Where the text of a licence is; empty for one that is not known here."""
    if name.startswith("by"):
        return f"https://creativecommons.org/licenses/{name}/2.0/"
    return _PAGES.get(name, "")
