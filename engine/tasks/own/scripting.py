"""What is asked of scripts of the person's own, and what they must answer.

check     {"kind": "check", "question", "attempt", "answer", "gold"} -> {"correct": true | false}
feedback  {"kind": "feedback", "question", "attempt": {"steps": [{"label", "text"}]}, "gold"}
          -> {"verdict": "correct"}
          or {"verdict": "incorrect", "step", "span", "reason"}: the first wrong step, a part of
          its text, word for word, and why it is wrong
improve   {"kind": "improve", "question", "attempt", "feedback": {"step", "span", "reason"}, "gold"}
          -> {"steps": [{"label", "text"}]}: the whole update; the steps before the flagged one
          stay as they are, and the last is labelled "Final response"

A script that cannot tell answers feedback or improve with {"cannot": "why"}.

``gold`` is null where the question is none of the task's rows. In a check, ``attempt`` is the text
of the attempt; it and ``question`` are empty where two answers alone are compared. Each request
has an ``id``, which a reply may repeat.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from engine.tasks.base import CannotImprove, CannotJudge
from engine.tasks.own.problems import shortened
from engine.tasks.own.rationales import survives
from engine.tasks.own.script_process import ScriptProcess
from engine.trajectory import (
    Attempt,
    Feedback,
    Step,
    correct,
    incorrect,
    parse_feedback,
)

_MOST_STEPS = 1_000


def ask_check(script: ScriptProcess, question: str, attempt: str, answer: str, gold: str) -> bool:
    """Ask a checker whether an answer is right. Raises ScriptError."""
    request = {
        "kind": "check",
        "question": question,
        "attempt": attempt,
        "answer": answer,
        "gold": gold,
    }
    verdict = script.ask(request).get("correct")
    if not isinstance(verdict, bool):
        raise script.wrong_reply(request, f"correct must be true or false, not {shown(verdict)}")
    return verdict


def ask_feedback(
    script: ScriptProcess, question: str, attempt: Attempt, gold: str | None
) -> Feedback:
    """Ask a script of FBK for its verdict.

    Raises:
        CannotJudge: the script says that it cannot.
        ScriptError: the script failed.
    """
    request = {
        "kind": "feedback",
        "question": question,
        "attempt": _steps_json(attempt),
        "gold": gold,
    }
    reply = script.ask(request)
    if why := _declined(reply):
        raise CannotJudge(why)
    try:
        return _feedback(reply, attempt)
    except ValueError as error:
        raise script.wrong_reply(request, str(error)) from None


def ask_improve(
    script: ScriptProcess, question: str, attempt: Attempt, feedback: Feedback, gold: str | None
) -> Attempt:
    """Ask a script of IMP for an update.

    Raises:
        CannotImprove: the script says that it cannot.
        ScriptError: the script failed.
    """
    request = {
        "kind": "improve",
        "question": question,
        "attempt": _steps_json(attempt),
        "feedback": {"step": feedback.step, "span": feedback.span, "reason": feedback.reason},
        "gold": gold,
    }
    reply = script.ask(request)
    if why := _declined(reply):
        raise CannotImprove(why)
    try:
        return _update(reply, attempt, feedback)
    except ValueError as error:
        raise script.wrong_reply(request, str(error)) from None


def shown(value: object) -> str:
    return "missing" if value is None else shortened(value)


def _declined(reply: Mapping[str, Any]) -> str:
    why = reply.get("cannot")
    return shortened(why)[1:-1] if why is not None else ""


def _steps_json(attempt: Attempt) -> dict[str, Any]:
    return {"steps": [{"label": step.label, "text": step.text} for step in attempt.steps]}


def _feedback(reply: Mapping[str, Any], attempt: Attempt) -> Feedback:
    """Read a verdict. Raises ValueError for what no trajectory could hold."""
    verdict = reply.get("verdict")
    if verdict == "correct":
        return correct(attempt)
    if verdict != "incorrect":
        raise ValueError(f'verdict must be "correct" or "incorrect", not {shown(verdict)}')
    label, span, reason = (_field(reply, key) for key in ("step", "span", "reason"))
    step = next((step for step in attempt.steps if step.label == label), None)
    if step is None:
        raise ValueError(f"the attempt has no step {shown(label)}")
    if span not in step.text:
        raise ValueError(f"span {shown(span)} is no part of step ({label})")
    feedback = incorrect(label, span, reason.rstrip(".") or reason)
    if "\n" in reason or parse_feedback(feedback.render()) != feedback:
        raise ValueError("span and reason do not make one line of feedback that can be read back")
    return feedback


def _field(reply: Mapping[str, Any], key: str) -> str:
    value = reply.get(key)
    if isinstance(value, int) and not isinstance(value, bool) and key == "step":
        return str(value) if abs(value) < 10**9 else "out of range"
    if not isinstance(value, str) or not value.strip():
        raise ValueError(f"{key} must be text that is not empty, not {shown(value)}")
    if not value.replace("\n", "").isprintable():
        raise ValueError(f"{key} holds control characters")
    return value


def _update(reply: Mapping[str, Any], attempt: Attempt, feedback: Feedback) -> Attempt:
    """Read an update. Raises ValueError for one that does not continue the attempt."""
    listed = reply.get("steps")
    if not isinstance(listed, list) or not 0 < len(listed) <= _MOST_STEPS:
        raise ValueError(f"steps must be a list of 1 to {_MOST_STEPS}, not {shown(listed)}")
    update = Attempt(tuple(map(_step, listed)))
    kept = attempt.before(feedback.step or "")
    if update.steps[: len(kept)] != kept:
        raise ValueError(f"it changed a step before step ({feedback.step})")
    if update.final_response is None:
        raise ValueError("its last step is not the final response")
    if not survives(update):
        raise ValueError("its steps cannot be read back: a label or a line that looks like one")
    return update


def _step(value: object) -> Step:
    if not isinstance(value, dict):
        raise ValueError(f"a step must be an object with label and text, not {shown(value)}")
    label, text = value.get("label"), value.get("text")
    if isinstance(label, int) and not isinstance(label, bool) and 0 < label < 10**9:
        label = str(label)
    if not isinstance(label, str) or not isinstance(text, str):
        raise ValueError(f"a step must have label and text, not {shown(value)}")
    return Step(label, text)
