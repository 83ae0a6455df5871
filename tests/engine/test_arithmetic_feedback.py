"""Scripted FBK finds every planted error where it stands; scripted IMP repairs it."""

import random
import re
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st
from patience import patience
from planted_arithmetic import CALCULATE, PLANTS
from planted_errors import Planted, with_step
from spoiled import Cut, assert_judged_soundly_and_repaired, spoil

from db.records import (
    Item,
    Origin,
    Split,
    Subtask,
)
from engine.editing import Editor, Kept
from engine.scripts import ScriptedFeedback, ScriptedImprove
from engine.tasks.base import CannotImprove, CannotJudge
from engine.tasks.multistep_arithmetic import MultistepArithmetic
from engine.trajectory import (
    FINAL_RESPONSE,
    Attempt,
    Step,
    Trajectory,
    Turn,
    correct,
    incorrect,
    parse_attempt,
    parse_feedback,
)

TASK = MultistepArithmetic()
ITEMS = TASK.generate(Split.TRAIN, [Subtask.SEEN, Subtask.UNSEEN], 80, seed=5)
EDITOR = Editor(ScriptedFeedback(TASK), ScriptedImprove(TASK))
KINDS = sorted(PLANTS)


def planted(kind: str) -> Iterator[tuple[Item, Planted]]:
    """One error of a kind in each item that can have it."""
    rng = random.Random(kind)
    for item in ITEMS:
        attempt = parse_attempt(item.rationale)
        indexes = list(range(len(attempt.steps)))
        rng.shuffle(indexes)
        found = (PLANTS[kind](attempt, index, rng) for index in indexes)
        first = next((one for one in found if one is not None), None)
        if first is not None:
            yield item, first


@pytest.mark.parametrize("kind", KINDS)
def test_every_planted_error_is_found_where_it_stands(kind: str) -> None:
    count = 0
    for item, error in planted(kind):
        feedback = TASK.feedback(item.question, error.attempt)
        assert (feedback.step, feedback.span) == (error.step, error.span)
        (flagged,) = (step for step in error.attempt.steps if step.label == error.step)
        assert error.span in flagged.render()
        assert parse_feedback(feedback.render()) == feedback
        count += 1
    assert count > len(ITEMS) / 2


CALCULATION = re.compile(r"\(-?\d+ [-+*] -?\d+\)")
CHECK = re.compile(r"Check \(\d+\): ([^?]*)\? ([^.]*), so (-?\d+) is (right|wrong)\.")


def checked(working: str) -> list[bool]:
    """Tell of each check in a working whether what was claimed is what it comes to."""
    found = CHECK.findall(working)
    results = [claim == links.rsplit(" = ", 1)[-1] for _, links, claim, _ in found]
    assert len(found) == working.count("Check")
    assert [verdict == "right" for *_, verdict in found] == results
    return results


@pytest.mark.parametrize("kind", KINDS)
def test_the_working_comes_to_the_verdict(kind: str) -> None:
    refuted = 0
    for item, error in planted(kind):
        plain = TASK.feedback(item.question, error.attempt)
        shown = TASK.feedback(item.question, error.attempt, show_working=True)
        assert shown.same_diagnosis(plain)
        assert parse_feedback(shown.render()) == shown
        assert str(plain.reason).startswith(str(shown.reason).split(" = ")[0])
        assert str(plain.reason).endswith(str(shown.reason).split(" = ")[-1])
        results = checked(shown.working)
        # Nothing is checked any more after the first wrong value, which is the verdict's.
        assert all(results[:-1])
        if results and not results[-1]:
            refuted += 1
            operation, value = str(shown.reason).split(" = ")
            last = shown.working.rsplit("Check (", 1)[1]
            assert f"{operation} = " in last
            assert re.search(rf"[=?] {value}, so -?\d+ is wrong\.$", last)
    if kind in ("wrong number", "wrong sign"):
        assert refuted > 20


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_checked_is_quoted_from_the_attempt(kind: str) -> None:
    for item, error in planted(kind):
        shown = TASK.feedback(item.question, error.attempt, show_working=True)
        for equation, *_ in CHECK.findall(shown.working):
            assert equation in error.attempt.text


