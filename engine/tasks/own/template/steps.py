"""An example of FBK and IMP: names the first wrong step, and goes on from there.

It reads one JSON object per line and answers each with one line:
    {"kind": "feedback", "question", "attempt": {"steps": [{"label", "text"}]}, ...}
        ->  {"verdict": "correct"}
        or  {"verdict": "incorrect", "step", "span", "reason"}
    {"kind": "improve", "question", "attempt", "feedback": {"step", "span", "reason"}, ...}
        ->  {"steps": [{"label", "text"}]}: the steps before the flagged one stay as they are
    to either  {"cannot": "why"}
Whatever else it prints must go to stderr.
"""

import json
import re
import sys
from typing import Any

Steps = list[dict[str, str]]

FACTORS = {
    ("km", "m"): 1000,
    ("m", "cm"): 100,
    ("cm", "mm"): 10,
    ("kg", "g"): 1000,
    ("l", "ml"): 1000,
    ("hours", "minutes"): 60,
    ("days", "hours"): 24,
}
QUESTION = re.compile(r"How many (\w+) are ([0-9]{1,9}) (\w+)\?")


def right_steps(question: str) -> Steps:
    """The worked solution. Raises LookupError for a question of another kind."""
    match = QUESTION.fullmatch(question)
    if match is None:
        raise LookupError("this is no question about units")
    small, count, large = match.groups()
    factor = FACTORS[large, small]
    result = int(count) * factor
    return [
        {"label": "1", "text": f"There are {factor} {small} in 1 {large.removesuffix('s')}."},
        {"label": "2", "text": f"{count} {large} are {count} * {factor} = {result} {small}."},
        {"label": "Final response", "text": f"So the answer is {result}."},
    ]


def feedback(question: str, steps: Steps) -> dict[str, Any]:
    """Compare the steps with the right ones, in order."""
    right = right_steps(question)
    for step, wanted in zip(steps, right, strict=False):
        if step != wanted:
            reason = f"step ({wanted['label']}) is: {wanted['text'].removesuffix('.')}"
            span = step["text"].removesuffix(".") or step["text"]
            return {
                "verdict": "incorrect",
                "step": step["label"],
                "span": span,
                "reason": reason,
            }
    if len(steps) != len(right):
        return {"cannot": f"the attempt has {len(steps)} steps, not {len(right)}"}
    return {"verdict": "correct"}


def improve(question: str, steps: Steps, flagged: str) -> dict[str, Any]:
    """Keep the steps before the flagged one, and write the right ones from there on."""
    before = [step["label"] for step in steps].index(flagged)
    return {"steps": steps[:before] + right_steps(question)[before:]}


def answer(request: dict[str, Any]) -> dict[str, Any]:
    """Answer one request."""
    question, steps = request["question"], request["attempt"]["steps"]
    try:
        if request["kind"] == "feedback":
            return feedback(question, steps)
        return improve(question, steps, request["feedback"]["step"])
    except LookupError as error:
        return {"cannot": str(error)}


for line in sys.stdin:
    asked = json.loads(line)
    print(json.dumps({"id": asked["id"], **answer(asked)}), flush=True)
