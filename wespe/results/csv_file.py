"""CSV files with a head."""

import csv
from collections.abc import Iterator, Sequence
from pathlib import Path


def read_csv(path: Path, columns: Sequence[str], what: str) -> Iterator[tuple[int, dict[str, str]]]:
    """The rows of a CSV file, each with the number of its last line.

    `what`: what the file is, in words. Raises ValueError that names the file if it is not UTF-8, or
    if it or one of `columns` is missing.
    """
    if not path.is_file():
        raise ValueError(f"{path}: expected {what}, found none")
    with path.open(encoding="utf-8-sig", newline="") as stream:  # spreadsheets begin with a mark
        table = csv.DictReader(stream)
        try:
            found = table.fieldnames or ()
            if missing := [key for key in columns if key not in found]:
                got = ", ".join(found) or "an empty file"
                raise ValueError(f"{path}: expected the column {missing[0]}, got {got}")
            for row in table:
                yield table.line_num, row
        except UnicodeDecodeError as error:
            raise ValueError(f"{path}: expected {what} in UTF-8, got another encoding") from error
