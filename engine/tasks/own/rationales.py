"""Gold rationales that people write: steps with labels, or free lines, as an attempt."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

from engine.tasks.own.answers import state, stated
from engine.trajectory import FINAL_RESPONSE, Attempt, Step, Turn, parse_attempt, parse_body

_LABEL = re.compile(r"^\((?:\d+(?:\.\d+)*|Final response)\)", re.MULTILINE)
_ANSWER_AT_END = re.compile(
    r"(?:(?P<before>[^\n]{1,1000}\.) )?So the answer is:? (?P<answer>.*)\.", re.DOTALL
)


def rationale_of(text: str, answer: str) -> Attempt:
    """Read a rationale; where it states no answer, ``answer`` becomes its final response.

    A text without labels has a step in each line.
    """
    lines = [line.strip() for line in text.split("\n") if line.strip()]
    if _LABEL.search(text):
        steps = list(parse_attempt(text.strip()).steps)
    else:
        steps = [Step(str(number), line) for number, line in enumerate(lines, 1)]
    if not steps or steps[-1].label != FINAL_RESPONSE:
        steps = _with_final_response(steps, answer)
    return Attempt(tuple(steps))


def _with_final_response(steps: Sequence[Step], answer: str) -> list[Step]:
    """Make the last line the final response if it states an answer; else add one."""
    *before, last = steps
    head, _, line = last.text.rpartition("\n")
    if stated(line) is None:
        return [*steps, Step(FINAL_RESPONSE, state(answer))]
    kept = [Step(last.label, head)] if head else []
    return [*before, *kept, Step(FINAL_RESPONSE, line)]


def restated(text: str, answer: str) -> str:
    """The rationale with its answer stated as tasks of one's own have it, where it can be told.

    Rationales of built-in tasks end in "So the answer is: X." or in a sentence before it, which
    becomes a step.
    """
    attempt = parse_attempt(text.strip())
    final = attempt.final_response
    match = _ANSWER_AT_END.fullmatch(final) if final is not None else None
    if match is None or match["answer"] != answer:
        return text
    steps = attempt.steps[:-1]
    if match["before"]:
        numbers = [int(step.label.partition(".")[0]) for step in steps if step.label[0].isdigit()]
        steps = (*steps, Step(str(max(numbers, default=0) + 1), match["before"]))
    return Attempt((*steps, Step(FINAL_RESPONSE, state(answer)))).text


def doubts(text: str, rationale: Attempt) -> str | None:
    """What is lost of a rationale's text, or makes it hard to refer to in feedback."""
    labels = [step.label for step in rationale.steps]
    first_label = _LABEL.search(text)
    if first_label is not None and text[: first_label.start()].strip():
        return "what stands before its first label is left out"
    if len(labels) == 1:
        return "it has no step before the final response"
    repeated, times = Counter(labels).most_common(1)[0]
    if times > 1:
        return f"it has step ({repeated}) {times} times"
    if labels[0].partition(".")[0] != "1":
        return f"it begins with step ({labels[0]})"
    return None


def survives(attempt: Attempt) -> bool:
    """Tell whether an attempt is read back from its text as it is."""
    return parse_body("", attempt.text, "").turns == (Turn(attempt),)
