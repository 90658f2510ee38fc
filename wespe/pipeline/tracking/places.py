"""Where the files of runs lie: beside the database, also after a project was moved or copied."""

import sqlite3
from contextlib import closing
from pathlib import Path

_SQLITE = "sqlite:///"
_ROOT = "mlruns"
_COLUMNS = (
    ("runs", "artifact_uri"),
    ("model_versions", "source"),
    ("model_versions", "storage_location"),
    ("logged_models", "artifact_location"),
)


def file_of(uri: str) -> Path | None:
    """The database of a URI; None for a server or another kind of database."""
    return Path(uri.removeprefix(_SQLITE)) if uri.startswith(_SQLITE) else None


def keep_relative(uri: str) -> None:
    """Make the places of files that a project's own database states relative to the project.

    MLflow stores them as absolute, so that a moved project would write to its old place, and a copy
    into the original's record. It reads relative ones from the current folder, as it does the
    database. An absolute `uri` is nobody's own and stays as it is, and so do places that a user
    chose. Raises sqlite3.Error for a database that cannot be written.
    """
    database = file_of(uri)
    if database is None or database.is_absolute() or not database.is_file():
        return
    with closing(sqlite3.connect(database, timeout=60)) as connection, connection:
        tables = {name for (name,) in connection.execute("select name from sqlite_master")}
        if "experiments" not in tables:
            return
        places = connection.execute("select experiment_id, artifact_location from experiments")
        for number, place in places.fetchall():
            kept = f"{_ROOT}/{number}"
            if not str(place).replace("\\", "/").endswith(f"/{kept}"):
                continue
            connection.execute(
                "update experiments set artifact_location = ? where experiment_id = ?",
                (kept, number),
            )
            for table, column in _COLUMNS:
                if table in tables:
                    connection.execute(
                        f"update {table} set {column} = ? || substr({column}, ?)"
                        f" where substr({column}, 1, ?) = ?",
                        (kept, len(place) + 1, len(place), place),
                    )
