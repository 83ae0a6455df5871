"""An example of a checker; task.toml uses it with kind = "python", script = "checker.py".

It reads one JSON object per line and answers each with one line:
    {"kind": "check", "question", "attempt", "answer", "gold"}  ->  {"correct": true or false}
Whatever else it prints must go to stderr.
"""

import json
import sys


def is_right(answer: str, gold: str) -> bool:
    """Compare the answer that was found in an attempt with the row's answer."""
    try:
        return float(answer.replace(",", "")) == float(gold)
    except ValueError:
        return False


for line in sys.stdin:
    request = json.loads(line)
    correct = is_right(request["answer"], request["gold"])
    print(json.dumps({"id": request["id"], "correct": correct}), flush=True)
