"""The checker's word on trajectories, and on texts that a person has edited."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from reviewing import TASK, Collected, collected, edited, rows_of, wrong_at_last

from db.records import Trajectory
from db.review_records import (
    CheckVerdict,
    ReviewChange,
    ReviewKind,
    ReviewState,
)
from db.store import Store
from engine import trajectory as trj
from engine.reason_tags import REASON_TAGS
from engine.review import (
    EditRefused,
    check_some,
    edited_update,
    recheck,
    reviewed_trajectory,
)
from engine.review import edited as edit
from engine.review_filter import TAG
from engine.second_looks import GAP, SHARE, agreements, is_looked_at_again, second_look
from engine.tasks.trial import with_answer


@pytest.fixture
def some(tmp_path: Path) -> Iterator[Collected]:
    found = collected(tmp_path / "tripost.db", 3)
    with found.store:
        yield found


def text_of(trajectory: trj.Trajectory) -> str:
    return trj.render(trajectory, TASK.hint)


def test_the_checker_agrees_with_what_scripts_made(some: Collected) -> None:
    for item, row in zip(some.items, some.rows, strict=True):
        found = recheck(TASK, item, row.text)
        assert (found.verdict, found.right, found.answer) == (
            CheckVerdict.PASS,
            True,
            item.answer,
        )
        assert found.feedback is not None
        assert found.feedback.is_correct
        assert found.complaints == ()


def test_it_does_not_agree_with_praise_of_a_wrong_answer(some: Collected) -> None:
    item = some.items[0]
    found = recheck(TASK, item, text_of(wrong_at_last(item)))
    assert (found.verdict, found.right, found.answer) == (CheckVerdict.FAIL, False, "54321")
    assert found.feedback is not None
    assert found.feedback.step == trj.FINAL_RESPONSE


def test_a_diagnosis_at_the_end_is_right_where_the_checker_makes_the_same(
    some: Collected,
) -> None:
    item = some.items[0]
    good = edited(item)
    cut = replace(good, turns=good.turns[:1])
    assert recheck(TASK, item, text_of(cut)).verdict is CheckVerdict.PASS
    elsewhere = trj.Turn.of(good.first, trj.incorrect("1", "x", "so it is"))
    assert recheck(TASK, item, text_of(replace(good, turns=(elsewhere,)))).verdict is (
        CheckVerdict.FAIL
    )


def test_what_editing_would_not_let_pass_is_told(some: Collected) -> None:
    item = some.items[0]
    good = edited(item)
    same = replace(good, turns=(good.turns[0], replace(good.turns[1], attempt=good.first)))
    assert recheck(TASK, item, text_of(same)).complaints == ("update 1: update equals the attempt",)
    praised = trj.Turn.of(good.first, trj.correct(good.first))
    odd = recheck(TASK, item, text_of(replace(good, turns=(praised, good.turns[1]))))
    assert odd.complaints == ("feedback 1 finds no error, and an update follows",)


UNREADABLE = {
    "nothing": "",
    "no question": "(1) 2 + 3 = 5",
    "another question": text_of(trj.Trajectory("1 + 1", (trj.Turn(trj.parse_attempt("(1) 2")),))),
}


@pytest.mark.parametrize("name", UNREADABLE)
def test_what_cannot_be_read_is_refused(some: Collected, name: str) -> None:
    item, row = some.items[0], some.rows[0]
    found = recheck(TASK, item, UNREADABLE[name])
    assert (found.verdict, found.trajectory) == (CheckVerdict.FAIL, None)
    with pytest.raises(EditRefused, match="does not begin with the question"):
        edit(TASK, item, row, UNREADABLE[name])


def test_attempts_without_steps_are_refused(some: Collected) -> None:
    item, row = some.items[0], some.rows[0]
    with pytest.raises(EditRefused, match="attempt 1 has no steps"):
        edit(TASK, item, row, f"Q: {item.question}\n{trj.ANSWER_PREFIX}{TASK.hint}\nwell")
    for text in ("", "just words", "\n"):
        with pytest.raises(EditRefused, match="no steps"):
            edited_update(TASK, item, row, text)
    with pytest.raises(EditRefused, match="more than one attempt"):
        edited_update(TASK, item, row, "(1) a\nFeedback: b")


def test_verdicts_are_stored_once(some: Collected) -> None:
    store = some.store
    ids = [row.id for row in some.rows]
    assert check_some(store, TASK, some.run_id, limit=2) == 2
    assert check_some(store, TASK, some.run_id, limit=2) == 1
    assert check_some(store, TASK, some.run_id) == 0
    assert store.checks(ids) == dict.fromkeys(ids, CheckVerdict.PASS)


def test_an_edited_update_ends_with_the_feedback_that_it_deserves(some: Collected) -> None:
    item, row = some.items[0], some.rows[0]
    wrong = with_answer(item, "777")
    change, found = edited_update(TASK, item, row, wrong.text)
    assert (change.trajectory_id, change.kind) == (row.id, ReviewKind.EDIT)
    assert change.checked is found.verdict is CheckVerdict.FAIL
    assert found.right is False
    assert found.trajectory is not None
    assert found.trajectory.turns[-1].feedback == TASK.feedback(item.question, wrong)
    # Put right again, it is the original, and no edit any more.
    again, _ = edited_update(TASK, item, row, edited(item).last.text + "\r\n", change.text)
    assert again.text is None
    assert again.checked is None


def test_what_a_person_edited_has_a_person_for_its_author(some: Collected) -> None:
    store, item, row = some.store, some.items[0], some.rows[0]
    assert authors(row, None) == ["student", "script", "script", "script"]
    assert rows_of(reviewed_trajectory(row, None, TASK.hint)) == tuple(
        replace(turn, id=0) for turn in row.turns
    )
    words = edited(item).last.text.replace("(1) ", "(1) Well, ", 1)
    change, _ = edit(TASK, item, row, row.text.replace(edited(item).last.text, words))
    store.review_step(some.run_id, [change])
    state = store.review_state(row.id)
    assert authors(row, state) == ["student", "script", "person", "script"]
    store.undo_review(some.run_id)
    assert authors(row, store.review_state(row.id)) == ["student", "script", "script", "script"]


def authors(row: Trajectory, state: ReviewState | None) -> list[str]:
    turns = reviewed_trajectory(row, state, TASK.hint).turns
    return [name for turn in turns for name in (turn.attempt_author, turn.feedback_author)]


def test_reason_tags_can_be_filtered_by() -> None:
    assert len(set(REASON_TAGS)) == 9
    assert all(TAG.fullmatch(tag) for tag in REASON_TAGS)


# --- second looks ------------------------------------------------------------------------------


def test_a_twentieth_is_looked_at_again() -> None:
    chosen = sum(is_looked_at_again(1, key) for key in range(20_000))
    assert chosen / 20_000 == pytest.approx(SHARE, abs=0.006)
    assert [is_looked_at_again(1, key) for key in range(500)] != [
        is_looked_at_again(2, key) for key in range(500)
    ]


def test_what_is_looked_at_again_comes_after_twenty_others(tmp_path: Path) -> None:
    assert GAP == 20
    found = collected(tmp_path / "tripost.db", 60)
    with found.store as store:
        ids = [row.id for row in found.rows]
        chosen = [key for key in ids if is_looked_at_again(found.run_id, key)]
        assert chosen, "no id among so many would be against all odds"
        place = ids.index(chosen[0])
        for at, key in enumerate(ids):
            # The first comes up once so many others are decided, and not before.
            assert (second_look(store, found.run_id) is not None) == (at > place + GAP)
            if at > place + GAP:
                break
            accept(store, found.run_id, key, float(at))
        assert second_look(store, found.run_id) == chosen[0]
        store.review_step(
            found.run_id,
            [ReviewChange(trajectory_id=chosen[0], kind=ReviewKind.REJECT, blind=True)],
        )
        assert second_look(store, found.run_id) != chosen[0]
        shares = agreements(store, found.run_id)
        assert (shares.with_oneself.count, shares.with_oneself.of) == (0, 1)
        assert shares.with_checker.of == 0
        check_some(store, TASK, found.run_id)
        with_checker = agreements(store, found.run_id).with_checker
        assert with_checker.count == with_checker.of == place + GAP + 1
        assert with_checker.interval.low < 1.0


def accept(store: Store, run_id: int, key: int, at: float) -> None:
    store.review_step(run_id, [ReviewChange(trajectory_id=key, kind=ReviewKind.ACCEPT)], at=at)