def test_a_right_attempt_is_checked_throughout() -> None:
    for item in ITEMS:
        attempt = parse_attempt(item.rationale)
        shown = TASK.feedback(item.question, attempt, show_working=True)
        assert shown.same_diagnosis(correct(attempt))
        assert parse_feedback(shown.render()) == shown
        operations = CALCULATION.findall(item.rationale)
        hard = [o for o in operations if max(map(abs, map(int, re.findall(r"-?\d+", o)))) >= 10]
        assert checked(shown.working) == [True] * len(checked(shown.working))
        assert len(checked(shown.working)) >= len(set(hard)) > 0 or not hard


@pytest.mark.parametrize("kind", KINDS)
def test_every_planted_error_is_repaired(kind: str) -> None:
    for item, error in planted(kind):
        edited = EDITOR.edit(Trajectory(item.question, (Turn(error.attempt),)))
        assert isinstance(edited, Kept)
        assert edited.origin is Origin.EDITED
        assert edited.trajectory.updates <= EDITOR.limits.updates
        update = edited.trajectory.last
        assert TASK.is_right(TASK.answer(update), item.answer)
        assert TASK.feedback(item.question, update) == correct(update)
        kept = error.attempt.before(error.step)
        assert update.steps[: len(kept)] == kept


# What is missing shows only later, so that an error in between would come first.
@pytest.mark.parametrize("kind", sorted(set(KINDS) - {"missing step"}))
def test_of_two_errors_the_first_in_reading_order_is_named(kind: str) -> None:
    rng = random.Random(kind)
    for item, first in planted(kind):
        at = len(first.attempt.before(first.step))
        for later in rng.sample(
            ["wrong number", "wrong final response", "unfinished calculation"], 2
        ):
            for index in range(at + 1, len(first.attempt.steps)):
                second = PLANTS[later](first.attempt, index, rng)
                if second is not None:
                    feedback = TASK.feedback(item.question, second.attempt)
                    assert (feedback.step, feedback.span) == (first.step, first.span)


def test_errors_are_repaired_one_after_the_other() -> None:
    rng = random.Random(1)
    for item in ITEMS:
        attempt = parse_attempt(item.rationale)
        for index in range(1, len(attempt.steps)):
            error = PLANTS["wrong sign"](attempt, index, rng)
            attempt = error.attempt if error else attempt
        edited = EDITOR.edit(Trajectory(item.question, (Turn(attempt),)))
        assert isinstance(edited, Kept)
        assert TASK.answer(edited.trajectory.last) == item.answer


# --- what is right in other words --------------------------------------------------------------

