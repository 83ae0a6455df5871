"""What persons decide: stored as events, undone without end, and always what the events say."""

from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from store_rows import add_items, attempt, new_run, new_store, trajectory

from db.errors import StoreConflict, StoreMissing, StoreReadOnly
from db.records import Run
from db.review_records import (
    CheckVerdict,
    ReviewAgreement,
    ReviewChange,
    ReviewCounts,
    ReviewKind,
    ReviewState,
    ReviewStatus,
)
from db.store import Store

A, X = ReviewKind.ACCEPT, ReviewKind.REJECT
PENDING, ACCEPTED, REJECTED = ReviewStatus


def collected(store: Store, run: Run, count: int, iteration: int = 1, **changes: Any) -> list[int]:
    """Trajectories with ids that need not begin at 1."""
    items = add_items(store, count)
    attempts = store.add_attempts(
        attempt(run.id, item_id, iteration=iteration) for item_id in items[:count]
    )
    return store.add_edits(
        trajectory(run.id, a, i, iteration=iteration, **changes)
        for a, i in zip(attempts, items, strict=False)
    )


def change(trajectory_id: int, kind: ReviewKind, **more: Any) -> ReviewChange:
    return ReviewChange(trajectory_id=trajectory_id, kind=kind, **more)


def statuses(store: Store, ids: list[int]) -> list[ReviewStatus]:
    return [store.review_state(key).status for key in ids]


def test_a_trajectory_that_nobody_touched_is_pending(store: Store, run: Run) -> None:
    (one,) = collected(store, run, 1)
    assert store.review_state(one) == ReviewState(trajectory_id=one, run_id=run.id, iteration=1)
    assert store.review_states(run.id) == {}
    with pytest.raises(StoreMissing, match="trajectories has no row 99"):
        store.review_state(99)


def test_all_that_can_be_done_to_a_trajectory_reads_back(store: Store, run: Run) -> None:
    (one,) = collected(store, run, 1)
    store.review_step(
        run.id,
        [
            change(one, A),
            change(one, ReviewKind.FLAG),
            change(one, ReviewKind.TAGS, tags=("wrong-step", "format")),
            change(one, ReviewKind.NOTE, text="look again"),
            change(one, ReviewKind.EDIT, text="Q: …", checked=CheckVerdict.PASS),
        ],
        at=100.0,
    )
    store.review_step(run.id, [change(one, X, blind=True)], at=200.0)
    expected = ReviewState(
        trajectory_id=one,
        run_id=run.id,
        iteration=1,
        status=ACCEPTED,
        decided_at=100.0,
        flagged=True,
        blind=REJECTED,
        blind_at=200.0,
        tags=("format", "wrong-step"),
        note="look again",
        edited="Q: …",
        edited_checked=CheckVerdict.PASS,
    )
    assert store.review_state(one) == expected
    assert store.review_states(run.id) == store.review_states(run.id, 1) == {one: expected}
    assert store.review_states(run.id, 2) == {}


def test_a_step_is_undone_as_a_whole_and_says_what_it_was(store: Store, run: Run) -> None:
    ids = collected(store, run, 3)
    store.review_step(run.id, [change(ids[0], A)])
    bulk = store.review_step(run.id, [change(key, X) for key in ids])
    assert statuses(store, ids) == [REJECTED] * 3
    undone = store.undo_review(run.id)
    assert undone is not None
    assert undone.step == bulk
    assert [(event.trajectory_id, event.kind) for event in undone.events] == [
        (key, X) for key in ids
    ]
    assert statuses(store, ids) == [ACCEPTED, PENDING, PENDING]


def test_undo_goes_on_after_the_store_was_closed(run: Run, store: Store, tmp_path: Path) -> None:
    (one,) = collected(store, run, 1)
    store.review_step(run.id, [change(one, A)])
    store.review_step(run.id, [change(one, X)])
    store.close()
    with Store.open(tmp_path / "tripost.db") as again:
        assert again.review_state(one).status is REJECTED
        assert again.undo_review(run.id)
        assert again.undo_review(run.id)
        assert again.undo_review(run.id) is None
        assert again.review_states(run.id) == {}
    with Store.open(tmp_path / "tripost.db") as again:
        assert again.redo_review(run.id)
        assert again.redo_review(run.id)
        assert again.redo_review(run.id) is None
        assert again.review_state(one).status is REJECTED


