"""A student answers, judges and updates until it is content or a limit is met."""

from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tiny_students import load, questions

from engine.rollout import Rollout, RolloutEnd, roll_out
from engine.seeds import item_seed
from engine.student.generation import FinishReason, Generation, Request, Sampler
from engine.tasks.multistep_arithmetic import MultistepArithmetic
from engine.trajectory import feedback_prompt, parse_body, prompt, update_prompt

QUESTION, HINT = "((1 + 2) * (3 - 1)) =", " Take care."
WRONG, BETTER, RIGHT = (
    f"(1) It is {n}.\n(Final response) So the answer is {n}." for n in (5, 7, 6)
)
DIAGNOSIS = 'In step (1) the part "5" is incorrect. This is because 3 * 2 = 6.'
OTHER = 'In step (1) the part "7" is incorrect. This is because 3 * 2 = 6.'
FINE = "Step (1) is correct. The final response is also correct."


def stops(text: str) -> Generation:
    return Generation(text, len(text), FinishReason.STOP)


def marks(text: str) -> Generation:
    return Generation(text, len(text), FinishReason.MARKER)


def runs_on(text: str) -> Generation:
    return Generation(text, len(text), FinishReason.LENGTH)


class Recited:
    """Gives the replies it was told, and keeps what it was asked."""

    def __init__(self, *replies: Generation) -> None:
        self.replies = list(replies)
        self.asked: list[Request] = []

    def generate(self, requests: Sequence[Request]) -> list[Generation]:
        self.asked += requests
        return [self.replies.pop(0) for _ in requests]


def recite(*replies: Generation, max_updates: int = 3) -> tuple[Rollout, Recited]:
    sampler = Recited(*replies)
    (rollout,) = roll_out(
        sampler, [QUESTION], [1], HINT, max_updates=max_updates, max_attempt_tokens=99
    )
    assert sampler.replies == []
    assert rollout.tokens == sum(reply.tokens for reply in replies)
    return rollout, sampler


ENDS = {
    "no feedback": ([stops(WRONG)], RolloutEnd.NO_FEEDBACK, 0),
    "content at once": ([marks(WRONG), stops(f" {FINE}")], RolloutEnd.SATISFIED, 0),
    "one update": (
        [marks(WRONG), marks(f" {DIAGNOSIS}"), stops(RIGHT), stops(f" {FINE}")],
        RolloutEnd.SATISFIED,
        1,
    ),
    "two updates": (
        [
            marks(WRONG),
            marks(f" {DIAGNOSIS}"),
            marks(BETTER),
            marks(f" {OTHER}"),
            stops(RIGHT),
            stops(f" {FINE}"),
        ],
        RolloutEnd.SATISFIED,
        2,
    ),
    "no update follows": ([marks(WRONG), stops(f" {DIAGNOSIS}")], RolloutEnd.NO_UPDATE, 0),
    "the same again": (
        [marks(WRONG), marks(f" {DIAGNOSIS}"), stops(WRONG)],
        RolloutEnd.UNCHANGED,
        1,
    ),
    "attempt too long": ([runs_on(WRONG)], RolloutEnd.TOO_LONG, 0),
    "feedback too long": ([marks(WRONG), runs_on(f" {DIAGNOSIS}")], RolloutEnd.TOO_LONG, 0),
    "update too long": (
        [marks(WRONG), marks(f" {DIAGNOSIS}"), runs_on(RIGHT)],
        RolloutEnd.TOO_LONG,
        1,
    ),
}


@pytest.mark.parametrize(("replies", "end", "updates"), ENDS.values(), ids=ENDS.keys())
def test_each_way_to_end(replies: list[Generation], end: RolloutEnd, updates: int) -> None:
    rollout, _ = recite(*replies)
    assert rollout.end is end
    assert rollout.trajectory.updates == updates


