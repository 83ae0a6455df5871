"""Scripted FBK of word sorting finds every planted error; scripted IMP repairs it."""

import random
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st
from patience import patience
from planted_errors import Planted, with_step
from planted_word_sorting import PLANTS
from spoiled import Cut, assert_judged_soundly_and_repaired, spoil

from db.records import (
    Item,
    Origin,
    Split,
    Subtask,
)
from engine.editing import Editor, Kept, Limits
from engine.scripts import ScriptedFeedback, ScriptedImprove
from engine.tasks.base import CannotImprove, CannotJudge
from engine.tasks.word_sorting import WordSorting
from engine.tasks.word_sorting_rationale import (
    Due,
    Established,
    continue_rationale,
    right_text,
)
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

TASK = WordSorting(["2-7", "3-7p"], ["8-12", "8-9p"])
ITEMS = TASK.generate(Split.TRAIN, [Subtask.SEEN, Subtask.SEEN, Subtask.UNSEEN], 90, seed=5)
EDITOR = Editor(ScriptedFeedback(TASK), ScriptedImprove(TASK), Limits(attempt_chars=20_000))
KINDS = sorted(PLANTS)
QUESTION = "Sort the following words alphabetically:\nList: beat art bear bat"
GOLD = TASK.rationale(QUESTION)


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
        flagged = [step for step in error.attempt.steps if step.label == error.step]
        assert any(error.span in step.render() for step in flagged)
        assert parse_feedback(feedback.render()) == feedback
        count += 1
    assert count > len(ITEMS) / 2


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


def test_errors_are_planted_in_subparts_and_outside_them() -> None:
    """Only what the question or the answer has once is never nested, or always."""
    outside = {kind for kind in KINDS if "answer" in kind}
    for kind in KINDS:
        nested = {"." in error.step for _, error in planted(kind)}
        expected = {False} if kind in outside else {False, True}
        assert nested == (expected if kind != "word of another part" else {True})


@pytest.mark.parametrize("kind", KINDS)
def test_of_two_errors_the_first_in_reading_order_is_named(kind: str) -> None:
    rng = random.Random(kind)
    for item, first in planted(kind):
        last = len(first.attempt.steps) - 1
        later = PLANTS["no full stop"](first.attempt, last, rng)
        if first.step != FINAL_RESPONSE and later is not None:
            feedback = TASK.feedback(item.question, later.attempt)
            assert (feedback.step, feedback.span) == (first.step, first.span)


# --- what is right in another way --------------------------------------------------------------


def _written_otherwise(words: list[str], rng: random.Random) -> Attempt:
    """Words are listed, and subparts taken, in any order."""

    def shuffled(listed: str) -> str:
        entries = listed.split(", ")
        rng.shuffle(entries)
        return ", ".join(entries)

    known = Established(words)
    steps: list[Step] = []
    while known.due is not Due.NOTHING:
        groups = known.part.open_groups if known.due is Due.SUBPART else [[]]
        group = rng.choice(groups)
        text = f"{right_text(known, group)}."
        if known.due in (Due.FIRST, Due.SUBPART):
            head, listed = text[:-1].split(": ")
            text = f"{head}: {shuffled(listed)}."
        if known.due in (Due.ORDER, Due.SUBPART):
            for subpart in known.part.open_groups or [group]:
                named = " ? ".join(f'"{word}"' for word in subpart)
                other = " ? ".join(f'"{word}"' for word in reversed(subpart))
                text = text.replace(f"[{named}]", f"[{other}]")
        step = Step(known.label, text)
        steps.append(step)
        known.add(step, group)
    return Attempt(tuple(steps))


@given(st.sampled_from(ITEMS), st.randoms(use_true_random=False))
def test_words_and_subparts_may_stand_in_any_order(item: Item, rng: random.Random) -> None:
    words = item.question.split("List: ")[1].split(" ")
    attempt = _written_otherwise(words, rng)
    assert TASK.feedback(item.question, attempt) == correct(attempt)
    label = rng.choice(attempt.steps).label
    update = TASK.improve(item.question, attempt, incorrect(label, "a", "I doubt it"))
    assert TASK.feedback(item.question, update) == correct(update)


def test_the_same_may_be_said_in_other_words() -> None:
    text = GOLD.text.replace("Now sort", "Now let's sort").replace("We now have", "We have")
    text = text.replace("(4) Hence", "(4) Therefore").replace("Hence", "Thus")
    text = text.replace("first letter:", "first letters:")
    text = text.replace('"beat" ?', '"beat"?').replace("(5)", "(05)")
    attempt = parse_attempt(text)
    assert not {step.text for step in attempt.steps[:-1]} & {step.text for step in GOLD.steps}
    assert TASK.feedback(QUESTION, attempt) == correct(attempt)


