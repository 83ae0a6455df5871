"""A student answers questions and corrects itself until its own feedback is positive.

The student is prompted with what it was trained on: a question and the latest attempt. An
update thus starts a fresh context, as in the examples that trajectories are split into
(TriPosT, section 3.2), and the context does not grow with the number of updates.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from engine.scoring import RolloutEnd
from engine.seeds import item_seed
from engine.student.generation import FinishReason, Generation, Request, TextGenerator
from engine.trajectory import (
    FEEDBACK_PREFIX,
    Trajectory,
    Turn,
    feedback_prompt,
    parse_attempt,
    parse_feedback,
    prompt,
    render_body,
    update_prompt,
)

__all__ = ["Rollout", "RolloutEnd", "first_attempts", "roll_out"]


@dataclass(frozen=True, slots=True)
class Rollout:
    """What a student wrote; ``text`` is raw and follows the prompt, ``attempts`` are raw, too."""

    trajectory: Trajectory
    text: str
    tokens: int
    end: RolloutEnd
    attempts: tuple[str, ...] = ()


@dataclass(slots=True)
class _Open:
    """A rollout in the making. ``texts`` are the raw attempts and feedbacks in turn."""

    question: str
    seed: int
    attempts: list[str] = field(default_factory=list)
    feedbacks: list[str] = field(default_factory=list)
    tokens: int = 0
    end: RolloutEnd | None = None

    def take(self, generation: Generation) -> str:
        self.tokens += generation.tokens
        return generation.text.strip("\n")


def roll_out(
    sampler: TextGenerator,
    questions: Sequence[str],
    seeds: Sequence[int],
    hint: str,
    *,
    max_updates: int,
    max_attempt_tokens: int,
    examples: str | None = None,
) -> list[Rollout]:
    """Let the student answer all questions together, in the order given.

    ``max_attempt_tokens`` bounds each attempt and each feedback. With ``examples``, which may be
    empty, feedback follows each attempt, and an update each feedback that is not positive, also
    where the student would end; the examples stand before the question when it is asked for them.
    """
    rollouts = [_Open(q, s) for q, s in zip(questions, seeds, strict=True)]
    forced, shown = examples is not None, examples or ""
    _attempt(sampler, rollouts, hint, max_attempt_tokens, forced=forced)
    while going := [r for r in rollouts if r.end is None]:
        _feedback(sampler, going, hint, max_updates, max_attempt_tokens, shown, forced=forced)
        going = [r for r in going if r.end is None]
        _update(sampler, going, hint, max_attempt_tokens, shown)
    return [_closed(r, hint) for r in rollouts]


def first_attempts(
    sampler: TextGenerator, questions: Sequence[str], seeds: Sequence[int], hint: str, limit: int
) -> list[Generation]:
    """Let the student write one attempt at each question, as `roll_out` begins; texts are raw.

    ``limit`` bounds each of them, in tokens.
    """
    stop = f"\n{FEEDBACK_PREFIX}"
    return sampler.generate(
        [
            Request((prompt(question, hint),), item_seed(seed, "attempt"), limit, stop)
            for question, seed in zip(questions, seeds, strict=True)
        ]
    )


def _attempt(
    sampler: TextGenerator, rollouts: list[_Open], hint: str, limit: int, *, forced: bool
) -> None:
    questions, seeds = [r.question for r in rollouts], [r.seed for r in rollouts]
    written = first_attempts(sampler, questions, seeds, hint, limit)
    for rollout, generation in zip(rollouts, written, strict=True):
        rollout.attempts.append(rollout.take(generation))
        if generation.finish_reason is FinishReason.STOP:
            rollout.end = None if forced else RolloutEnd.NO_FEEDBACK
        elif generation.finish_reason is FinishReason.LENGTH:
            rollout.end = RolloutEnd.TOO_LONG


def _feedback(
    sampler: TextGenerator,
    rollouts: list[_Open],
    hint: str,
    max_updates: int,
    limit: int,
    shown: str,
    *,
    forced: bool,
) -> None:
    requests = [
        Request(
            _after(shown, feedback_prompt(r.question, hint, r.attempts[-1])),
            item_seed(r.seed, "feedback", len(r.feedbacks)),
            limit,
            "\n",
        )
        for r in rollouts
    ]
    for rollout, generation in zip(rollouts, sampler.generate(requests), strict=True):
        written = rollout.take(generation).strip()
        rollout.feedbacks.append(written)
        feedback = parse_feedback(written)
        if generation.finish_reason is FinishReason.LENGTH:
            rollout.end = RolloutEnd.TOO_LONG
        elif feedback is not None and feedback.is_correct:
            rollout.end = RolloutEnd.SATISFIED
        elif generation.finish_reason is FinishReason.STOP and not forced:
            rollout.end = RolloutEnd.NO_UPDATE
        elif len(rollout.attempts) > max_updates:
            rollout.end = RolloutEnd.MAX_UPDATES


def _update(
    sampler: TextGenerator, rollouts: list[_Open], hint: str, limit: int, shown: str
) -> None:
    stop = f"\n{FEEDBACK_PREFIX}"
    requests = [
        Request(
            _after(shown, update_prompt(r.question, hint, r.attempts[-1], r.feedbacks[-1])),
            item_seed(r.seed, "update", len(r.feedbacks)),
            limit,
            stop,
        )
        for r in rollouts
    ]
    for rollout, generation in zip(rollouts, sampler.generate(requests), strict=True):
        update = rollout.take(generation)
        if generation.finish_reason is FinishReason.LENGTH:
            rollout.end = RolloutEnd.TOO_LONG
        elif update == rollout.attempts[-1]:
            rollout.end = RolloutEnd.UNCHANGED
        rollout.attempts.append(update)


def _after(examples: str, pieces: tuple[str, ...]) -> tuple[str, ...]:
    """Put examples before a prompt, into its first piece."""
    first, *others = pieces
    return (examples + first, *others)


def _closed(rollout: _Open, hint: str) -> Rollout:
    assert rollout.end is not None
    turns = [Turn(parse_attempt(text)) for text in rollout.attempts]
    for index, written in enumerate(rollout.feedbacks):
        turns[index] = replace(
            turns[index], feedback=parse_feedback(written), feedback_text=written
        )
    trajectory = Trajectory(rollout.question, tuple(turns))
    raw = render_body(trajectory.turns, hint, rollout.attempts)
    return Rollout(trajectory, raw, rollout.tokens, rollout.end, tuple(rollout.attempts))
