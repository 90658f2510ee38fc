"""A study's folder: `study.json`, the key to what is shown, and `pictures/`, under opaque names."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from wespe.core.files import read_json
from wespe.core.schema import Name

Kind = Literal["pairs", "ratings"]
Part = Literal["practice", "main", "catch"]

ENHANCED = "enhanced"
"""The method whose photos the study is about."""
DEGRADED = "degraded"
"""The method of a catch trial's spoiled copy."""


class Record(BaseModel):
    """What a file of a study holds; an unknown key or a wrong type is refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Item(Record):
    """What one trial shows: two versions of a photo, or one to be rated."""

    part: Part
    """Practice comes first and does not count; a catch trial has an answer that is right."""
    set: Name
    photo: str
    methods: Annotated[tuple[str, ...], Field(min_length=1, max_length=2)]
    pictures: tuple[str, ...]
    """Files in `pictures`, in the order of `methods`."""


class Study(Record):
    """`study.json`. It tells which picture is which, so subjects never see it."""

    study: Name
    key: str
    """Hash of all that is shown, by which votes know their study."""
    kind: Kind
    title: str
    seed: int
    simulated: bool
    """Whether photos of a simulated camera are among those shown."""
    networks: Mapping[str, str]
    """Set → hash of the network that made `enhanced`."""
    items: tuple[Item, ...]

    def numbers(self, part: Part) -> list[int]:
        """The places in `items` of all of one part."""
        return [number for number, item in enumerate(self.items) if item.part == part]


RecordType = TypeVar("RecordType", bound=BaseModel)


def read_study(folder: Path) -> Study:
    """The study in a folder; ValueError names the file and what is wrong in it."""
    return read_record(folder / "study.json", Study, "a study made by `wespe study build`")


def read_record(path: Path, kind: type[RecordType], what: str) -> RecordType:
    """A record of a JSON file; ValueError names the file and the first key that is wrong in it."""
    if not path.exists():
        raise ValueError(f"{path}: expected {what}, there is none")
    try:
        return kind.model_validate(read_json(path))
    except ValidationError as error:
        problem = error.errors()[0]
        key = ".".join(str(part) for part in problem["loc"])
        raise ValueError(f"{path}: expected {what}, but {key}: {problem['msg']}") from error