@pytest.mark.parametrize(("replies", "end", "updates"), ENDS.values(), ids=ENDS.keys())
def test_the_raw_text_reads_back_as_the_trajectory(
    replies: list[Generation], end: RolloutEnd, updates: int
) -> None:
    rollout, _ = recite(*replies)
    assert parse_body(QUESTION, rollout.text, HINT) == rollout.trajectory


def test_the_limit_of_updates_ends_it() -> None:
    replies = [marks(WRONG), marks(f" {DIAGNOSIS}"), stops(BETTER), marks(f" {OTHER}")]
    rollout, _ = recite(*replies, max_updates=1)
    assert (rollout.end, rollout.trajectory.updates) == (RolloutEnd.MAX_UPDATES, 1)
    rollout, _ = recite(*replies[:2], max_updates=0)
    assert (rollout.end, rollout.trajectory.updates) == (RolloutEnd.MAX_UPDATES, 0)


def test_it_is_prompted_with_what_it_was_trained_on() -> None:
    _, sampler = recite(
        marks(f"{WRONG}\n"),
        marks(f" {DIAGNOSIS}"),
        stops(BETTER),
        marks(f" {OTHER}"),
        stops(RIGHT),
        stops(f" {FINE}"),
    )
    assert [request.prompt for request in sampler.asked] == [
        (prompt(QUESTION, HINT),),
        feedback_prompt(QUESTION, HINT, WRONG),
        update_prompt(QUESTION, HINT, WRONG, DIAGNOSIS),
        feedback_prompt(QUESTION, HINT, BETTER),
        update_prompt(QUESTION, HINT, BETTER, OTHER),
        feedback_prompt(QUESTION, HINT, RIGHT),
    ]
    assert len({request.seed for request in sampler.asked}) == len(sampler.asked)


def test_what_one_item_draws_does_not_depend_on_the_others() -> None:
    together = Recited(
        marks(WRONG), stops(RIGHT), marks(WRONG), stops(f" {FINE}"), marks(f" {DIAGNOSIS}")
    )
    together.replies.append(stops(RIGHT))
    together.replies.append(stops(f" {FINE}"))
    rollouts = roll_out(
        together, ["a", "b", "c"], [1, 2, 3], HINT, max_updates=3, max_attempt_tokens=99
    )
    assert [r.trajectory.updates for r in rollouts] == [0, 0, 1]
    lone = Recited(marks(WRONG), marks(f" {DIAGNOSIS}"), stops(RIGHT), stops(f" {FINE}"))
    (rollout,) = roll_out(lone, ["c"], [3], HINT, max_updates=3, max_attempt_tokens=99)
    assert rollout == rollouts[2]
    assert [r for r in together.asked if "Q: c" in r.prompt[0]] == lone.asked


@given(st.lists(st.one_of(st.integers(), st.text()), min_size=1))
def test_a_seed_fits_the_store_and_follows_from_its_parts(parts: list[object]) -> None:
    assert 0 <= item_seed(*parts) < 2**63
    assert item_seed(*parts) == item_seed(*parts)
    assert item_seed(*parts) != item_seed(*parts, 0)


def test_a_real_student_writes_the_same_alone_and_in_a_batch(able_student: Path) -> None:
    student, task, items = load(able_student), MultistepArithmetic(), questions(6)
    sampler = Sampler(student.language_model, student.form, 0.6)

    def rollouts(chosen: Sequence[int]) -> list[Rollout]:
        asked = [items[index].question for index in chosen]
        return roll_out(
            sampler, asked, list(chosen), task.hint, max_updates=1, max_attempt_tokens=160
        )

    together = rollouts(range(6))
    assert [rollouts([index])[0] for index in range(6)] == together
    assert rollouts([4, 2, 0]) == [together[4], together[2], together[0]]
    # It has only ever seen rationales.
    assert {rollout.end for rollout in together} == {RolloutEnd.NO_FEEDBACK}
    assert any(task.answer(rollout.trajectory.first) for rollout in together)