QUESTION = "((1 - 8 + 6) - (-6 * 2 + 5)) ="
A = "A = (1 - 8 + 6) = ((1 - 8) + 6) = (-7 + 6) = -1."
B = "B = (-6 * 2 + 5) = ((-6 * 2) + 5) = (-12 + 5) = -7."
PARTS = "A = (1 - 8 + 6) and B = (-6 * 2 + 5)"
OTHERWISE = {
    "other names": [
        '"(X - Q)", where X = (1 - 8 + 6) and Q = (-6 * 2 + 5).',
        A.replace("A", "X"), B.replace("B", "Q"), "(X - Q) = (-1 - -7) = 6.",
    ],
    "other order": [f'"(A - B)", where {PARTS}.', B, A, "(A - B) = (-1 - -7) = 6."],
    "listed in another order": [
        '"(B - A)", where A = (-6 * 2 + 5) and B = (1 - 8 + 6).',
        B.replace("B", "A"), A.replace("A", "B", 1), "(B - A) = (-1 - -7) = 6.",
    ],
    "skipped reductions": [
        f'"(A - B)", where {PARTS}.',
        "A = (1 - 8 + 6) = -1.", "B = (-6 * 2 + 5) = (-12 + 5) = -7.", "(A - B) = (-1 - -7) = 6.",
    ],
    "another order of operations": [
        f'"(A - B)", where {PARTS}.',
        "A = (1 - 8 + 6) = (1 + (-8 + 6)) = (1 - 2) = -1.", B,
        "(A - B) = (-1 - -7) = (-1 + 7) = 6.",
    ],
    "fewer parentheses": [
        f'"A - B", where {PARTS}.',
        "A = (1 - 8 + 6) = 1 - 8 + 6 = -7 + 6 = -1.", B, "A - B = -1 - -7 = 6.",
    ],
    "one part": [
        '"A", where A = ((1 - 8 + 6) - (-6 * 2 + 5)).',
        "A = ((1 - 8 + 6) - (-6 * 2 + 5)) = (-1 - -7) = 6.", "A = 6.",
    ],
    "a part of a part": [
        '"((A + 6) - B)", where A = (1 - 8) and B = (-6 * 2 + 5).',
        "A = (1 - 8) = -7.", B, "((A + 6) - B) = ((-7 + 6) - -7) = (-1 - -7) = 6.",
    ],
    "only one part named": [
        '"(A - (-6 * 2 + 5))", where A = (1 - 8 + 6).',
        A, "(A - (-6 * 2 + 5)) = (-1 - (-6 * 2 + 5)) = (-1 - -7) = 6.",
    ],
}  # fmt: skip


def written(whole: str, *rest: str) -> Attempt:
    *parts, final = rest
    texts = [
        f"This equation can be written as {whole}",
        *(f"{CALCULATE} {part}" for part in parts),
        f"Then, the final equation is {final}",
    ]
    steps = [Step(str(number), text) for number, text in enumerate(texts, 1)]
    return Attempt((*steps, Step(FINAL_RESPONSE, "So the answer is 6.")))


@pytest.mark.parametrize("way", OTHERWISE)
def test_what_is_right_in_another_way_is_accepted(way: str) -> None:
    attempt = written(*OTHERWISE[way])
    assert TASK.feedback(QUESTION, attempt) == correct(attempt)


@pytest.mark.parametrize("way", OTHERWISE)
def test_an_update_goes_on_with_what_the_attempt_established(way: str) -> None:
    attempt = written(*OTHERWISE[way])
    for index in range(1, len(attempt.steps)):
        wrong = with_step(attempt, index, "I forgot.")
        feedback = TASK.feedback(QUESTION, wrong)
        update = TASK.improve(QUESTION, wrong, feedback)
        assert update.steps[:index] == attempt.steps[:index]
        assert TASK.feedback(QUESTION, update) == correct(update)
        letters = set(re.findall(r"\b[A-Z]\b", update.text))
        assert letters == set(re.findall(r"\b[A-Z]\b", attempt.steps[0].text))


def test_one_name_may_stand_for_equal_parts() -> None:
    question = "((1 + 2) * (1 + 2)) ="
    attempt = written('"(A * A)", where A = (1 + 2).', "A = (1 + 2) = 3.", "(A * A) = (3 * 3) = 9.")
    attempt = with_step(attempt, 3, "So the answer is 9.")
    assert TASK.feedback(question, attempt).is_correct
    wrong = with_step(attempt, 2, "No.")
    assert TASK.improve(question, wrong, TASK.feedback(question, wrong)) == attempt


def test_the_reason_works_out_the_smallest_wrong_part() -> None:
    attempt = parse_attempt(TASK.rationale("((9 - -6) * (-24 * 17)) =").text)
    chain = "Then, the final equation is (A * B) = (15 * -408) = -6021."
    feedback = TASK.feedback("((9 - -6) * (-24 * 17)) =", with_step(attempt, 3, chain))
    assert feedback == incorrect(
        "4",
        "(15 * -408) = -6021",
        "(15 * -408) = -(408 * 10 + 408 * 5) = -(4080 + 2040) = -6120",
    )


