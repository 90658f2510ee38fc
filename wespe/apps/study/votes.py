"""The votes of a study in SQLite: on the disk before they are acknowledged, and counted once."""

import secrets
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path

from wespe.apps.study.folder import Study
from wespe.apps.study.order import draw_order
from wespe.apps.study.records import CHOICES, Progress, Subject, Trial, Vote
from wespe.results.layout import StudyInputs

_SCHEMA = """
CREATE TABLE study (key TEXT NOT NULL) STRICT;
CREATE TABLE subjects (
    number INTEGER PRIMARY KEY AUTOINCREMENT, code TEXT NOT NULL UNIQUE, started TEXT NOT NULL,
    simulated INTEGER NOT NULL
) STRICT;
CREATE TABLE trials (
    subject INTEGER NOT NULL REFERENCES subjects, position INTEGER NOT NULL,
    item INTEGER NOT NULL, swapped INTEGER NOT NULL, PRIMARY KEY (subject, position)
) STRICT;
CREATE TABLE pictures (
    token TEXT PRIMARY KEY, subject INTEGER NOT NULL, position INTEGER NOT NULL,
    side INTEGER NOT NULL, file TEXT NOT NULL, UNIQUE (subject, position, side),
    FOREIGN KEY (subject, position) REFERENCES trials
) STRICT;
CREATE TABLE votes (
    subject INTEGER NOT NULL, position INTEGER NOT NULL, choice INTEGER NOT NULL,
    seconds REAL NOT NULL, at TEXT NOT NULL, PRIMARY KEY (subject, position),
    FOREIGN KEY (subject, position) REFERENCES trials
) STRICT;
"""
# Letters and digits that nobody takes for another one.
_ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"
_CODE_LETTERS = 10


class VoteError(ValueError):
    """A vote that does not belong to the subject's next trial or an earlier one."""


