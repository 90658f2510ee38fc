"""The losses of a training, `losses.jsonl`: a JSON object a line.

    {"step": 20, "content": 0.021, "color": 0.69, "total": 1.5}

Losses are unweighted, `total` is their weighted sum. Which there are besides `step` depends on the
method and the weights.
"""

import json
import math
from collections.abc import Iterable, Mapping
from pathlib import Path

LossRecord = Mapping[str, float]
"""`step`, and the losses of that step by name; a value that was not finite is NaN."""


def write_losses(path: Path, records: Iterable[LossRecord]) -> None:
    """Write the records, a line each."""
    path.write_text("".join(json.dumps(dict(record)) + "\n" for record in records), "utf-8")


def read_losses(path: Path) -> list[LossRecord]:
    """The records of a training; ValueError names the file and the line of a wrong one."""
    if not path.is_file():
        raise ValueError(f"{path}: expected a record of the losses a line, there is none")
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