# --- what cannot be judged or improved ---------------------------------------------------------


def test_an_attempt_that_breaks_off_cannot_be_judged() -> None:
    gold = TASK.rationale(QUESTION)
    for count in range(len(gold.steps)):
        with pytest.raises(CannotJudge, match="no final response"):
            TASK.feedback(QUESTION, Attempt(gold.steps[:count]))


def test_a_second_final_response_is_an_error_that_is_repaired() -> None:
    gold = TASK.rationale(QUESTION)
    twice = Attempt((*gold.steps, gold.steps[-1]))
    edited = EDITOR.edit(Trajectory(QUESTION, (Turn(twice),)))
    assert isinstance(edited, Kept)
    assert edited.trajectory.last == gold


@pytest.mark.parametrize("parts", ["", " ", "nothing", "A", "A = 3", "A = (1 - 8 + 6), B = (1)"])
def test_parts_must_be_listed(parts: str) -> None:
    for form in ("(A - B)", "((1 - 8 + 6) - (-6 * 2 + 5))"):
        text = f'This equation can be written as "{form}", where {parts}.'
        feedback = TASK.feedback(QUESTION, with_step(TASK.rationale(QUESTION), 0, text))
        assert feedback.step == "1"
        assert feedback.span
        assert feedback.span in text


def test_what_is_right_needs_no_update() -> None:
    gold = TASK.rationale(QUESTION)
    with pytest.raises(CannotImprove, match="no wrong step"):
        TASK.improve(QUESTION, gold, correct(gold))
    with pytest.raises(CannotImprove, match=r"no step \(9\)"):
        TASK.improve(QUESTION, gold, incorrect("9", "a", "b"))


def test_an_update_does_not_build_on_a_wrong_step() -> None:
    wrong = with_step(TASK.rationale(QUESTION), 1, "Let's calculate A = 5.")
    with pytest.raises(CannotImprove, match=r"step \(2\), before the flagged one, is wrong"):
        TASK.improve(QUESTION, wrong, incorrect("3", "a", "b"))


def test_an_attempt_without_final_response_is_completed() -> None:
    gold = TASK.rationale(QUESTION)
    cut = Attempt(gold.steps[:-1])
    assert TASK.improve(QUESTION, cut, incorrect(FINAL_RESPONSE, "", "it is missing")) == gold


# --- hostile attempts --------------------------------------------------------------------------

PIECES = [
    " = ", " = 9**9**9", "9" * 50, "9" * 5000, "(" * 50, ")", "-", " * ", "A", '"', ".", "\n",
    "(2) ", "(Final response) So the answer is 6.", "(3) Let's calculate A = (1 - 8 + 6) = -1.",
    '", where ', " and ", ", ", "\u0663", "\r", "\x00", " ",
]  # fmt: skip
cuts = st.tuples(st.integers(0, 400), st.integers(0, 60), st.sampled_from(PIECES) | st.text())


@given(st.sampled_from(ITEMS), st.lists(cuts, min_size=1, max_size=3))
def test_a_spoiled_rationale_is_judged_soundly_and_repaired(item: Item, cuts: list[Cut]) -> None:
    assert_judged_soundly_and_repaired(TASK, EDITOR, item, spoil(item.rationale, cuts))


@pytest.mark.parametrize(
    "piece",
    ["9", "(", "1 + ", "(1) = ", "A = (1), ", "A = (", "A = (1", '"', " and ", "\n", "-1 = "],
)
@patience()
def test_a_megabyte_is_judged_in_linear_time(piece: str) -> None:
    gold = TASK.rationale(QUESTION)
    text = piece * (1_000_000 // len(piece))
    for index, step in enumerate(gold.steps):
        for end in ("", "."):
            for at in (5, len(step.text) - 1):
                spoiled = with_step(gold, index, step.text[:at] + text + step.text[at:] + end)
                feedback = TASK.feedback(QUESTION, spoiled)
                assert feedback.step == step.label
                assert (feedback.span or "") in spoiled.steps[index].text
