"""What an evaluation shows, in numbers: of all questions, and of each subtask where it is known."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from db.evals import EvalQuestion, EvalStore, ScoredAnswer, StoredEvaluation, StoredVote
from db.records import Subtask
from engine.statistics import Share

COLLAPSE_AT = 0.5
"""The share of updates that repeat the attempt before from which on they are said to collapse."""
FEWEST_UPDATES = 5
"""With fewer updates nothing is said of them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """Counts over some questions; strictly read, but for ``…_flexible``.

    ``unchanged`` were updated and are right, or wrong, as before. ``same`` and ``nearly_same`` are
    updates that repeat the attempt before.
    """

    n: int
    first: int
    final: int
    first_flexible: int
    final_flexible: int
    attempted: int
    wrong_to_right: int
    right_to_wrong: int
    unchanged: int
    updates: int
    same: int
    nearly_same: int
    tokens: int

    def share(self, count: int) -> Share:
        return Share(count, self.n)

    @property
    def gain(self) -> float:
        """By how much updates raise accuracy, as a share of all questions; may be negative."""
        return (self.final - self.first) / self.n if self.n else 0.0

    @property
    def owed(self) -> Share:
        """How many of the right final answers were wrong at first."""
        return Share(self.wrong_to_right, self.final)

    @property
    def repeated(self) -> Share:
        """How many of the updates repeat the attempt before."""
        return Share(self.same + self.nearly_same, self.updates)

    @property
    def collapses(self) -> bool:
        """Whether updates for the most part change nothing."""
        share = self.repeated.value
        return share is not None and self.updates >= FEWEST_UPDATES and share >= COLLAPSE_AT


@dataclass(frozen=True, slots=True)
class VoteRound:
    """The majority vote over ``samples`` samples of each question, and the tokens they took."""

    samples: int
    right: int
    right_flexible: int
    n: int
    tokens: int


@dataclass(frozen=True, slots=True)
class Votes:
    """Majority votes at a temperature. ``budget`` are the tokens that self-improvement took.

    ``equal`` is the vote over as many samples as these pay for, at least one.
    """

    temperature: float
    rounds: Sequence[VoteRound]
    budget: int

    @property
    def equal(self) -> VoteRound | None:
        paid = [one for one in self.rounds if one.tokens <= self.budget] or self.rounds[:1]
        return paid[-1] if paid else None

    @property
    def is_spent(self) -> bool:
        """Whether another round would have cost more than the budget."""
        return bool(self.rounds) and self.rounds[-1].tokens >= self.budget


@dataclass(frozen=True, slots=True)
class Summary:
    """An evaluation's figures; ``subtasks`` are those that its questions are known to be of."""

    evaluation: StoredEvaluation
    test_name: str
    questions: int
    all: Figures
    subtasks: Mapping[Subtask, Figures]
    unknown: int
    ends: Mapping[str, int]
    votes: Sequence[Votes]
    test_notes: tuple[str, ...] = ()

    @property
    def is_whole(self) -> bool:
        return self.all.n == self.questions


def summary_of(store: EvalStore, evaluation_id: int) -> Summary:
    """Count what is stored of an evaluation. Raises StoreError."""
    with store.snapshot():
        evaluation = store.evaluation(evaluation_id)
        test = store.test(evaluation.test_id)
        questions = store.questions(evaluation.test_id)
        scores = store.scores(evaluation_id)
        sampled = {
            temperature: store.votes(evaluation_id, temperature)
            for temperature in store.vote_temperatures(evaluation_id)
        }
    of = {question.position: question.subtask for question in questions}
    parts = {
        subtask: [score for score in scores if of[score.position] is subtask]
        for subtask in Subtask
        if subtask in of.values()
    }
    tokens = sum(score.tokens for score in scores)
    return Summary(
        evaluation=evaluation,
        test_name=test.name,
        questions=len(questions),
        all=figures(scores),
        subtasks={subtask: figures(part) for subtask, part in parts.items()},
        unknown=sum(subtask is None for subtask in of.values()),
        ends=Counter(score.finish_reason for score in scores),
        votes=[
            votes_of(temperature, drawn, questions, tokens)
            for temperature, drawn in sampled.items()
        ],
        test_notes=tuple(test.facts.get("notes", ())),
    )


