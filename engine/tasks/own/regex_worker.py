"""Runs a regular expression of the person's in a process of its own, which can be ended.

Python's ``re`` goes back and tries again, at worst for longer than anyone waits, and cannot be
interrupted. It speaks the protocol of `engine.tasks.own.script_process`.
"""

from __future__ import annotations

import json
import re
import sys
import warnings
from functools import cache


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return re.compile(pattern)


def find(pattern: str, text: str) -> str | None:
    """What the first group of the last match holds; without groups, the match."""
    last: re.Match[str] | None = None
    for match in _compiled(pattern).finditer(text):
        last = match
    if last is None:
        return None
    return last[1] if last.re.groups else last[0]


def main() -> None:
    for line in sys.stdin:
        request = json.loads(line)
        answer = find(request["pattern"], request["text"])
        print(json.dumps({"id": request["id"], "answer": answer}), flush=True)


if __name__ == "__main__":
    main()
