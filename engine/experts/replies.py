"""What an expert replies, as JSON, read into feedback and updates; nothing in it is trusted.

FBK  {"check": text, "step": label or "none", "span": text, "reason": text}
IMP  {"steps": [{"label": label, "text": text}, ...]}, from the flagged step to the final response

What is only a matter of form is put right: a code fence, "Step (2)" for "2", a full stop after the
reason, steps that were kept and are repeated word for word. All else that a trajectory could not
hold is refused, with a complaint that the expert can be sent.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from engine.trajectory import (
    FINAL_RESPONSE,
    Attempt,
    Feedback,
    Step,
    Turn,
    incorrect,
    parse_body,
    parse_feedback,
)

NO_STEP = "none"
"""What FBK names instead of a step when it finds no error or cannot tell."""

MOST_REPLY_CHARS = 200_000
MOST_SPAN_CHARS = 300
MOST_REASON_CHARS = 600
MOST_STEPS = 200
MOST_UPDATE_CHARS = 20_000

_MOST_LABEL_CHARS = 60
_SHOWN_CHARS = 80
_LABEL = re.compile(
    r"(?:step *)?\(? ?(?P<label>[0-9]+(?:\.[0-9]+)*|final[ _]response|none) ?\)?[.:]?",
    re.IGNORECASE,
)
_BECAUSE = re.compile(r"this is because:? ", re.IGNORECASE)
_QUOTES = ('""', "''", "``", "“”", "‘’")  # noqa: RUF001
_KEPT_CONTROLS = "\n\t"


class ReplyUnusable(Exception):
    """A reply that no trajectory can hold.

    ``complaint`` is one or two sentences, for people and for the expert, which may be asked again.
    """

    def __init__(self, complaint: str) -> None:
        super().__init__(complaint)
        self.complaint = complaint


@dataclass(frozen=True, slots=True)
class GiveUp:
    """FBK names no step; ``check`` is what it wrote about them, one line."""

    check: str


def feedback_schema(attempt: Attempt) -> dict[str, Any]:
    """Return the JSON schema of a reply of FBK: ``step`` is one of the attempt's labels.

    Lengths are not in it: grammars made of long bounds are slow, or refused.
    """
    labels = [*dict.fromkeys(step.label for step in attempt.steps), NO_STEP]
    named = len(labels) <= MOST_STEPS and all(len(one) <= _MOST_LABEL_CHARS for one in labels)
    step = {"type": "string", "enum": labels} if named else {"type": "string"}
    return _object(check=_TEXT, step=step, span=_TEXT, reason=_TEXT)


def improve_schema() -> dict[str, Any]:
    """Return the JSON schema of a reply of IMP."""
    step = _object(label=_TEXT, text=_TEXT)
    return _object(steps={"type": "array", "items": step})


def read_feedback(text: str, attempt: Attempt) -> Feedback | GiveUp:
    """Read FBK's reply on an attempt. Raises ReplyUnusable."""
    reply = _json_object(text)
    named = reply.get("step", "")
    label = NO_STEP if named is None else _label(named)
    if label == NO_STEP:
        check = reply.get("check")
        return GiveUp(_line(check)[:MOST_REASON_CHARS] if isinstance(check, str) else "")
    step = next((step for step in attempt.steps if step.label == label), None)
    if step is None:
        there = ", ".join(dict.fromkeys(step.label for step in attempt.steps))
        raise ReplyUnusable(
            f"The attempt has no step {_shown(named)}. "
            f'Name one of its steps ({there[:_SHOWN_CHARS]}) or "{NO_STEP}".'
        )
    feedback = incorrect(label, _span(reply, step), _reason(reply))
    if parse_feedback(feedback.render()) != feedback:
        raise ReplyUnusable(
            "The span and the reason do not make one sentence of feedback that can be read back. "
            "Copy a shorter span, and do not quote the form of the feedback."
        )
    return feedback