def figures(scores: Sequence[ScoredAnswer]) -> Figures:
    """Count over some answers."""
    return Figures(
        n=len(scores),
        first=sum(s.first_correct for s in scores),
        final=sum(s.final_correct for s in scores),
        first_flexible=sum(s.first_flexible for s in scores),
        final_flexible=sum(s.final_flexible for s in scores),
        attempted=sum(s.updates > 0 for s in scores),
        wrong_to_right=sum(s.final_correct and not s.first_correct for s in scores),
        right_to_wrong=sum(s.first_correct and not s.final_correct for s in scores),
        unchanged=sum(s.updates > 0 and s.first_correct == s.final_correct for s in scores),
        updates=sum(s.updates for s in scores),
        same=sum(s.same for s in scores),
        nearly_same=sum(s.nearly_same for s in scores),
        tokens=sum(s.tokens for s in scores),
    )


def votes_of(
    temperature: float, drawn: Sequence[StoredVote], questions: Sequence[EvalQuestion], budget: int
) -> Votes:
    """Count the votes over one sample, two samples and so on, as far as rounds are whole."""
    by_sample: dict[int, dict[int, StoredVote]] = {}
    for vote in drawn:
        by_sample.setdefault(vote.sample, {})[vote.position] = vote
    rounds = []
    for count in range(1, len(by_sample) + 1):
        if len(by_sample.get(count - 1, ())) < len(questions):
            break
        right = flexible = tokens = 0
        for question in questions:
            ballots = [by_sample[sample][question.position] for sample in range(count)]
            right += winner([(b.answer, b.correct) for b in ballots])
            flexible += winner([(b.flexible, b.flexible_correct) for b in ballots])
            tokens += sum(ballot.tokens for ballot in ballots)
        rounds.append(VoteRound(count, right, flexible, len(questions), tokens))
    return Votes(temperature, rounds, budget)


def winner(ballots: Sequence[tuple[str | None, bool]]) -> bool:
    """Tell whether the answer that most samples state is right; of several it is the one that was
    said first. ``ballots`` are answers, None where none is stated, and whether each is right."""
    counts = Counter(ballot for ballot in ballots if ballot[0] is not None)
    return counts.most_common(1)[0][0][1] if counts else False


# --- for programs --------------------------------------------------------------------------------


def summary_json(summary: Summary) -> dict[str, Any]:
    """A summary as plain values; shares with their Wilson intervals."""
    evaluation = summary.evaluation
    return {
        "kind": "evaluation",
        "id": evaluation.id,
        "model": evaluation.model,
        "test": summary.test_name,
        "questions": summary.questions,
        "answered": summary.all.n,
        "whole": summary.is_whole,
        "decoding": evaluation.spec["decoding"],
        "task_version": evaluation.task_version,
        "trained_on": evaluation.trained_on,
        "notes": [*evaluation.notes, *summary.test_notes],
        "seconds": evaluation.seconds,
        "all": _figures_json(summary.all),
        "subtasks": {name.value: _figures_json(part) for name, part in summary.subtasks.items()},
        "subtask_unknown": summary.unknown,
        "ends": dict(summary.ends),
        "votes": [_votes_json(votes) for votes in summary.votes],
    }


def _figures_json(found: Figures) -> dict[str, Any]:
    counts = {name: getattr(found, name) for name in Figures.__dataclass_fields__}
    shares = {
        f"{name}_accuracy": _share_json(found.share(counts[name]))
        for name in ("first", "final", "first_flexible", "final_flexible")
    }
    return {
        **counts,
        **shares,
        "update_rate": _share_json(found.share(found.attempted)),
        "gain": found.gain,
        "owed_to_updates": _share_json(found.owed),
        "repeated_updates": _share_json(found.repeated),
        "collapses": found.collapses,
    }


def _share_json(share: Share) -> dict[str, float | None]:
    interval = share.interval
    return {"value": share.value, "low": interval.low, "high": interval.high}


def _votes_json(votes: Votes) -> dict[str, Any]:
    equal = votes.equal
    return {
        "temperature": votes.temperature,
        "budget_tokens": votes.budget,
        "spent": votes.is_spent,
        "at_equal_tokens": equal.samples if equal else None,
        "rounds": [
            {
                "samples": one.samples,
                "accuracy": _share_json(Share(one.right, one.n)),
                "accuracy_flexible": _share_json(Share(one.right_flexible, one.n)),
                "tokens": one.tokens,
            }
            for one in votes.rounds
        ],
    }