class Votes:
    """The database of one study; may be used from several threads, and by several processes.

    `connection`: that to the database, in autocommit mode. Raises ValueError where the file holds
    the votes of another study, or none, or cannot be written.
    """

    def __init__(self, path: Path, study: Study) -> None:
        self._study, self._lock = study, threading.Lock()
        with ExitStack() as refused:
            try:
                self.connection = sqlite3.connect(
                    path, isolation_level=None, check_same_thread=False, timeout=20
                )
                refused.callback(self.connection.close)
                keys = self._prepare()
            except sqlite3.Error as error:
                raise ValueError(
                    f"{path}: expected a file of votes that can be written, got: {error}"
                ) from error
            if keys != [(study.key,)]:
                raise ValueError(f"{path}: expected the votes of this study, got those of another")
            refused.pop_all()

    def _prepare(self) -> list[tuple[str]]:
        """Make the tables of a new database; returns the key of its study, a row."""
        self.connection.execute("PRAGMA journal_mode = WAL")
        # In this mode a commit returns when the disk has it.
        self.connection.execute("PRAGMA synchronous = FULL")
        self.connection.execute("PRAGMA foreign_keys = ON")
        with self._transaction() as connection:
            if not connection.execute("SELECT 1 FROM sqlite_master").fetchone():
                for statement in filter(str.strip, _SCHEMA.split(";")):
                    connection.execute(statement)
                connection.execute("INSERT INTO study VALUES (?)", (self._study.key,))
            return connection.execute("SELECT key FROM study").fetchall()

    def settle(self) -> None:
        """Bring votes that wait in SQLite's log into the file itself, whose time Snakemake knows.

        They are as safe in the log. Done before figures are written, since these have to be newer.
        """
        with self._lock:
            self.connection.execute("PRAGMA wal_checkpoint")

    def close(self) -> None:
        """Close the database; one that was never closed is as whole."""
        with self._lock:
            self.connection.close()

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with self._lock:
            self.connection.execute("BEGIN IMMEDIATE")
            try:
                yield self.connection
            except BaseException:
                self.connection.execute("ROLLBACK")
                raise
            self.connection.execute("COMMIT")

    def enrol(self, *, simulated: bool) -> str:
        """A new subject with an order of their own; returns the code to go on with."""
        code = "".join(secrets.choice(_ALPHABET) for _ in range(_CODE_LETTERS))
        with self._transaction() as connection:
            subject = connection.execute(
                "INSERT INTO subjects (code, started, simulated) VALUES (?, ?, ?)",
                (code, _now(), simulated),
            ).lastrowid
            assert subject
            for position, placed in enumerate(draw_order(self._study, subject)):
                connection.execute(
                    "INSERT INTO trials VALUES (?, ?, ?, ?)",
                    (subject, position, placed.item, placed.swapped),
                )
                files = self._study.items[placed.item].pictures
                for side, file in enumerate(reversed(files) if placed.swapped else files):
                    # A name only for this subject and trial: the same picture seen twice, or
                    # by two people, has two names.
                    row = (secrets.token_urlsafe(18), subject, position, side, file)
                    connection.execute("INSERT INTO pictures VALUES (?, ?, ?, ?, ?)", row)
        return code

    def progress(self, code: str) -> Progress | None:
        """How far the subject with this code is; None if there is no such subject."""
        with self._transaction() as connection:
            subject = _subject(connection, code)
            if subject is None:
                return None
            done, trials = _counts(connection, subject)
            coming = tuple(
                self._trial(connection, subject, position)
                for position in range(done, min(done + 2, trials))
            )
        return Progress(code, done, trials, coming)

    def _trial(self, connection: sqlite3.Connection, subject: int, position: int) -> Trial:
        place = (subject, position)
        (item,) = connection.execute(
            "SELECT item FROM trials WHERE subject = ? AND position = ?", place
        ).fetchone()
        tokens = connection.execute(
            "SELECT token FROM pictures WHERE subject = ? AND position = ? ORDER BY side", place
        ).fetchall()
        return Trial(position, self._study.items[item].part, tuple(token for (token,) in tokens))

    def vote(self, code: str, position: int, choice: int, *, seconds: float) -> None:
        """Keep a vote: it is on the disk when this returns.

        The first vote of a subject on a trial counts; the same again, sent by a page that heard no
        answer, changes nothing. `seconds` is how long the pictures were seen. Raises VoteError for
        an unknown code, a trial that is not yet due, or a choice that the study does not have.
        """
        allowed = CHOICES[self._study.kind]
        if choice not in allowed:
            raise VoteError(f"expected a choice from {allowed[0]} to {allowed[-1]}, got {choice}")
        with self._transaction() as connection:
            subject = _subject(connection, code)
            if subject is None:
                raise VoteError("expected the code of a subject")
            done, trials = _counts(connection, subject)
            if not 0 <= position <= min(done, trials - 1):
                raise VoteError(f"expected a vote on trial {done} of {trials}, got {position}")
            connection.execute(
                "INSERT INTO votes VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
                (subject, position, choice, seconds, _now()),
            )

    def subjects(self) -> list[Subject]:
        """All subjects, in the order in which they began."""
        with self._transaction() as connection:
            rows = connection.execute(
                "SELECT number, simulated, (SELECT count(*) FROM trials WHERE subject = number),"
                " (SELECT count(*) FROM votes WHERE subject = number) FROM subjects ORDER BY number"
            ).fetchall()
        return [Subject(number, bool(sim), trials, done) for number, sim, trials, done in rows]

    def votes(self) -> list[Vote]:
        """All votes, by subject and position."""
        with self._transaction() as connection:
            rows = connection.execute(
                "SELECT subject, position, item, swapped, choice, seconds, at"
                " FROM votes JOIN trials USING (subject, position) ORDER BY subject, position"
            ).fetchall()
        return [
            Vote(subject, position, self._study.items[item], bool(swapped), choice, seconds, at)
            for subject, position, item, swapped, choice, seconds, at in rows
        ]

    def withdraw(self, code: str) -> int:
        """Delete the subject with this code and all their votes; returns how many those were."""
        with self._transaction() as connection:
            subject = _subject(connection, code)
            if subject is None:
                raise ValueError(f"expected the code of a subject, got {code!r}")
            done, _ = _counts(connection, subject)
            for table in ("votes", "pictures", "trials"):
                connection.execute(f"DELETE FROM {table} WHERE subject = ?", (subject,))
            connection.execute("DELETE FROM subjects WHERE number = ?", (subject,))
        return done

    def picture(self, token: str) -> str | None:
        """The file that a token stands for, or None."""
        with self._lock:
            row = self.connection.execute(
                "SELECT file FROM pictures WHERE token = ?", (token,)
            ).fetchone()
        return row[0] if row else None


def open_votes(folder: Path, study: Study) -> Votes:
    """The votes of a study that has been served; ValueError if it has not."""
    path = StudyInputs(folder).votes
    if not path.exists():
        raise ValueError(f"{path}: expected votes, found none; `wespe study serve` collects them")
    votes = Votes(path, study)
    votes.settle()
    return votes


def _subject(connection: sqlite3.Connection, code: str) -> int | None:
    row = connection.execute("SELECT number FROM subjects WHERE code = ?", (code,)).fetchone()
    return row[0] if row else None


def _counts(connection: sqlite3.Connection, subject: int) -> tuple[int, int]:
    """How many trials a subject has done, and has in all."""
    done, trials = (
        connection.execute(f"SELECT count(*) FROM {table} WHERE subject = ?", (subject,)).fetchone()
        for table in ("votes", "trials")
    )
    return done[0], trials[0]


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