def test_a_new_decision_after_an_undo_drops_what_could_be_redone(store: Store, run: Run) -> None:
    first, second = collected(store, run, 2)
    store.review_step(run.id, [change(first, A)])
    store.undo_review(run.id)
    store.review_step(run.id, [change(second, X)])
    assert store.redo_review(run.id) is None
    assert statuses(store, [first, second]) == [PENDING, REJECTED]
    store.undo_review(run.id)
    assert store.undo_review(run.id) is None
    assert store.redo_review(run.id) is not None
    assert statuses(store, [first, second]) == [PENDING, REJECTED]


def test_events_are_only_ever_added(store: Store, run: Run) -> None:
    (one,) = collected(store, run, 1)
    step = store.review_step(run.id, [change(one, A)])
    before = store.review_events(run.id)
    store.undo_review(run.id)
    store.redo_review(run.id)
    events = store.review_events(run.id)
    assert events[:1] == before
    assert [(e.kind, e.step) for e in events[1:]] == [
        (ReviewKind.UNDO, step),
        (ReviewKind.REDO, step),
    ]
    assert store.review_events(run.id, after_id=events[1].id) == events[2:]


def test_runs_have_steps_of_their_own(store: Store, run: Run) -> None:
    (one,) = collected(store, run, 1)
    other = new_run(store)
    (two,) = collected(store, other, 1)
    store.review_step(run.id, [change(one, A)])
    store.review_step(other.id, [change(two, A)])
    assert store.undo_review(run.id)
    assert statuses(store, [one, two]) == [PENDING, ACCEPTED]
    with pytest.raises(StoreConflict, match=f"trajectory {two} is of run {other.id}"):
        store.review_step(run.id, [change(one, X), change(two, X)])
    assert statuses(store, [one, two]) == [PENDING, ACCEPTED]
    # What was refused has not cost the redo.
    assert store.redo_review(run.id)


