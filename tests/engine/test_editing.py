"""Stage 1: what is kept of a student's trajectory, what is corrected, and what is dropped."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace

import pytest

from db.records import Origin
from engine.editing import Dropped, DropReason, Editor, Kept, Limits, Opinion, Rewriting
from engine.tasks.base import CannotImprove, CannotJudge, Outcome
from engine.trajectory import (
    FINAL_RESPONSE,
    Attempt,
    Author,
    Feedback,
    Step,
    Trajectory,
    Turn,
    correct,
    incorrect,
)

Q = "1 + 1 + 1 ="


def attempt(*texts: str) -> Attempt:
    """Numbered steps, then the final response."""
    *steps, final = texts
    numbered = [Step(str(number), text) for number, text in enumerate(steps, 1)]
    return Attempt((*numbered, Step(FINAL_RESPONSE, final)))


RIGHT = attempt("1 + 1 = 2", "2 + 1 = 3", "3")
WRONG = attempt("1 + 1 = 5", "5 + 1 = 6", "6")
WORSE = attempt("1 + 1 = 2", "2 + 1 = 8", "8")
FLAG_WRONG = incorrect("1", "= 5", "1 + 1 = 2")
FLAG_WORSE = incorrect("2", "= 8", "2 + 1 = 3")
KNOWN = {RIGHT: correct(RIGHT), WRONG: FLAG_WRONG, WORSE: FLAG_WORSE}


@dataclass
class Expert:
    """An FBK that knows some attempts, and raises on others."""

    known: dict[Attempt, Feedback] = field(default_factory=lambda: dict(KNOWN))
    ends: Outcome = Outcome.FAILED
    author: str = "expert:judge"

    def __call__(self, question: str, attempt: Attempt) -> Opinion:
        assert question == Q
        if attempt not in self.known:
            raise CannotJudge("never seen", self.ends)
        return Opinion(self.known[attempt], self.author)


@dataclass
class Writer:
    """An IMP that gives the next of its updates, the last one for ever; none: it refuses."""

    updates: list[Attempt] = field(default_factory=lambda: [RIGHT])
    author: str = "expert:writer"
    ends: Outcome = Outcome.FAILED
    asked: list[tuple[Attempt, Feedback]] = field(default_factory=list)

    def __call__(self, question: str, attempt: Attempt, feedback: Feedback) -> Rewriting:
        self.asked.append((attempt, feedback))
        if not self.updates:
            raise CannotImprove("no idea", self.ends)
        update = self.updates.pop(0) if len(self.updates) > 1 else self.updates[0]
        return Rewriting(update, self.author)


def said(attempt: Attempt, feedback: Feedback | str | None = None) -> Turn:
    """A turn of the student."""
    if isinstance(feedback, Feedback):
        return Turn(attempt, feedback, feedback.render())
    return Turn(attempt, None, feedback)


def edit(
    *turns: Turn, fbk: Expert | None = None, imp: Writer | None = None, limits: Limits | None = None
) -> Kept | Dropped:
    editor = Editor(fbk or Expert(), imp or Writer(), limits or Limits())
    return editor.edit(Trajectory(Q, turns))


def kept(result: Kept | Dropped) -> tuple[Origin, tuple[Turn, ...]]:
    assert isinstance(result, Kept)
    assert result.trajectory.question == Q
    return result.origin, result.trajectory.turns


def by_script(
    attempt: Attempt, feedback: Feedback, author: str = Author.STUDENT, fbk: str = "expert:judge"
) -> Turn:
    return Turn.of(attempt, feedback, attempt_author=author, feedback_author=fbk)


# --- kept as they are --------------------------------------------------------------------------


def test_a_right_attempt_is_closed_with_positive_feedback() -> None:
    closed = by_script(RIGHT, correct(RIGHT))
    assert kept(edit(said(RIGHT))) == (Origin.CORRECT, (closed,))
    assert kept(edit(said(RIGHT, "Looks good!"))) == (Origin.CORRECT, (closed,))
    assert kept(edit(said(RIGHT, FLAG_WORSE))) == (Origin.CORRECT, (closed,))


def test_the_students_own_positive_feedback_is_kept() -> None:
    own = said(RIGHT, correct(RIGHT))
    assert kept(edit(own)) == (Origin.CORRECT, (own,))


def test_the_students_own_successful_updates_are_kept_as_they_are() -> None:
    turns = (said(WRONG, incorrect("1", "5", "I feel so")), said(RIGHT, correct(RIGHT)))
    imp = Writer()
    assert kept(edit(*turns, imp=imp)) == (Origin.CORRECT, turns)
    assert not imp.asked


def test_a_spoiled_answer_is_cut_after_the_right_attempt() -> None:
    closed = by_script(RIGHT, correct(RIGHT))
    spoiled = edit(said(RIGHT, FLAG_WORSE), said(WORSE, correct(WORSE)))
    assert kept(spoiled) == (Origin.TRUNCATED, (closed,))


def test_a_spoiled_answer_is_cut_after_a_right_update_too() -> None:
    first, second = said(WRONG, FLAG_WRONG), said(RIGHT, FLAG_WORSE)
    spoiled = edit(first, second, said(WORSE, correct(WORSE)))
    assert kept(spoiled) == (Origin.TRUNCATED, (first, by_script(RIGHT, correct(RIGHT))))


def test_what_follows_the_students_own_positive_feedback_is_cut() -> None:
    own = said(RIGHT, correct(RIGHT))
    assert kept(edit(own, said(RIGHT, correct(RIGHT)))) == (Origin.TRUNCATED, (own,))


# --- corrected ---------------------------------------------------------------------------------

CLOSED_BY_EXPERTS = by_script(RIGHT, correct(RIGHT), author="expert:writer")


def test_a_correct_diagnosis_of_the_students_is_kept_whatever_its_reason() -> None:
    own = said(WRONG, incorrect("1", "= 5", "I feel so"))
    imp = Writer()
    assert kept(edit(own, imp=imp)) == (Origin.EDITED, (own, CLOSED_BY_EXPERTS))
    assert imp.asked == [(WRONG, own.feedback)]


def test_a_right_verdict_from_another_working_than_fbks_is_given_fbks() -> None:
    shown = {one: replace(judged, working="1 + 1 = 2.") for one, judged in KNOWN.items()}
    for working, kept_as_said in (("1 + 1 = 2.", True), ("1 + 1 = 3.", False), ("", False)):
        wrong = said(WRONG, replace(FLAG_WRONG, working=working))
        right = said(RIGHT, replace(correct(RIGHT), working=working))
        edited = kept(edit(wrong, said(WORSE, FLAG_WORSE), fbk=Expert(shown)))
        assert (edited[1][0] == wrong) is kept_as_said
        assert edited[1][0].feedback == shown[WRONG]
        # What follows a right diagnosis is the student's still.
        assert edited[1][1].attempt == WORSE
        closed = kept(edit(right, fbk=Expert(shown)))
        assert closed[1] == ((right,) if kept_as_said else (by_script(RIGHT, shown[RIGHT]),))


@pytest.mark.parametrize(
    "feedback",
    [
        None,
        "",
        "Hm, no.",
        correct(WRONG),
        incorrect("2", "= 5", "1 + 1 = 2"),
        incorrect("1", "1 + 1", "1 + 1 = 2"),
    ],
)
def test_feedback_that_is_missing_unreadable_or_wrong_is_replaced(
    feedback: Feedback | str | None,
) -> None:
    edited = edit(said(WRONG, feedback), said(WORSE, correct(WORSE)))
    assert kept(edited) == (Origin.EDITED, (by_script(WRONG, FLAG_WRONG), CLOSED_BY_EXPERTS))


def test_what_stands_before_the_first_wrong_feedback_is_kept() -> None:
    first = said(WRONG, FLAG_WRONG)
    edited = edit(first, said(WORSE, correct(WORSE)), said(WRONG, FLAG_WRONG))
    turns = (first, by_script(WORSE, FLAG_WORSE), CLOSED_BY_EXPERTS)
    assert kept(edited) == (Origin.EDITED, turns)


def test_experts_take_turns_until_the_attempt_is_right() -> None:
    imp = Writer([WORSE, RIGHT])
    edited = edit(said(WRONG), imp=imp)
    turns = (
        by_script(WRONG, FLAG_WRONG),
        by_script(WORSE, FLAG_WORSE, author="expert:writer"),
        CLOSED_BY_EXPERTS,
    )
    assert kept(edited) == (Origin.EDITED, turns)
    assert imp.asked == [(WRONG, FLAG_WRONG), (WORSE, FLAG_WORSE)]


BACK_TO_1 = attempt("1 + 1 = 2", "7 + 1 = 9", "9")
STILL_2 = attempt("1 + 1 = 2", "2 + 1 + 0 = 9", "9")


@pytest.mark.parametrize(
    ("updates", "flags"),
    [
        # From step 2 of the second attempt back to step 1 of the third.
        ([WORSE, BACK_TO_1], [incorrect("1", "1 + 1", "it was right")]),
        # The same place twice.
        ([WORSE, STILL_2], [FLAG_WORSE]),
    ],
)
def test_going_in_circles_leaves_the_first_diagnosis_alone(
    updates: list[Attempt], flags: list[Feedback]
) -> None:
    fbk = Expert(dict(KNOWN) | dict(zip(updates[1:], flags, strict=True)))
    result = edit(said(WRONG), fbk=fbk, imp=Writer([*updates, RIGHT]))
    assert kept(result) == (Origin.TRUNCATED, (by_script(WRONG, FLAG_WRONG),))


def test_going_in_circles_at_once_leaves_the_diagnosis_too() -> None:
    again = attempt("1 + 1 = 4", "4 + 1 = 6", "6")
    fbk = Expert({WRONG: FLAG_WRONG, again: FLAG_WRONG})
    result = edit(said(WRONG, FLAG_WRONG), fbk=fbk, imp=Writer([again]))
    assert kept(result) == (Origin.TRUNCATED, (said(WRONG, FLAG_WRONG),))


@pytest.mark.parametrize(
    ("span", "wrong", "update"),
    [
        ("20 - 2 = 1", "20 - 2 = 1.", "20 - 2 = 18."),
        ("3 = 4", "1 + 2 = 3 = 4.", "1 + 2 = 13 = 4."),
        ("(20 - 2)", "A = (20 - 2).", "A = (20 - 2) = 18."),
        ("A - B", '"A - B"', '"(A - B) - C"'),
        ("A", "A", "A."),
    ],
)
def test_a_longer_text_does_not_keep_the_flagged_part(span: str, wrong: str, update: str) -> None:
    before, after = attempt(wrong, "x"), attempt(update, "y")
    fbk = Expert({before: incorrect("1", span, "so"), after: correct(after)})
    origin, _ = kept(edit(said(before), fbk=fbk, imp=Writer([after])))
    assert origin is Origin.EDITED


# --- dropped -----------------------------------------------------------------------------------

NO_ANSWER = Attempt((Step("1", "1 + 1 = 2"),))
NO_STEPS = Attempt(())
OTHER_PREFIX = attempt("1 + 1 = 2.0", "2 + 1 = 3", "3")
SAME_SPAN = attempt("1 + 1 = 5", "5 + 1 = 7", "7")
LONG = attempt("x" * 9_000, "3")
Case = Callable[[], Kept | Dropped]


def wandering() -> Kept | Dropped:
    """Every update is wrong one step later than the one before."""
    chain = [attempt(*["ok"] * n, f"no {n}", *["?"] * (9 - n), "0") for n in range(8)]
    flags = {a: incorrect(str(n + 1), f"no {n}", "so") for n, a in enumerate(chain)}
    return edit(said(chain[0]), fbk=Expert(flags), imp=Writer(chain[1:]))


DROPS: dict[str, tuple[Case, DropReason, str]] = {
    "no steps": (lambda: edit(said(NO_STEPS)), DropReason.ATTEMPT_UNREADABLE, ""),
    "no steps, later": (
        lambda: edit(said(WRONG, FLAG_WRONG), said(NO_STEPS)), DropReason.ATTEMPT_UNREADABLE, "",
    ),
    "long": (lambda: edit(said(LONG)), DropReason.ATTEMPT_TOO_LONG, "9023 characters"),
    "long update": (
        lambda: edit(said(WRONG), imp=Writer([LONG])),
        DropReason.ATTEMPT_TOO_LONG, "9023 characters",
    ),
    "FBK gives up": (lambda: edit(said(NO_ANSWER)), DropReason.FEEDBACK_FAILED, "never seen"),
    "FBK gives up on the update": (
        lambda: edit(said(WRONG), imp=Writer([attempt("?", "?")])),
        DropReason.FEEDBACK_FAILED, "never seen",
    ),
    "IMP gives up": (
        lambda: edit(said(WRONG), imp=Writer([])), DropReason.IMPROVE_FAILED, "no idea",
    ),
    "FBK finds nothing": (
        lambda: edit(said(NO_ANSWER), fbk=Expert(ends=Outcome.GAVE_UP)),
        DropReason.FEEDBACK_GAVE_UP, "never seen",
    ),
    "FBK makes no sense": (
        lambda: edit(said(NO_ANSWER), fbk=Expert(ends=Outcome.UNUSABLE)),
        DropReason.FEEDBACK_UNUSABLE, "never seen",
    ),
    "IMP finds nothing": (
        lambda: edit(said(WRONG), imp=Writer([], ends=Outcome.GAVE_UP)),
        DropReason.IMPROVE_GAVE_UP, "no idea",
    ),
    "IMP makes no sense": (
        lambda: edit(said(WRONG), imp=Writer([], ends=Outcome.UNUSABLE)),
        DropReason.IMPROVE_UNUSABLE, "no idea",
    ),
    "no answer": (
        lambda: edit(said(WRONG), imp=Writer([NO_ANSWER])), DropReason.UPDATE_WITHOUT_ANSWER, "",
    ),
    "unchanged": (
        lambda: edit(said(WRONG), imp=Writer([WRONG])), DropReason.UPDATE_UNCHANGED, "",
    ),
    "other prefix": (
        lambda: edit(said(WORSE), imp=Writer([OTHER_PREFIX])),
        DropReason.UPDATE_CHANGES_PREFIX, "",
    ),
    "same span": (
        lambda: edit(said(WRONG), imp=Writer([SAME_SPAN])), DropReason.UPDATE_KEEPS_SPAN, "= 5",
    ),
    "never right": (wandering, DropReason.NEVER_CORRECT, "5 updates"),
    "no update allowed": (
        lambda: edit(said(WRONG), limits=Limits(updates=0)), DropReason.NEVER_CORRECT, "0 updates",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", DROPS)
def test_every_loss_has_its_reason(case: str) -> None:
    edited, reason, detail = DROPS[case]
    assert edited() == Dropped(reason, detail)


def test_every_reason_of_editing_was_given() -> None:
    of_other_stages = {
        DropReason.GOLD_REJECTED,
        DropReason.DUPLICATE,
        DropReason.SURPLUS,
        DropReason.TOO_LONG,
        DropReason.WRONG,
        DropReason.REJECTED,
        DropReason.EDIT_UNREADABLE,
        DropReason.NO_DEMONSTRATION,
    }
    assert {reason for _, reason, _ in DROPS.values()} == set(DropReason) - of_other_stages


def test_the_bounds_are_reached_and_not_passed() -> None:
    exact = Limits(updates=1, attempt_chars=max(len(WRONG.text), len(RIGHT.text)))
    assert kept(edit(said(WRONG), limits=exact))[0] is Origin.EDITED
    less = Limits(updates=1, attempt_chars=exact.attempt_chars - 1)
    assert isinstance(edit(said(WRONG), limits=less), Dropped)
