"""Stage 2: examples of one turn each, without repeats, in the wanted proportion."""

import math
import random
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from db.records import (
    ExampleKind,
    Segment,
    Split,
    Subtask,
)
from engine.editing import DropReason, Editor, Kept
from engine.postprocess import (
    Draft,
    Weights,
    drop_repeats,
    ground_truth,
    plain,
    rebalance,
    share_of_improving,
    short_answer,
    split_into_turns,
)
from engine.scripts import ScriptedFeedback, ScriptedImprove
from engine.tasks.multistep_arithmetic import MultistepArithmetic
from engine.trajectory import (
    FEEDBACK_PREFIX,
    UPDATE_PREFIX,
    Attempt,
    Step,
    Trajectory,
    Turn,
    correct,
    incorrect,
    parse_attempt,
    prompt,
    render,
)

HINT = " Count."
Q = "1 + 1 ="
WEIGHTS = Weights(question=0.25, wrong_attempt=0.5, improvement=1.5)
IMPROVING, NON_IMPROVING, GROUND_TRUTH = (
    ExampleKind.IMPROVING,
    ExampleKind.NON_IMPROVING,
    ExampleKind.GROUND_TRUTH,
)


def attempt(number: int) -> Attempt:
    return parse_attempt(f"(1) 1 + 1 = {number}.\n(Final response) So the answer is {number}.")


def wrong(number: int) -> Turn:
    return Turn.of(attempt(number), incorrect("1", f"= {number}", "1 + 1 = 2"))


RIGHT = Turn.of(attempt(2), correct(attempt(2)))


def drafts_of(*turns: Turn, weights: Weights = WEIGHTS) -> list[Draft]:
    return split_into_turns(Trajectory(Q, turns), HINT, weights, item_id=7, trajectory_id=3)


# --- turn splitting ----------------------------------------------------------------------------


@pytest.mark.parametrize("updates", range(4))
def test_every_update_is_an_improving_example_and_the_end_is_none(updates: int) -> None:
    turns = [*map(wrong, range(3, 3 + updates)), RIGHT]
    drafts = drafts_of(*turns)
    assert [draft.kind for draft in drafts] == [IMPROVING] * updates + [NON_IMPROVING]
    for before, after, draft in zip(turns, turns[1:], drafts, strict=False):
        update = Turn(after.attempt)
        assert draft.text == render(Trajectory(Q, (before, update)), HINT)
    assert drafts[-1].text == render(Trajectory(Q, (RIGHT,)), HINT)
    assert {(d.item_id, d.trajectory_id, d.dropped) for d in drafts} == {(7, 3, None)}


def test_weights_change_at_the_feedback() -> None:
    improving, last = drafts_of(wrong(3), RIGHT)
    assert improving.segments == (
        (prompt(Q, HINT), 0.25),
        (f"{attempt(3).text}\n", 0.5),
        ('Feedback: In step (1) the part "= 3" is incorrect. This is because 1 + 1 = 2.', 1.5),
        (f"\n{UPDATE_PREFIX}{HINT}\n", 1.5),
        (attempt(2).text, 1.5),
    )
    assert last.segments == (
        (prompt(Q, HINT), 0.25),
        (f"{attempt(2).text}\n", 1.0),
        ("Feedback: Step (1) is correct. The final response is also correct.", 1.0),
    )


def test_what_an_update_changes_can_weigh_more() -> None:
    heavier = Weights(question=0.25, wrong_attempt=0.5, improvement=1.5, change=4.0)
    improving, last = drafts_of(wrong(3), RIGHT, weights=heavier)
    plain_one, plain_last = drafts_of(wrong(3), RIGHT)
    assert improving.segments[3:] == (
        (f"\n{UPDATE_PREFIX}{HINT}\n", 1.5),
        (
            "(1) 1 + 1 = 2.\n(Final response) So the answer is 2.",
            ((11, 1.5), (2, 6.0), (35, 1.5), (2, 6.0), (1, 1.5)),
        ),
    )
    assert improving.text == plain_one.text
    assert last == plain_last


numbers = st.floats(0, 10)
lengths = st.lists(st.integers(3, 99), max_size=4)


