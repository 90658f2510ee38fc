"""The order of trials, and votes that are kept once and for all."""

import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.subjects import make_study
from wespe.apps.study.folder import Study
from wespe.apps.study.order import draw_order
from wespe.apps.study.votes import VoteError, Votes, open_votes


@pytest.fixture
def study(tmp_path: Path) -> Study:
    return make_study(tmp_path)


@pytest.fixture
def votes(tmp_path: Path, study: Study) -> Iterator[Votes]:
    votes = Votes(tmp_path / "greys" / "votes.sqlite", study)
    yield votes
    votes.close()


def test_an_order_has_every_item_once_practice_first_and_both_sides_alike(study: Study) -> None:
    for subject in range(1, 20):
        order = draw_order(study, subject)
        assert sorted(placed.item for placed in order) == list(range(len(study.items)))
        assert study.items[order[0].item].part == "practice"
        swapped = sum(placed.swapped for placed in order[1:])
        assert abs(swapped - (len(order) - 1) / 2) <= 0.5
        assert order == draw_order(study, subject)


def test_orders_and_sides_differ_between_subjects(study: Study) -> None:
    orders = [draw_order(study, subject) for subject in range(1, 201)]
    assert len({tuple(order) for order in orders}) == 200
    # Fair coins: of 200 within five standard deviations of 100.
    for item in range(len(study.items)):
        on_the_right = sum(p.swapped for order in orders for p in order if p.item == item)
        assert 65 < on_the_right < 135


def test_a_subject_goes_from_trial_to_trial(votes: Votes, study: Study) -> None:
    code = votes.enrol(simulated=True)
    for position in range(len(study.items)):
        progress = votes.progress(code)
        assert progress
        assert (progress.done, progress.coming[0].position) == (position, position)
        votes.vote(code, position, position % 2, seconds=1.5)
    progress = votes.progress(code)
    assert progress
    assert progress.coming == ()
    assert [vote.choice for vote in votes.votes()] == [n % 2 for n in range(len(study.items))]
    assert [(one.simulated, one.done) for one in votes.subjects()] == [(True, len(study.items))]


def test_a_vote_counts_once_and_the_first_one_stays(votes: Votes) -> None:
    code = votes.enrol(simulated=False)
    votes.vote(code, 0, 1, seconds=2)
    votes.vote(code, 0, 1, seconds=2)
    votes.vote(code, 0, 0, seconds=9)
    assert [(vote.position, vote.choice, vote.seconds) for vote in votes.votes()] == [(0, 1, 2)]


def test_the_same_vote_from_many_threads_counts_once(votes: Votes) -> None:
    code = votes.enrol(simulated=False)
    threads = [
        threading.Thread(target=votes.vote, args=(code, 0, 1), kwargs={"seconds": 1})
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(votes.votes()) == 1


def test_what_is_no_vote_is_refused(votes: Votes, study: Study) -> None:
    code = votes.enrol(simulated=False)
    with pytest.raises(VoteError, match="expected a vote on trial 0 of 10, got 1"):
        votes.vote(code, 1, 0, seconds=1)
    with pytest.raises(VoteError, match="got -1"):
        votes.vote(code, -1, 0, seconds=1)
    with pytest.raises(VoteError, match="expected a choice from 0 to 1, got 2"):
        votes.vote(code, 0, 2, seconds=1)
    with pytest.raises(VoteError, match="expected the code of a subject"):
        votes.vote("nobody", 0, 1, seconds=1)
    assert votes.progress("nobody") is None
    assert votes.votes() == []


def test_pictures_have_names_for_one_subject_and_trial_alone(votes: Votes, study: Study) -> None:
    seen: list[str] = []
    for _ in range(2):
        code = votes.enrol(simulated=False)
        for position in range(len(study.items)):
            progress = votes.progress(code)
            assert progress
            seen += progress.coming[0].pictures
            votes.vote(code, position, 0, seconds=1)
    assert len(seen) == len(set(seen)) == 2 * 2 * len(study.items)
    files = {votes.picture(token) for token in seen}
    assert files == {file for item in study.items for file in item.pictures}
    assert votes.picture("../study.json") is None


def test_left_and_right_are_what_was_chosen(votes: Votes, study: Study) -> None:
    code = votes.enrol(simulated=False)
    for position, placed in enumerate(draw_order(study, 1)):
        progress = votes.progress(code)
        assert progress
        shown = [votes.picture(token) for token in progress.coming[0].pictures]
        item = study.items[placed.item]
        votes.vote(code, position, 1, seconds=1)
        cast = votes.votes()[-1]
        assert item.pictures[item.methods.index(cast.chosen)] == shown[1]


def test_every_commit_waits_for_the_disk(votes: Votes) -> None:
    connection = votes.connection
    assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    assert connection.execute("PRAGMA synchronous").fetchone() == (2,)  # FULL


def test_votes_of_another_study_are_not_mixed_in(votes: Votes, tmp_path: Path) -> None:
    other = make_study(tmp_path / "other", seed=1)
    with pytest.raises(ValueError, match="expected the votes of this study, got those of another"):
        Votes(tmp_path / "greys" / "votes.sqlite", other)
    with pytest.raises(ValueError, match="expected votes, found none"):
        open_votes(tmp_path / "other" / "greys", other)


def test_what_is_no_database_is_named(study: Study, tmp_path: Path) -> None:
    (tmp_path / "greys" / "votes.sqlite").write_text("no database " * 100)
    with pytest.raises(
        ValueError,
        match=r"votes\.sqlite: expected a file of votes that can be written, got: file is",
    ):
        Votes(tmp_path / "greys" / "votes.sqlite", study)


def test_a_database_without_a_study_is_refused(study: Study, tmp_path: Path) -> None:
    file = tmp_path / "greys" / "votes.sqlite"
    file.unlink(missing_ok=True)
    database = sqlite3.connect(file)
    database.execute("CREATE TABLE study (key TEXT)")
    database.close()
    with pytest.raises(ValueError, match="expected the votes of this study, got those of another"):
        Votes(file, study)


def test_votes_in_the_log_reach_the_file_before_they_are_counted(
    votes: Votes, study: Study, tmp_path: Path
) -> None:
    votes.vote(votes.enrol(simulated=True), 0, 1, seconds=1)
    file = tmp_path / "greys" / "votes.sqlite"
    before = file.read_bytes()
    reader = open_votes(tmp_path / "greys", study)
    settled = file.read_bytes()
    assert settled != before
    reader.subjects()
    reader.close()
    assert file.read_bytes() == settled


def test_who_withdraws_leaves_nothing(votes: Votes, tmp_path: Path) -> None:
    codes = [votes.enrol(simulated=False) for _ in range(2)]
    for code in codes:
        votes.vote(code, 0, 1, seconds=1)
    assert votes.withdraw(codes[0]) == 1
    assert [vote.subject for vote in votes.votes()] == [2]
    assert votes.progress(codes[0]) is None
    connection = sqlite3.connect(tmp_path / "greys" / "votes.sqlite")
    for table in ("trials", "pictures"):
        assert connection.execute(f"SELECT DISTINCT subject FROM {table}").fetchall() == [(2,)]
    connection.close()
    with pytest.raises(ValueError, match="expected the code of a subject, got"):
        votes.withdraw(codes[0])
    # A number is given once: exports made before and after do not mean two people by it.
    votes.withdraw(codes[1])
    votes.enrol(simulated=False)
    assert [one.number for one in votes.subjects()] == [3]