# --- reasons -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("label", "old", "new", "span", "reason"),
    [
        ("1", '"art"="a" (1)', '"art"="a" (2)', '"art"="a" (2)', 'it is "art"="a" (1)'),
        ("1", ', "art"="a" (1)', "", '"beat"="b" (2), "bear"="b" (2)', '"art"="a" (1) is missing'),
        ("1", '"beat"="b" (2), ', "", 'The first letter: "art"="a" (1)',
         '"beat"="b" (2) is missing'),
        ("2", '(1) "art"', '(0) "art"', '(0) "art"', 'it is "art"="a" (1)'),
        ("2", '(2) ["beat" ? "bear" ? "bat"]', '(2) "beat" < (2) ["bear" ? "bat"]', '(2) "beat"',
         'it is (2) ["beat" ? "bear" ? "bat"]'),
        ("3.1", '(1) "bat" < (5) ["beat" ? "bear"]', '(1) ["bat" ? "bear" ? "beat"]',
         '["bat" ? "bear" ? "beat"]', 'their second letters differ: "bat"="a" (1), "bear"="e" (5)'),
        ("3.1", '(1) "bat"', '(1) "art"', '"art"', '"art" is not in this subpart'),
        ("3.1", '(1) "bat"', '(1) "cat"', '"cat"', '"cat" is not in the list'),
        ("3.2", "third", "second", "second letters", "the third letters come next"),
        ("3.2", '["beat" ? "bear"]', '["beat" ? "bat"]', '["beat" ? "bat"]',
         'the subpart to sort is ["beat" ? "bear"]'),
        ("3.2.1", "We now have: (1)", "Hence, we have", "Hence, we have",
         "the order by these letters comes next"),
        ("3.2.2", GOLD.steps[6].text, 'Hence, we have "bear" < "beat".', "Hence, we have",
         '["beat" ? "bear"] is not sorted yet'),
        ("3.2.3", '(18) "bear" < (20) "beat"', '(20) "beat" < (18) "bear"',
         '(20) "beat" < (18) "bear"', '(18) "bear" comes before (20) "beat"'),
        ("3.2.4", '"bear" < "beat"', '"beat" < "bear"', '"beat" < "bear"',
         '"bear" comes before "beat"'),
        ("3.3", "Hence, we have", "We now have:", "We now have", "nothing is left to sort here"),
        ("4", '"bear" < "beat"', '"bear" < "bear" < "beat"', '"bear" < "bear"',
         '"bear" is listed already'),
        (FINAL_RESPONSE, "bear beat", "beat bear", "beat bear", '"bear" comes before "beat"'),
        (FINAL_RESPONSE, "bear beat", "bear", "bear.", '"beat" is missing'),
        (FINAL_RESPONSE, "art bat", "bat", "So the answer is: bat", '"art" is missing'),
        (FINAL_RESPONSE, "bear beat", "bear, beat", "bat bear,", '"bear," is not in the list'),
    ],
)  # fmt: skip
def test_a_reason_says_what_is_right(
    label: str, old: str, new: str, span: str, reason: str
) -> None:
    index = next(i for i, step in enumerate(GOLD.steps) if step.label == label)
    text = GOLD.steps[index].text
    assert old in text
    feedback = TASK.feedback(QUESTION, with_step(GOLD, index, text.replace(old, new, 1)))
    assert feedback == incorrect(label, span, reason)


@pytest.mark.parametrize(
    ("kept", "label", "span", "reason"),
    [
        (0, "2", "(2) Hence,", "this is step (1)"),
        (4, "3.3", "(3.3) Hence,", "this is step (3.2)"),
        (5, "3.3", "(3.3) Hence,", "this is step (3.2.1)"),
        (11, "5", "(5) Hence,", "the words are sorted: the final response comes next"),
        (12, "5", "(5) Hence,", "the final response is already given"),
    ],
)
def test_a_step_out_of_place_is_told_what_its_place_is(
    kept: int, label: str, span: str, reason: str
) -> None:
    attempt = Attempt((*GOLD.steps[:kept], Step(label, 'Hence, we have "art".'), GOLD.steps[-1]))
    assert TASK.feedback(QUESTION, attempt) == incorrect(label, span, reason)


# --- what cannot be judged or improved ---------------------------------------------------------


def test_an_attempt_that_breaks_off_cannot_be_judged_but_is_completed() -> None:
    for count in range(1, len(GOLD.steps)):
        cut = Attempt(GOLD.steps[:count])
        with pytest.raises(CannotJudge, match="no final response"):
            TASK.feedback(QUESTION, cut)
        missing = incorrect(FINAL_RESPONSE, "", "it is missing")
        assert TASK.improve(QUESTION, cut, missing) == GOLD


@pytest.mark.parametrize(
    "text", ["", "art bat bear beat", "So the answer is: art.", "1. art\n(2.)"]
)
def test_free_text_cannot_be_judged(text: str) -> None:
    with pytest.raises(CannotJudge, match="no numbered steps"):
        TASK.feedback(QUESTION, parse_attempt(text))