@given(lengths, st.builds(Weights, numbers, numbers, numbers))
def test_an_improving_example_has_weight_w_from_feedback_on(
    wrongs: list[int], weights: Weights
) -> None:
    for draft in drafts_of(*map(wrong, wrongs), RIGHT, weights=weights):
        at, spans = 0, []
        for text, weight in draft.segments:
            spans.append((at, weight))
            at += len(text)
        feedback = draft.text.index(f"\n{FEEDBACK_PREFIX}") + 1
        after = [weight for start, weight in spans if start >= feedback]
        assert feedback in [start for start, _ in spans]
        expected = weights.improvement if draft.kind is IMPROVING else 1.0
        assert set(after) == {expected}
        assert spans[0] == (0, weights.question)
        of_attempt = weights.wrong_attempt if draft.kind is IMPROVING else 1.0
        assert spans[1] == (len(prompt(Q, HINT)), of_attempt)


def test_a_diagnosis_without_update_is_an_improving_example() -> None:
    (draft,) = drafts_of(wrong(3))
    assert draft.kind is IMPROVING
    assert draft.text == render(Trajectory(Q, (wrong(3),)), HINT)
    assert [weight for _, weight in draft.segments] == [0.25, 0.5, 1.5]


def test_an_attempt_without_feedback_is_no_example() -> None:
    assert drafts_of(Turn(attempt(2))) == []
    assert [draft.kind for draft in drafts_of(wrong(3), Turn(attempt(2)))] == [IMPROVING]


def test_edited_trajectories_are_split_without_loss() -> None:
    task = MultistepArithmetic()
    editor = Editor(ScriptedFeedback(task), ScriptedImprove(task))
    for item in task.generate(Split.TRAIN, [Subtask.SEEN], 20, seed=2):
        steps = parse_attempt(item.rationale).steps
        spoiled = Attempt((*steps[:-1], Step(steps[-1].label, "So the answer is 8 or 9.")))
        kept = editor.edit(Trajectory(item.question, (Turn(spoiled),)))
        assert isinstance(kept, Kept)
        first, last = split_into_turns(kept.trajectory, task.hint, WEIGHTS, 1, 1)
        whole = render(kept.trajectory, task.hint)
        assert whole.startswith(first.text)
        assert last == Draft(NON_IMPROVING, ground_truth_of(task, item.question).segments, 1, 1)


def ground_truth_of(task: MultistepArithmetic, question: str) -> Draft:
    gold = task.rationale(question)
    return ground_truth(question, gold, correct(gold), task.hint, 1, WEIGHTS)


def test_a_gold_rationale_is_followed_by_positive_feedback() -> None:
    draft = ground_truth(Q, attempt(2), correct(attempt(2)), HINT, 7, WEIGHTS)
    assert draft.kind is GROUND_TRUTH
    assert draft.trajectory_id is None
    assert draft.text == render(Trajectory(Q, (RIGHT,)), HINT)
    assert [weight for _, weight in draft.segments] == [0.25, 1.0, 1.0]


def test_the_baselines_have_no_feedback() -> None:
    rationale = plain(Q, attempt(2).text, HINT, 7, WEIGHTS, GROUND_TRUTH)
    assert rationale.text == prompt(Q, HINT) + attempt(2).text
    assert [weight for _, weight in rationale.segments] == [0.25, 1.0]
    short = short_answer(Q, "2", 7, WEIGHTS, 3)
    assert short.text == "Q: 1 + 1 =\nAnswer: So the answer is 2."
    assert short.segments[0] == ("Q: 1 + 1 =\nAnswer:", 0.25)


# --- repeats -----------------------------------------------------------------------------------


def draft(kind: ExampleKind, text: str, dropped: DropReason | None = None, cut: int = 0) -> Draft:
    segments: tuple[Segment, ...] = ((text[:cut], 0.0), (text[cut:], 1.0))
    return Draft(kind, segments, item_id=1, dropped=dropped)


kinds = st.sampled_from(ExampleKind)
some_drafts = st.lists(
    st.builds(
        draft,
        kinds,
        st.sampled_from(["", "a", "A", "a ", "ab", "\ud800"]),
        st.sampled_from([None, DropReason.TOO_LONG]),
        st.integers(0, 2),
    ),
    max_size=12,
)


@given(some_drafts)
def test_of_equal_texts_the_first_is_kept(drafts: list[Draft]) -> None:
    marked = drop_repeats(drafts)
    there = [draft.text for draft in drafts if draft.dropped is None]
    left = [draft.text for draft in marked if draft.dropped is None]
    assert left == list(dict.fromkeys(there))
    assert [(d.kind, d.segments) for d in marked] == [(d.kind, d.segments) for d in drafts]
    for before, after in zip(drafts, marked, strict=True):
        assert after.dropped in (before.dropped, DropReason.DUPLICATE)
    assert drop_repeats(marked) == marked


