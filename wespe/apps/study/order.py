"""In which order, and on which sides, one subject sees the items of a study."""

from dataclasses import dataclass

import numpy as np

from wespe.apps.study.folder import Study


@dataclass(frozen=True)
class Placed:
    """An item in its place; the second version is on the left where `swapped`."""

    item: int
    swapped: bool


def draw_order(study: Study, subject: int) -> list[Placed]:
    """All items for the subject of this number: practice first, the rest shuffled.

    Half of the trials that count (of an odd number, one more or less) are swapped. Another number
    gives another order; the same one gives the same.
    """
    random = np.random.default_rng([study.seed, subject])
    practice = random.permutation(study.numbers("practice"))
    rest = random.permutation([*study.numbers("main"), *study.numbers("catch")])
    return [
        Placed(int(item), bool(swapped))
        for part in (practice, rest)
        for item, swapped in zip(part, _halves(len(part), random), strict=True)
    ]


def _halves(count: int, random: np.random.Generator) -> list[bool]:
    first = int(random.integers(2))
    return [bool((number + first) % 2) for number in random.permutation(count)]
