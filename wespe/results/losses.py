"""The losses of a training, `losses.jsonl`: one JSON object per line.

    {"step": 20, "content": 0.021, "color": 0.69, "total": 1.5}

Losses are unweighted; `total` is their weighted sum. The keys other than `step` depend on the
method and the weights.
"""

import json
import math
from collections.abc import Iterable, Mapping
from pathlib import Path

LossRecord = Mapping[str, float]
"""`step`, and the losses of that step by name; a value that was not finite is NaN."""


def write_losses(path: Path, records: Iterable[LossRecord]) -> None:
    """Write the records, one per line."""
    path.write_text(lines_of(records), "utf-8")


def lines_of(records: Iterable[LossRecord]) -> str:
    """The records as the file has them, one per line."""
    return "".join(json.dumps(dict(record)) + "\n" for record in records)


def read_losses(path: Path) -> list[LossRecord]:
    """The records of a training. Raises ValueError that names the file and a wrong line."""
    if not path.is_file():
        raise ValueError(f"{path}: expected one record of the losses per line, found none")
    records: list[LossRecord] = []
    for number, line in enumerate(path.read_text("utf-8").splitlines(), start=1):
        try:
            values = json.loads(line)
            record = {key: math.nan if value is None else value for key, value in values.items()}
            records.append({key: float(value) for key, value in record.items()})
            record["step"]
        except (ValueError, AttributeError, TypeError, KeyError) as error:
            expected = 'expected losses like {"step": 20, "content": 0.5}'
            raise ValueError(f"{path}, line {number}: {expected}, got {line[:80]!r}") from error
    return records