def read_improvement(text: str, attempt: Attempt, feedback: Feedback) -> Attempt:
    """Read IMP's reply: the steps before the flagged one, and those that it wrote.

    Raises ReplyUnusable. Whether the update is any better than the attempt is for others to say.
    """
    listed = _json_object(text).get("steps")
    if not isinstance(listed, list):
        raise ReplyUnusable('"steps" must be a list of objects with "label" and "text".')
    kept = attempt.before(feedback.step or FINAL_RESPONSE)
    if len(listed) > MOST_STEPS + len(kept):
        raise ReplyUnusable(f"There are {len(listed)} steps. Write {MOST_STEPS} at most.")
    steps = _without_repeated(kept, [_step(value) for value in listed])
    _check_labels(kept, steps, feedback)
    chars = sum(len(step.text) for step in steps)
    if chars > MOST_UPDATE_CHARS:
        raise ReplyUnusable(
            f"The steps have {chars} characters. Write {MOST_UPDATE_CHARS} at most."
        )
    for step in steps:
        if parse_body("", step.render(), "").turns != (Turn(Attempt((step,))),):
            raise ReplyUnusable(
                f"A line of step ({step.label}) begins like another step or like feedback. "
                "Give each step an entry of its own, and write no feedback."
            )
    update = Attempt((*kept, *steps))
    if parse_body("", update.text, "").turns != (Turn(update),):
        raise ReplyUnusable("The steps cannot be read back from their text. Write plain lines.")
    return update


def write_steps(attempt: Attempt) -> str:
    """Write an attempt as a reply that `read_improvement` reads."""
    steps = [{"label": step.label, "text": step.text} for step in attempt.steps]
    return json.dumps({"steps": steps}, ensure_ascii=False)


def plain_text(text: str) -> str:
    """The text without control characters, but for line ends and tabs, and lone surrogates."""
    if text.isprintable():
        return text
    return "".join(
        c for c in text if c in _KEPT_CONTROLS or unicodedata.category(c) not in ("Cc", "Cs")
    )


_TEXT = {"type": "string"}


def _object(**properties: Any) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def _json_object(text: str) -> dict[str, Any]:
    """Read the one object of a reply, with or without a fence or a few words around it."""
    if len(text) > MOST_REPLY_CHARS:
        raise ReplyUnusable(
            f"The reply has {len(text)} characters. Reply with one short JSON object."
        )
    start, end = text.find("{"), text.rfind("}")
    try:
        value = json.loads(text[start : end + 1]) if start >= 0 else None
    except (ValueError, RecursionError):
        # Too long an integer is a ValueError as well.
        value = None
    if not isinstance(value, dict):
        raise ReplyUnusable("This is not one JSON object. Reply with the JSON object alone.")
    return value


def _text(reply: dict[str, Any], key: str) -> str:
    value = reply.get(key)
    if not isinstance(value, str) or not (plain := plain_text(value).strip()):
        raise ReplyUnusable(f'"{key}" is missing, or no text. Fill in "{key}".')
    return plain


def _label(value: object) -> str:
    """The label that is meant, as attempts have it; what is none is returned as text."""
    if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 10**9:
        return str(value)
    if not isinstance(value, str):
        return ""
    said = value[: 2 * _MOST_LABEL_CHARS].strip()
    match = _LABEL.fullmatch(said)
    if match is None:
        return said
    label = match["label"].lower()
    return FINAL_RESPONSE if label.startswith("final") else label


def _span(reply: dict[str, Any], step: Step) -> str:
    """The wrong part as it stands in the step."""
    said = _text(reply, "span")
    if len(said) > MOST_SPAN_CHARS:
        raise ReplyUnusable(
            f"The span has {len(said)} characters. Copy the wrong part alone, with "
            f"{MOST_SPAN_CHARS} characters at most."
        )
    found = next(filter(None, (_found(way, step) for way in _ways_to_say(said, step.label))), None)
    if found is None:
        raise ReplyUnusable(
            f"The span {_shown(said)} does not stand in step ({step.label}). Copy it word for word."
        )
    if "\n" in found:
        raise ReplyUnusable("The span has more than one line. Copy the wrong part of one line.")
    return found