def test_a_second_final_response_is_an_error_that_is_repaired() -> None:
    twice = Attempt((*GOLD.steps, GOLD.steps[-1]))
    assert TASK.feedback(QUESTION, twice).reason == "the final response is already given"
    edited = EDITOR.edit(Trajectory(QUESTION, (Turn(twice),)))
    assert isinstance(edited, Kept)
    assert edited.trajectory.last == GOLD


def test_what_is_right_needs_no_update() -> None:
    with pytest.raises(CannotImprove, match="no wrong step"):
        TASK.improve(QUESTION, GOLD, correct(GOLD))
    with pytest.raises(CannotImprove, match=r"no step \(9\)"):
        TASK.improve(QUESTION, GOLD, incorrect("9", "a", "b"))


def test_an_update_does_not_build_on_a_wrong_step() -> None:
    wrong = with_step(GOLD, 1, 'We now have: (1) "art".')
    with pytest.raises(CannotImprove, match=r"step \(2\), before the flagged one, is wrong"):
        TASK.improve(QUESTION, wrong, incorrect("3", "a", "b"))


@pytest.mark.parametrize("question", ["", "List: a b", f"{QUESTION} É", QUESTION * 99, "x" * 9999])
def test_what_is_no_question_is_neither_judged_nor_improved(question: str) -> None:
    with pytest.raises(CannotJudge):
        TASK.feedback(question, GOLD)
    for step in ("1", "2", FINAL_RESPONSE):
        with pytest.raises(CannotImprove):
            TASK.improve(question, GOLD, incorrect(step, "a", "b"))


# --- hostile attempts --------------------------------------------------------------------------

PIECES = [
    '"', '""', " < ", " ? ", "[", "]", ", ", "(0)", "(99)", f"({'9' * 5000})", "9" * 5000, ".",
    "\n", "(2) ", "(3.1) ", f"({'1.' * 400}1) ", "(Final response) So the answer is: art.",
    '="a" (1)', "letters: ", "Hence, we have ", "\u0663", "\ud800", "\r", "\x00", " ", "e", "z",
]  # fmt: skip
cuts = st.tuples(st.integers(0, 900), st.integers(0, 60), st.sampled_from(PIECES) | st.text())


@given(st.sampled_from(ITEMS), st.lists(cuts, min_size=1, max_size=3))
def test_a_spoiled_rationale_is_judged_soundly_and_repaired(item: Item, cuts: list[Cut]) -> None:
    assert_judged_soundly_and_repaired(TASK, EDITOR, item, spoil(item.rationale, cuts))


@given(st.data())
def test_any_step_in_place_of_a_right_one_is_judged(data: st.DataObject) -> None:
    index = data.draw(st.integers(0, len(GOLD.steps) - 1))
    head = data.draw(st.sampled_from(["", *(step.text[:24] for step in GOLD.steps)]))
    spoiled = with_step(
        GOLD, index, head + data.draw(st.text()) + data.draw(st.just(".") | st.text())
    )
    feedback = TASK.feedback(QUESTION, spoiled)
    assert feedback.is_correct == (spoiled == GOLD)
    assert feedback.is_correct or feedback.step == GOLD.steps[index].label


@pytest.mark.parametrize(
    "piece",
    ["9", "(", '"', '"a" ? ', '"a"? ', " < ", '(1) "art" < ', '["', "[", "]", ", ", "a", "art ",
     '"art"="a" (1), ', " ", "\n", "? "],
)  # fmt: skip
@patience()
def test_a_megabyte_is_judged_in_linear_time(piece: str) -> None:
    text = piece * (1_000_000 // len(piece))
    for index, step in enumerate(GOLD.steps):
        for end in ("", "."):
            for at in (0, step.text.find("[") + 1, len(step.text) - 1):
                spoiled = with_step(GOLD, index, step.text[:at] + text + step.text[at:] + end)
                feedback = TASK.feedback(QUESTION, spoiled)
                assert feedback.step == step.label
                assert (feedback.span or "") in spoiled.steps[index].render()


@patience()
def test_a_megabyte_of_steps_is_judged_in_linear_time() -> None:
    for step in (GOLD.steps[0], Step(".".join(["3"] * 5000), "We now have: a.")):
        attempt = Attempt((GOLD.steps[0],) + (step,) * 20_000)
        assert not TASK.feedback(QUESTION, attempt).is_correct
        with pytest.raises(CannotImprove):
            TASK.improve(QUESTION, attempt, incorrect("7", "a", "b"))


def test_the_longest_words_have_a_name_for_each_letter() -> None:
    question = QUESTION.split("List")[0] + f"List: {'a' * 48} {'a' * 47} {'a' * 46}b"
    rationale = continue_rationale(Established(question.split("List: ")[1].split()))
    assert "forty-eighth letters" in rationale.text
    assert TASK.feedback(question, rationale) == correct(rationale)