REFUSED: dict[str, Callable[[int], list[ReviewChange]]] = {
    "nothing": lambda _one: [],
    "an undo": lambda one: [change(one, ReviewKind.UNDO)],
    "a blind note": lambda one: [change(one, ReviewKind.NOTE, text="a", blind=True)],
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_no_step_is_refused(store: Store, run: Run, name: str) -> None:
    (one,) = collected(store, run, 1)
    with pytest.raises(ValueError, match=r"."):
        store.review_step(run.id, REFUSED[name](one))
    assert store.review_events(run.id) == []


def test_an_unknown_trajectory_is_refused_with_its_whole_step(store: Store, run: Run) -> None:
    (one,) = collected(store, run, 1)
    with pytest.raises(StoreMissing):
        store.review_step(run.id, [change(one, A), change(99, A)])
    assert store.review_events(run.id) == []
    assert store.undo_review(run.id) is None


def test_a_reader_cannot_decide(store: Store, run: Run, tmp_path: Path) -> None:
    (one,) = collected(store, run, 1)
    with Store.open(tmp_path / "tripost.db", readonly=True) as reader:
        with pytest.raises(StoreReadOnly):
            reader.review_step(run.id, [change(one, A)])
        assert reader.review_counts(run.id).pending == 1


def test_counts_are_by_status_and_iteration(store: Store, run: Run) -> None:
    ids = collected(store, run, 4)
    (later,) = collected(store, run, 1, iteration=2)
    store.review_step(run.id, [change(ids[0], A), change(ids[1], A), change(ids[2], X)])
    store.review_step(run.id, [change(ids[3], ReviewKind.FLAG), change(later, A)])
    store.review_step(run.id, [change(ids[0], ReviewKind.EDIT, text="other")])
    assert store.review_counts(run.id, 1) == ReviewCounts(
        pending=1, accepted=2, rejected=1, flagged=1, edited=1
    )
    all_ = store.review_counts(run.id)
    assert (all_.pending, all_.accepted, all_.decided, all_.total) == (1, 3, 4, 5)
    assert store.review_counts(run.id, 3).total == 0


def test_pace_leaves_breaks_and_what_was_undone_out(store: Store, run: Run) -> None:
    ids = collected(store, run, 5)
    for key, at, kind in zip(ids, (0.0, 10.0, 30.0, 5000.0, 5010.0), (A, A, X, A, A), strict=True):
        store.review_step(run.id, [change(key, kind)], at=at)
    store.review_step(run.id, [change(ids[0], X, blind=True)], at=5011.0)
    speed = store.review_speed(run.id)
    assert (speed.decided, speed.accepted, speed.paced, speed.seconds) == (5, 4, 3, 40.0)
    assert speed.per_minute == pytest.approx(4.5)
    assert speed.accept_rate == 0.8
    store.undo_review(run.id)
    store.undo_review(run.id)
    speed = store.review_speed(run.id, since=20.0)
    assert (speed.decided, speed.per_minute, speed.accept_rate) == (2, None, 0.5)
    assert store.review_speed(run.id, since=9e9).accept_rate is None


def test_what_may_be_looked_at_again_was_decided_a_while_ago(store: Store, run: Run) -> None:
    ids = collected(store, run, 5)
    assert store.second_look_candidates(run.id, 2) == []
    for at, key in enumerate(ids[:4]):
        store.review_step(run.id, [change(key, A)], at=float(at))
    assert store.second_look_candidates(run.id, 2) == ids[:2]
    assert store.second_look_candidates(run.id, 4) == []
    store.review_step(run.id, [change(ids[0], X, blind=True)])
    assert store.second_look_candidates(run.id, 2) == ids[1:2]


def test_agreement_is_of_decisions_with_second_looks_and_the_checker(
    store: Store, run: Run
) -> None:
    assert store.review_agreement(run.id) == ReviewAgreement(
        looked_again=0, same=0, checked=0, agreed=0
    )
    ids = collected(store, run, 7)
    kinds = (A, A, X, X, A, A)
    store.review_step(run.id, [change(k, kind) for k, kind in zip(ids, kinds, strict=False)])
    store.review_step(run.id, [change(ids[0], A, blind=True), change(ids[1], X, blind=True)])
    store.review_step(
        run.id, [change(ids[5], ReviewKind.EDIT, text="b", checked=CheckVerdict.PASS)]
    )
    p, f, u = CheckVerdict
    store.add_checks(dict(zip(ids, (p, f, p, f, u, f, p), strict=True)))
    # Agreed: the first, the fourth and the edited one; what is pending does not count.
    assert store.review_agreement(run.id) == ReviewAgreement(
        looked_again=2, same=1, checked=5, agreed=3
    )


# --- laws --------------------------------------------------------------------------------------

KEYS = (0, 1, 2)
CHANGES = st.builds(
    lambda key, kind, tags, text, blind: (
        key,
        kind,
        {"tags": tags} if kind is ReviewKind.TAGS else {},
        {"text": text} if kind in (ReviewKind.NOTE, ReviewKind.EDIT) else {},
        {"blind": blind and kind in (A, X)},
    ),
    st.sampled_from(KEYS),
    st.sampled_from([k for k in ReviewKind if k not in (ReviewKind.UNDO, ReviewKind.REDO)]),
    st.sampled_from([(), ("format",), ("format", "wrong-step")]),
    st.sampled_from([None, "", "other words"]),
    st.booleans(),
)
MOVES = st.lists(
    st.one_of(st.just("undo"), st.just("redo"), st.lists(CHANGES, min_size=1, max_size=3)),
    max_size=12,
)


class Session:
    """A store on disk, and a plain model of an editor's undo beside it."""

    def __init__(self, folder: str) -> None:
        self.store = new_store(Path(folder))
        # Laws are about order, not about the disk.
        self.store._connection.execute("PRAGMA synchronous = OFF")
        self.run = new_run(self.store)
        self.ids = collected(self.store, self.run, len(KEYS))
        self.past = [self.now()]
        self.future: list[dict[int, ReviewState]] = []

    def now(self) -> dict[int, ReviewState]:
        return self.store.review_states(self.run.id)

    def move(self, move: Any) -> None:
        if move == "undo":
            undone = self.store.undo_review(self.run.id)
            assert (undone is not None) == (len(self.past) > 1)
            if undone:
                self.future.append(self.past.pop())
        elif move == "redo":
            redone = self.store.redo_review(self.run.id)
            assert (redone is not None) == bool(self.future)
            if redone:
                self.past.append(self.future.pop())
        else:
            self.store.review_step(
                self.run.id,
                [
                    change(self.ids[key], kind, **tags, **text, **blind)
                    for key, kind, tags, text, blind in move
                ],
            )
            self.past.append(self.now())
            self.future.clear()


@settings(max_examples=60, deadline=None)
@given(moves=MOVES)
def test_undo_and_redo_are_those_of_an_editor_and_follow_from_the_events(moves: list[Any]) -> None:
    with TemporaryDirectory() as folder:
        session = Session(folder)
        with closing(session.store):
            for move in moves:
                session.move(move)
                assert session.now() == session.past[-1]
            events = session.store.review_events(session.run.id)
            session.store.rebuild_reviews(session.run.id)
            assert session.now() == session.past[-1]
            assert session.store.review_events(session.run.id) == events
            # What can be undone and redone is rebuilt too.
            for move in ["undo"] * 3 + ["redo"] * 5:
                session.move(move)
                assert session.now() == session.past[-1]
