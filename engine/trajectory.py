"""Trajectories as data, and the one text they are written as and read from.

A trajectory is what a student writes about one question: an attempt, feedback on it, an
updated attempt, feedback on that, and so on (TriPosT, section 3). The text format is the
paper's; `render` and `parse` are each other's inverse on everything `render` can write.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from db.records import TurnKind, Verdict

FINAL_RESPONSE = "Final response"
"""Label of the step that states the answer."""

ANSWER_PREFIX = "Answer: Let's think step by step."
UPDATE_PREFIX = "Updated Answer: Let's think step by step."
FEEDBACK_PREFIX = "Feedback:"

_LABEL = re.compile(r"\n\((\d+(?:\.\d+)*|Final response)\) ?")
_INCORRECT = re.compile(r'In step \((\d+(?:\.\d+)*|Final response)\) the part "')
_BECAUSE = '" is incorrect. This is because '
_CORRECT = re.compile(
    r"(?:^|(?<=\. ))Steps? \(1\)(?: to \(\d{1,9}(?:\.\d+)*\))? (?:is|are) correct"
    r"(?:\. The|,? and the) final response is also correct\.$"
)
_UPDATE = "Updated Answer:"
_MARKERS = re.compile(rf"(?:^|\n)({FEEDBACK_PREFIX}|{_UPDATE})")


class Author(StrEnum):
    """Who wrote a turn; experts are stored as ``expert:<name>``."""

    STUDENT = "student"
    SCRIPT = "script"
    GOLD = "gold"
    """Nobody: the answer is the gold one, so that no expert was asked."""
    PERSON = "person"


@dataclass(frozen=True, slots=True)
class Step:
    """One labelled step; ``label`` is a number such as ``3``, ``3.2.1`` or `FINAL_RESPONSE`."""

    label: str
    text: str

    def render(self) -> str:
        return f"({self.label}) {self.text}"


@dataclass(frozen=True, slots=True)
class Attempt:
    """An attempt at a question: its steps in order."""

    steps: tuple[Step, ...]

    @property
    def final_response(self) -> str | None:
        """Text of the last step if that is the final response."""
        if self.steps and self.steps[-1].label == FINAL_RESPONSE:
            return self.steps[-1].text
        return None

    @property
    def text(self) -> str:
        """The attempt as lines, without the line that introduces it."""
        return "\n".join(step.render() for step in self.steps)

    def before(self, label: str) -> tuple[Step, ...]:
        """Return the steps before the first one labelled ``label``."""
        for index, step in enumerate(self.steps):
            if step.label == label:
                return self.steps[:index]
        return self.steps


@dataclass(frozen=True, slots=True)
class Feedback:
    """A judgement: correct throughout, or the first wrong step, the wrong part and the reason."""

    verdict: Verdict
    step: str | None = None
    span: str | None = None
    reason: str | None = None
    steps_right: int = 0
    """For a correct verdict: how many numbered steps it vouches for."""
    working: str = ""
    """What the verdict rests on, one or more sentences before it; may be empty."""

    @property
    def is_correct(self) -> bool:
        return self.verdict is Verdict.CORRECT

    def same_diagnosis(self, other: Feedback) -> bool:
        """Tell whether both name the same place; the working and the reasons may differ."""
        return (self.verdict, self.step, self.span) == (other.verdict, other.step, other.span)

    def render(self) -> str:
        return f"{self.working} {self._verdict()}" if self.working else self._verdict()

    def _verdict(self) -> str:
        if self.is_correct:
            if self.steps_right <= 1:
                return "Step (1) is correct. The final response is also correct."
            return (
                f"Steps (1) to ({self.steps_right}) are correct. "
                "The final response is also correct."
            )
        return (
            f'In step ({self.step}) the part "{self.span}" is incorrect. '
            f"This is because {self.reason}."
        )


def correct(attempt: Attempt) -> Feedback:
    """Return the feedback that finds no error in ``attempt``, which is also the stop signal."""
    # Nested steps belong to the numbered one that they are part of.
    labels = [step.label for step in attempt.steps if "." not in step.label]
    return Feedback(Verdict.CORRECT, steps_right=len(labels) - labels.count(FINAL_RESPONSE))


def incorrect(step: str, span: str, reason: str) -> Feedback:
    """Return the feedback that ``span`` of step ``step`` is the first error."""
    return Feedback(Verdict.INCORRECT, step, span, reason)


@dataclass(frozen=True, slots=True)
class Turn:
    """An attempt with the feedback that follows it.

    ``feedback_text`` is what was written after ``Feedback:``, None where nothing was;
    ``feedback`` is its meaning, None also where the text has none.
    """

    attempt: Attempt
    feedback: Feedback | None = None
    feedback_text: str | None = None
    attempt_author: str = Author.STUDENT
    feedback_author: str = Author.STUDENT

    @staticmethod
    def of(
        attempt: Attempt,
        feedback: Feedback,
        *,
        attempt_author: str = Author.STUDENT,
        feedback_author: str = Author.SCRIPT,
    ) -> Turn:
        return Turn(attempt, feedback, feedback.render(), attempt_author, feedback_author)


@dataclass(frozen=True, slots=True)
class Trajectory:
    """All turns about one question."""

    question: str
    turns: tuple[Turn, ...]

    @property
    def updates(self) -> int:
        """Number of updated attempts."""
        return max(0, len(self.turns) - 1)

    @property
    def first(self) -> Attempt:
        return self.turns[0].attempt

    @property
    def last(self) -> Attempt:
        return self.turns[-1].attempt


def prompt(question: str, hint: str) -> str:
    """Return the text that a student continues with an attempt."""
    return f"Q: {question}\n{ANSWER_PREFIX}{hint}\n"


def feedback_prompt(question: str, hint: str, attempt: str) -> tuple[str, ...]:
    """Return the text that a student continues with feedback on ``attempt``, in pieces.

    Pieces are those of training examples (`engine.postprocess`).
    """
    return prompt(question, hint), f"{attempt}\n", FEEDBACK_PREFIX


def update_prompt(question: str, hint: str, attempt: str, feedback: str) -> tuple[str, ...]:
    """Return the text that a student continues with an updated attempt, in pieces."""
    return (
        prompt(question, hint),
        f"{attempt}\n",
        f"{FEEDBACK_PREFIX} {feedback}",
        f"\n{UPDATE_PREFIX}{hint}\n",
    )


def render_body(turns: Sequence[Turn], hint: str, raw_attempts: Sequence[str] | None = None) -> str:
    """Write the turns as the text that follows `prompt`; ``raw_attempts`` replaces the attempts."""
    parts: list[str] = []
    for index, turn in enumerate(turns):
        if index:
            parts.append(f"{UPDATE_PREFIX}{hint}")
        parts.append(turn.attempt.text if raw_attempts is None else raw_attempts[index])
        if turn.feedback_text is not None:
            parts.append(f"{FEEDBACK_PREFIX} {turn.feedback_text}")
    return "\n".join(parts)


def render(trajectory: Trajectory, hint: str) -> str:
    """Write a trajectory as text."""
    return prompt(trajectory.question, hint) + render_body(trajectory.turns, hint)


def parse_attempt(text: str) -> Attempt:
    """Read the steps of an attempt.

    A line that starts with no label belongs to the step before it; lines before the first
    label are no step and are left out.
    """
    # A label begins a line. With a line's end before the first one, each is found by the same text.
    _, *parts = _LABEL.split("\n" + text.strip("\n"))
    return Attempt(tuple(map(Step, parts[::2], parts[1::2])))


def parse_feedback(text: str) -> Feedback | None:
    """Read one feedback; None where the text ends in neither of the two verdicts.

    What stands before the verdict is its working.
    """
    text = text.strip()
    # Searched from left to right, since one expression for all of it takes quadratic time.
    if text.endswith(".") and (match := _INCORRECT.search(text)):
        span, because, reason = text[match.end() : -1].partition(_BECAUSE)
        if because:
            working = text[: match.start()].rstrip()
            return replace(incorrect(match[1], span, reason), working=working)
    if match := _CORRECT.search(text):
        numbers = re.findall(r"\((\d+)", match[0])
        return Feedback(
            Verdict.CORRECT,
            steps_right=int(numbers[-1]),
            working=text[: match.start()].rstrip(),
        )
    return None


def split_attempt(text: str) -> tuple[str, str]:
    """Take what was written after `prompt` apart: its first attempt, and all that follows it."""
    # Most texts have none, which is found out sooner without the expression.
    if FEEDBACK_PREFIX not in text and _UPDATE not in text:
        return text, ""
    marker = _MARKERS.search(text)
    return (text[: marker.start()], text[marker.start(1) :]) if marker else (text, "")


def raw_pieces(text: str, hint: str) -> list[tuple[TurnKind, str]]:
    """Take what was written after `prompt` apart into attempts and feedback, word for word.

    Other than in `parse_body`, what is no step of an attempt is left in it.
    """
    first, *rest = _MARKERS.split(text)
    pieces = [(TurnKind.ATTEMPT, first.strip("\n"))]
    for marker, body in zip(rest[::2], rest[1::2], strict=True):
        if marker == FEEDBACK_PREFIX:
            pieces.append((TurnKind.FEEDBACK, body.strip()))
        else:
            introduction = f"{UPDATE_PREFIX}{hint}".removeprefix(_UPDATE)
            pieces.append((TurnKind.ATTEMPT, body.removeprefix(introduction).strip("\n")))
    return pieces


def parse_body(question: str, text: str, hint: str) -> Trajectory:
    """Read what a student wrote after `prompt`, however broken; all of it is student's work.

    Text after an ``Updated Answer:`` that no feedback precedes is read as a further turn
    whose forerunner has no feedback, so that an editor can say what is missing.
    """
    pieces = _MARKERS.split(text)
    turns = [Turn(parse_attempt(pieces[0]))]
    for marker, body in zip(pieces[1::2], pieces[2::2], strict=True):
        if marker == FEEDBACK_PREFIX:
            last = turns[-1]
            if last.feedback_text is None:
                written = body.strip()
                turns[-1] = Turn(last.attempt, parse_feedback(written), written)
        else:
            introduction = f"{UPDATE_PREFIX}{hint}".removeprefix(_UPDATE)
            turns.append(Turn(parse_attempt(body.removeprefix(introduction))))
    return Trajectory(question, tuple(turns))


def parse(text: str, hint: str) -> Trajectory | None:
    """Read a whole trajectory; None if it does not start with a question and an answer."""
    head = re.match(r"Q: (?P<question>.*?)\nAnswer: Let's think step by step\.", text, re.DOTALL)
    if head is None:
        return None
    body = text[head.end() :].removeprefix(hint).removeprefix("\n")
    return parse_body(head["question"], body, hint)