# --- rebalancing -------------------------------------------------------------------------------


def pools(improving: int, non_improving: int, truths: int) -> list[Draft]:
    counts = {IMPROVING: improving, NON_IMPROVING: non_improving, GROUND_TRUTH: truths}
    made = [draft(kind, f"{kind} {i}") for kind, count in counts.items() for i in range(count)]
    random.Random(0).shuffle(made)
    return made


def left_of(drafts: list[Draft]) -> Counter[ExampleKind]:
    return Counter(draft.kind for draft in drafts if draft.dropped is None)


sizes = st.integers(0, 300)
present = st.integers(1, 300)
ratios = st.floats(0.05, 20)


@given(present, present, present, ratios)
def test_the_proportion_is_r_to_1_to_1(a: int, b: int, c: int, ratio: float) -> None:
    left = left_of(rebalance(pools(a, b, c), ratio, seed=1))
    unit = min(a / ratio, (b + c) / 2)
    assert abs(left[IMPROVING] - unit * ratio) <= 0.5 + 1e-9
    assert abs(left[NON_IMPROVING] + left[GROUND_TRUTH] - 2 * unit) <= 0.5 + 1e-9
    if min(b, c) > unit:
        assert abs(left[NON_IMPROVING] - left[GROUND_TRUTH]) <= 1


@given(present, st.integers(1, 20), st.integers(100, 300))
def test_what_one_kind_lacks_the_other_fills_up(a: int, few: int, many: int) -> None:
    for b, c in ((few, many), (many, few)):
        left = left_of(rebalance(pools(a, b, c), 1.5, seed=1))
        assert left[NON_IMPROVING] <= b
        assert left[GROUND_TRUTH] <= c
        assert abs(left[NON_IMPROVING] + left[GROUND_TRUTH] - 2 * min(a / 1.5, (b + c) / 2)) <= 1


@given(present, sizes, ratios)
def test_without_improving_or_without_others_all_is_left(a: int, b: int, ratio: float) -> None:
    for drafts in (pools(a, 0, 0), pools(0, a, b), pools(0, b, a)):
        assert rebalance(drafts, ratio, seed=1) == drafts


@given(st.integers(100, 300), st.integers(100, 300), st.integers(100, 300), st.floats(0.2, 5))
def test_the_share_of_improving_examples_is_p(a: int, b: int, c: int, ratio: float) -> None:
    left = left_of(rebalance(pools(a, b, c), ratio, seed=1))
    share = left[IMPROVING] / left.total()
    # Each count is rounded by at most a half.
    assert math.isclose(share, share_of_improving(ratio), abs_tol=1.5 / left.total())


@given(sizes, sizes, sizes, ratios)
def test_no_more_is_left_out_than_must_be(a: int, b: int, c: int, ratio: float) -> None:
    left = left_of(rebalance(pools(a, b, c), ratio, seed=1))
    others = left[NON_IMPROVING] + left[GROUND_TRUTH]
    assert left[IMPROVING] == a or others == b + c


def test_the_papers_share_is_this() -> None:
    assert share_of_improving(1.5) == pytest.approx(0.43, abs=0.005)
    assert left_of(rebalance(pools(150, 500, 500), 1.5, seed=1)) == {
        IMPROVING: 150,
        NON_IMPROVING: 100,
        GROUND_TRUTH: 100,
    }


@given(sizes, sizes, sizes, st.floats(-10, 0))
def test_without_a_ratio_all_is_left(a: int, b: int, c: int, ratio: float) -> None:
    drafts = pools(a, b, c)
    assert rebalance(drafts, ratio, seed=1) == drafts


def test_the_choice_depends_on_the_seed_alone() -> None:
    drafts = pools(90, 90, 90)
    first = rebalance(drafts, 1.5, seed=1)
    random.seed(5)
    assert rebalance(drafts, 1.5, seed=1) == first
    other = rebalance(drafts, 1.5, seed=2)
    assert other != first
    assert left_of(other) == left_of(first)


@given(some_drafts, ratios)
def test_what_is_left_out_is_marked_and_nothing_else_changes(
    drafts: list[Draft], ratio: float
) -> None:
    marked = rebalance(drafts, ratio, seed=1)
    for before, after in zip(drafts, marked, strict=True):
        assert (after.kind, after.segments) == (before.kind, before.segments)
        if before.dropped is not None:
            assert after == before
        else:
            assert after.dropped in (None, DropReason.SURPLUS)
