"""A study's folder: `study.json`, the key to what is shown, and `pictures/`, under opaque names."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Literal

from wespe.results.layout import StudyInputs
from wespe.results.record import Record, read_record

Kind = Literal["pairs", "ratings"]
Part = Literal["practice", "main", "catch"]

ENHANCED = "enhanced"
"""The method whose photos the study is about."""
DEGRADED = "degraded"
"""The method of a catch trial's spoiled copy."""


@dataclass(frozen=True, kw_only=True)
class Item(Record):
    """What one trial shows: two versions of a photo, or one to be rated."""

    part: Part
    """Practice comes first and does not count; a catch trial has an answer that is right."""
    set: str
    """The set of photos."""
    photo: str
    """The photo's file in the set."""
    methods: tuple[str, ...]
    """What it is shown by: one method, or two."""
    pictures: tuple[str, ...]
    """Files in `pictures`, in the order of `methods`."""


@dataclass(frozen=True, kw_only=True)
class Study(Record):
    """What a study shows. It identifies the pictures, so subjects never see it."""

    what: ClassVar[str] = "a study made by `wespe study build`"
    where: ClassVar[str] = "STUDY/study.json"

    study: str
    """The name of the folder."""
    key: str
    """Hash of all that is shown, by which votes know their study."""
    kind: Kind
    """Which of two is preferred, or ratings from 1 to 5."""
    title: str
    """What subjects are asked."""
    seed: int
    """Of what is drawn and of the order in which it is shown."""
    simulated: bool
    """Whether photos of a simulated camera are among those shown."""
    networks: Mapping[str, str]
    """Set → hash of the network that made `enhanced`."""
    items: tuple[Item, ...]
    """The trials."""

    def numbers(self, part: Part) -> list[int]:
        """The places in `items` of all of one part."""
        return [number for number, item in enumerate(self.items) if item.part == part]


def read_study(folder: Path) -> Study:
    """The study in a folder; ValueError names the file and what is wrong in it."""
    return read_record(StudyInputs(folder).key, Study)
