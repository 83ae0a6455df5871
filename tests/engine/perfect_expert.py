"""A language model that is never wrong: it reads the prompt and replies what the scripts say."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from engine.tasks.base import CannotImprove, CannotJudge, Task
from engine.trajectory import parse_attempt, parse_feedback
from local_experts.protocol import Reply, Request


def reply_to(task: Task, messages: Sequence[Mapping[str, str]]) -> str:
    """The perfect reply to a chat about an attempt; a complaint is answered the same way."""
    asked = [m["content"] for m in messages if m["role"] == "user" and "<attempt>" in m["content"]]
    question, attempt = _part(asked[-1], "question"), parse_attempt(_part(asked[-1], "attempt"))
    if "<feedback>" not in asked[-1]:
        try:
            said = task.feedback(question, attempt)
        except CannotJudge as error:
            return json.dumps({"check": str(error), "step": "none", "span": "", "reason": ""})
        if said.is_correct:
            return json.dumps({"check": "All right.", "step": "none", "span": "", "reason": ""})
        return json.dumps(
            {"check": "…", "step": said.step, "span": said.span, "reason": said.reason}
        )
    feedback = parse_feedback(_part(asked[-1], "feedback"))
    assert feedback is not None
    try:
        update = task.improve(question, attempt, feedback)
    except CannotImprove:
        return json.dumps({"steps": []})
    kept = attempt.before(feedback.step or "")
    steps = [{"label": s.label, "text": s.text} for s in update.steps[len(kept) :]]
    return json.dumps({"steps": steps})


def reply(task: Task, request: Request) -> Reply:
    """The same at the port."""
    chat: list[dict[str, Any]] = [{"role": m.role, "content": m.content} for m in request.messages]
    return Reply(text=reply_to(task, chat))


def _part(text: str, tag: str) -> str:
    found = re.search(rf"<{tag}>\n(.*?)\n</{tag}>", text, re.DOTALL)
    assert found is not None, f"no {tag} in the prompt"
    return found[1]
