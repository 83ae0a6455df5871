"""A review as a plain object, on a real database."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest
import recorded
from reviewed import add, review_project

from db.errors import StoreReadOnly
from db.review_conditions import ReviewOrder
from db.review_records import (
    CheckVerdict,
    ReviewChange,
    ReviewKind,
    ReviewStatus,
)
from db.store import Store
from engine.errors import ProjectError
from engine.project import Project
from engine.review_filter import FilterFault
from engine.second_looks import GAP, is_looked_at_again
from engine.task_setup import project_task
from tripost_tui.state.review import MOST_AT_ONCE, ReviewDesk
from tripost_tui.state.review_passages import last_attempt, shown_passages
from tripost_tui.state.review_port import EditRefused
from tripost_tui.state.review_store import StoreReviews
from tripost_tui.state.review_view import ReviewView
from tripost_tui.state.review_words import queue_empty

A, X = ReviewKind.ACCEPT, ReviewKind.REJECT


@dataclass
class Review:
    """A desk, and the database beside it as others see it."""

    project: Project
    run_id: int
    desk: ReviewDesk
    clock: recorded.Clock

    def store(self) -> Store:
        return Store.open(self.project.db_path)

    def elsewhere(self, trajectory_id: int, kind: ReviewKind) -> None:
        with self.store() as store:
            store.review_step(self.run_id, [ReviewChange(trajectory_id=trajectory_id, kind=kind)])

    def status(self, trajectory_id: int) -> ReviewStatus:
        with self.store() as store:
            return store.review_state(trajectory_id).status

    def view(self) -> ReviewView:
        return self.desk.view()

    def again(self) -> ReviewDesk:
        """Another session."""
        desk = ReviewDesk(StoreReviews(self.project.path), self.clock)
        desk.open()
        return desk


def opened(folder: Path, count: int = 12, *, checked: bool = True) -> Review:
    project, run_id = review_project(folder, count, checked=checked)
    clock = recorded.Clock(recorded.NOW)
    desk = ReviewDesk(StoreReviews(project.path, clock=clock), clock)
    desk.open()
    return Review(project, run_id, desk, clock)


@pytest.fixture
def review(tmp_path: Path) -> Iterator[Review]:
    found = opened(tmp_path / "demo")
    yield found
    found.desk.close()


def test_it_begins_with_the_newest_undecided(review: Review) -> None:
    view = review.view()
    assert list(view.ids) == list(range(12, 0, -1))
    assert (view.at, view.item and view.item.id) == (0, 12)
    assert (view.counts.pending, view.counts.decided) == (12, 0)


def test_a_decision_is_stored_and_the_next_comes(review: Review) -> None:
    review.desk.decide(A)
    review.desk.decide(X)
    assert (review.status(12), review.status(11)) == (ReviewStatus.ACCEPTED, ReviewStatus.REJECTED)
    view = review.view()
    assert view.item
    assert view.item.id == 10
    assert (view.counts.accepted, view.counts.rejected, view.counts.pending) == (1, 1, 10)
    assert view.rows[12].status is ReviewStatus.ACCEPTED


def test_counts_that_were_moved_are_those_of_the_store(review: Review) -> None:
    desk = review.desk
    for act in (
        lambda: desk.decide(A),
        lambda: desk.decide(X),
        desk.flag,
        lambda: desk.tag(3),
        lambda: desk.go(0),
        lambda: desk.decide(X),
        desk.undo,
        desk.undo,
        desk.redo,
        lambda: (desk.mark_range(), desk.move(3), desk.decide(A)),
    ):
        act()
        with review.store() as store:
            assert desk.view().counts == store.review_counts(review.run_id)


def test_another_session_goes_on_where_one_stopped_and_undoes_what_was_done(
    review: Review,
) -> None:
    review.desk.decide(A)
    review.desk.decide(X)
    later = review.again()
    assert later.view().item.id == 10  # type: ignore[union-attr]
    later.undo()
    view = later.view()
    assert view.said.startswith('Undone: rejected "')
    assert (view.at, view.counts.decided) == (1, 1)
    later.undo()
    later.undo()
    assert later.view().said == "Nothing to undo."
    later.redo()
    view = later.view()
    assert view.said.startswith('Redone: accepted "')
    assert review.status(12) is ReviewStatus.ACCEPTED
    later.close()


def test_what_is_put_off_comes_last(review: Review) -> None:
    review.desk.later()
    view = review.view()
    assert view.ids[-1] == 12
    assert view.item
    assert view.item.id == 11
    for _ in range(11):
        review.desk.decide(A)
    view = review.view()
    assert view.item
    assert view.item.id == 12


def test_with_all_decided_nothing_is_left_here(review: Review) -> None:
    for _ in range(12):
        review.desk.decide(A)
    view = review.view()
    assert not view.left_here
    assert "12 accepted, 0 rejected" in queue_empty(view.counts)


def test_a_range_is_one_step(review: Review) -> None:
    review.desk.mark_range()
    review.desk.move(3)
    assert list(review.view().selected) == [0, 1, 2, 3]
    review.desk.decide(X)
    view = review.view()
    assert "Rejected 4 trajectories" in view.said
    assert (view.counts.rejected, view.anchor, view.at) == (4, None, 4)
    review.desk.undo()
    view = review.view()
    assert view.said == "Undone: rejected 4 trajectories."
    assert view.counts.rejected == 0


def test_a_range_may_go_upwards_and_be_let_go(review: Review) -> None:
    review.desk.go(5)
    review.desk.mark_range()
    review.desk.move(-2)
    assert list(review.view().selected) == [3, 4, 5]
    assert review.desk.back()
    assert list(review.view().selected) == [3]
    assert not review.desk.back()


def test_too_many_at_once_are_refused(review: Review, monkeypatch: pytest.MonkeyPatch) -> None:
    assert MOST_AT_ONCE >= 1000
    monkeypatch.setattr("tripost_tui.state.review.MOST_AT_ONCE", 3)
    review.desk.mark_range()
    review.desk.move(3)
    review.desk.decide(A)
    assert "3 at most" in review.view().said
    assert review.view().counts.decided == 0


def test_flag_tags_and_note_stay_with_the_item(review: Review) -> None:
    review.desk.flag()
    review.desk.tag(2)
    review.desk.tag(1)
    review.desk.note(12, " look again \n")
    item = review.view().item
    assert item is not None
    assert (item.id, item.state.flagged, item.state.note) == (12, True, "look again")
    assert item.state.tags == ("wrong-part", "wrong-step")
    review.desk.tag(2)
    review.desk.flag()
    review.desk.note(12, "")
    item = review.view().item
    assert item
    assert (item.state.tags, item.state.flagged, item.state.note) == (
        ("wrong-step",),
        False,
        None,
    )


def test_an_edit_is_checked_and_the_original_kept(review: Review) -> None:
    item = review.view().item
    assert item is not None
    text = last_attempt(item)
    answer = item.answer
    review.desk.edit(12, text.replace(f"answer is {answer}", "answer is 7777"))
    view = review.view()
    assert "Saved, the original is kept; the answer is wrong;" in view.said
    edited = view.item
    assert edited is not None
    # The checker's own feedback ends the edited text, and finds what is wrong.
    assert edited.checked is CheckVerdict.FAIL
    assert "incorrect" in (edited.edited_feedback or "")
    assert "7777" in last_attempt(edited)
    assert edited.trajectory == item.trajectory
    headings = [each.passage.heading for each in shown_passages(edited)]
    assert "Update, by script (replaced by the edit)" in headings
    assert headings[-3:] == ["Edited in review", "Feedback on the edit", "Reference answer"]
    review.desk.edit(12, text)
    assert "original" in review.view().said
    restored = review.view().item
    assert restored
    assert restored.state.edited is None


def test_an_edit_that_is_no_attempt_is_refused(review: Review) -> None:
    with pytest.raises(EditRefused, match="no steps"):
        review.desk.edit(12, "nonsense")
    assert review.view().counts.edited == 0


def test_a_filter_narrows_the_list_and_is_cleared(review: Review) -> None:
    review.desk.decide(A)
    review.desk.narrow("status:accepted")
    view = review.view()
    assert (list(view.ids), view.hidden, view.left_here) == ([12], 11, False)
    review.desk.narrow("tag:lucky")
    view = review.view()
    assert (view.at, view.item, view.hidden) == (-1, None, 12)
    review.desk.decide(A)
    review.desk.move(1)
    review.desk.later()
    review.desk.flag()
    assert review.view().counts.decided == 1
    assert review.desk.back()
    view = review.view()
    assert (len(view.ids), view.hidden, view.item and view.item.id) == (12, 0, 11)


def test_a_filter_that_is_wrong_changes_nothing(review: Review) -> None:
    with pytest.raises(FilterFault):
        review.desk.narrow("status:maybe")
    view = review.view()
    assert (view.wanted, len(view.ids)) == ("", 12)


def test_orders_take_turns(review: Review) -> None:
    review.desk.turn_order()
    view = review.view()
    assert view.order is ReviewOrder.CHECKER
    # Praise of a wrong update is what the checker disagrees with.
    assert view.item
    assert view.item.checked is CheckVerdict.FAIL
    review.desk.turn_order()
    lengths = [view.rows[key].length for key in review.view().ids[:5] if key in view.rows]
    assert lengths == sorted(lengths)
    review.desk.turn_order()
    assert review.view().order is ReviewOrder.NEWEST


def test_what_others_decide_is_seen(review: Review) -> None:
    assert not review.desk.poll()
    review.elsewhere(11, X)
    assert review.desk.poll()
    view = review.view()
    assert view.said == "Somebody else has decided here meanwhile."
    assert view.rows[11].status is ReviewStatus.REJECTED
    review.desk.decide(A)
    after = review.view().item
    assert after
    assert after.id == 10
    assert not review.desk.poll()


def test_a_decision_about_what_has_changed_meanwhile_is_asked_again(review: Review) -> None:
    review.elsewhere(12, X)
    review.desk.decide(A)
    view = review.view()
    assert "now rejected. Press again" in view.said
    assert review.status(12) is ReviewStatus.REJECTED
    review.desk.decide(A)
    assert review.status(12) is ReviewStatus.ACCEPTED


def test_what_others_undo_is_seen(review: Review) -> None:
    review.desk.decide(A)
    with review.store() as store:
        store.undo_review(review.run_id)
    review.desk.poll()
    view = review.view()
    assert view.counts.decided == 0
    assert view.rows.get(12) is None or view.rows[12].status is ReviewStatus.PENDING
    review.desk.move(-1)
    assert review.view().rows[12].status is ReviewStatus.PENDING


def test_what_is_collected_meanwhile_is_told_and_read_anew(review: Review) -> None:
    with review.store() as store, closing(project_task(review.project)) as task:
        add(store, review.run_id, task, 3, seed=2)
    assert review.desk.poll()
    view = review.view()
    assert (view.fresh, len(view.ids), view.counts.total) == (3, 12, 15)
    review.desk.read_anew()
    view = review.view()
    assert (view.fresh, len(view.ids), view.item and view.item.id) == (0, 15, 15)


def test_a_list_without_anything_fills_by_itself(tmp_path: Path) -> None:
    review = opened(tmp_path / "demo", 0)
    assert review.view().item is None
    with review.store() as store, closing(project_task(review.project)) as task:
        add(store, review.run_id, task, 2)
    assert review.desk.poll()
    view = review.view()
    assert view.item
    assert view.item.id == 2
    review.desk.close()


def test_the_checker_is_asked_while_one_looks(tmp_path: Path) -> None:
    review = opened(tmp_path / "demo", 3, checked=False)
    item = review.view().item
    assert item
    assert item.checked is None
    assert review.desk.poll()
    item = review.view().item
    assert item
    assert item.checked is not None
    review.desk.close()


def test_second_looks_come_unannounced_and_leave_the_first_decision(tmp_path: Path) -> None:
    count = 120
    review = opened(tmp_path / "demo", count)
    looks = 0
    for place in range(count):
        review.clock.now = recorded.NOW + place
        review.desk.decide(A)
        review.desk.poll()
        view = review.view()
        if view.second_look:
            looks += 1
            assert view.item
            assert is_looked_at_again(review.run_id, view.item.id)
            key, total = view.item.id, view.counts
            review.desk.flag()
            assert "accept or reject" in review.view().said
            review.desk.decide(X)
            assert review.view().counts == total
            with review.store() as store:
                state = store.review_state(key)
            assert (state.status, state.blind) == (ReviewStatus.ACCEPTED, ReviewStatus.REJECTED)
    wanted = [key for key in range(1, count + 1) if is_looked_at_again(review.run_id, key)]
    assert 0 < looks <= len(wanted)
    assert GAP == 20
    review.desk.close()


def test_a_second_look_can_be_put_off(tmp_path: Path) -> None:
    review = opened(tmp_path / "demo", 120)
    for place in range(120):
        review.clock.now = recorded.NOW + place
        review.desk.decide(A)
        review.desk.poll()
        if (view := review.view()).second_look:
            break
    assert view.item
    before = review.view().at
    review.desk.later()
    view = review.view()
    assert not view.second_look
    assert view.at == before
    review.desk.close()


def test_the_pace_is_that_of_this_session(review: Review) -> None:
    for second in range(1, 4):
        review.clock.now = recorded.NOW + 10 * second
        review.desk.decide(A)
    speed = review.view().speed
    assert speed is not None
    assert speed.per_minute == pytest.approx(6.0)


def test_a_run_that_cannot_be_reviewed_says_why(tmp_path: Path) -> None:
    project = recorded.new_project(tmp_path / "new")
    desk = ReviewDesk(StoreReviews(project.path))
    with pytest.raises(ProjectError, match="no run yet"):
        desk.poll()


def test_a_decision_that_cannot_be_stored_changes_nothing(
    review: Review, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> int:
        raise StoreReadOnly("read-only")

    monkeypatch.setattr(Store, "review_step", refuse)
    with pytest.raises(StoreReadOnly):
        review.desk.decide(A)
    view = review.view()
    assert (view.at, view.counts.decided, view.said) == (0, 0, "")


def test_rows_are_read_as_far_as_one_looks(tmp_path: Path) -> None:
    review = opened(tmp_path / "demo", 400, checked=False)
    assert len(review.view().rows) < 200
    review.desk.look(300, 20)
    view = review.view()
    assert all(view.ids[at] in view.rows for at in range(300, 320))
    review.desk.close()