def _ways_to_say(said: str, label: str) -> list[str]:
    """A span as it was said, then without what is often put around it."""
    ways = [said, said.removeprefix(f"({label}) ").strip()]
    ways += [one[1:-1].strip() for one in ways if len(one) > 2 and one[0] + one[-1] in _QUOTES]
    ways += [one.removesuffix(".") for one in ways if one.endswith(".")]
    return [one for one in ways if one]


def _found(span: str, step: Step) -> str | None:
    """The part of a step, its label included, that reads so; blanks may be other ones."""
    if span in step.text or span == f"({step.label})":
        return span
    words = span.split()
    # What is not there at all is told sooner than by the expression.
    if " ".join(words) not in " ".join(step.text.split()):
        return None
    match = re.search(r"\s+".join(map(re.escape, words)), step.text)
    return match[0] if match else None


def _reason(reply: dict[str, Any]) -> str:
    reason = _line(_text(reply, "reason"))
    reason = _BECAUSE.sub("", reason, count=1) if _BECAUSE.match(reason) else reason
    reason = reason.rstrip(".").rstrip()
    if not reason:
        raise ReplyUnusable('"reason" is empty. Say in one sentence why the span is wrong.')
    if len(reason) > MOST_REASON_CHARS:
        raise ReplyUnusable(
            f"The reason has {len(reason)} characters. Give it in one sentence, with "
            f"{MOST_REASON_CHARS} characters at most."
        )
    return reason


def _line(text: str) -> str:
    return " ".join(plain_text(text).split())


def _step(value: object) -> Step:
    if not isinstance(value, dict):
        raise ReplyUnusable('Each step must be an object with "label" and "text".')
    label = _label(value.get("label"))
    if not label or label == NO_STEP or not _LABEL.fullmatch(label):
        raise ReplyUnusable(
            f"The label {_shown(value.get('label'))} is none that steps have. "
            f'Use numbers, and "{FINAL_RESPONSE}" for the last.'
        )
    text = _text(value, "text")
    text = text.removeprefix(f"({label})").strip() or text
    return Step(label, text)


def _without_repeated(kept: Sequence[Step], steps: list[Step]) -> list[Step]:
    """Leave out the kept steps, or the last of them, where the expert wrote them again."""
    for count in range(min(len(kept), len(steps)), 0, -1):
        pairs = zip(kept[len(kept) - count :], steps, strict=False)
        if all(old.label == new.label and _same(old.text, new.text) for old, new in pairs):
            return steps[count:]
    return steps


def _same(one: str, other: str) -> bool:
    return plain_text(one).split() == other.split()


def _check_labels(kept: Sequence[Step], steps: Sequence[Step], feedback: Feedback) -> None:
    """Raises ReplyUnusable. Where the flagged step follows the final response, it just goes."""
    if not steps and kept and kept[-1].label == FINAL_RESPONSE:
        return
    if not steps or steps[-1].label != FINAL_RESPONSE:
        raise ReplyUnusable(
            f'The last step must be labelled "{FINAL_RESPONSE}" and state the answer.'
        )
    settled = {step.label for step in kept}
    for label, times in Counter(step.label for step in steps).items():
        if label in settled and label != feedback.step:
            raise ReplyUnusable(
                f"Step ({label}) stands before the wrong one and stays as it is. "
                f"Begin with step ({feedback.step})."
            )
        if times > 1:
            raise ReplyUnusable(f"There are {times} steps ({label}). Write each step once.")


def _shown(value: object) -> str:
    """A value in quotes, short enough for a sentence; of what is no text, only the kind."""
    if not isinstance(value, str):
        return f"of the type {type(value).__name__}"
    text = _line(value)
    short = text if len(text) <= _SHOWN_CHARS else f"{text[: _SHOWN_CHARS - 1]}…"
    return json.dumps(short, ensure_ascii=False)
