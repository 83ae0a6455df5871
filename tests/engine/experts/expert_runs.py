"""Small runs on dates with experts behind real servers, and what they leave, to be compared."""

from __future__ import annotations

import json
import random
import shutil
import threading
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from engines import Rows, small_project
from perfect_expert import reply_to

from db.expert_records import ExpertCall
from db.records import DropStage
from db.store import Store
from engine.project import Project
from engine.tasks.date_understanding import DateUnderstanding
from tests.local_experts.ollama_server import OllamaServer
from tests.local_experts.openai_server import OpenAiServer
from tests.local_experts.serving import Answering, Body, ContractServer, Cut, Hang, Raw, Status

TASK = DateUnderstanding()
MODEL = "qwen3:8b"

DATES = {
    "task.name": TASK.name,
    "task.seen": ("1",),
    "task.unseen": ("2",),
    # A language model shows no working.
    "collect.show_working": False,
    # Scripts look at all steps.
    "experts.check_right": True,
    "experts.timeout_s": 20.0,
}
AT_ONCE = {"engine.experts.team:_BACKOFF_S": 0.0}
"""Without pauses after failures."""


def perfect(body: Body) -> str:
    """What a model says that is never wrong."""
    return reply_to(TASK, body["messages"])


def serving(kind: str, answer: Answering = perfect, **more: Any) -> ContractServer:
    """A server of a kind; ``name_at`` is how settings name its model."""
    server = OllamaServer if kind == "ollama" else OpenAiServer
    return server(answer, models=(MODEL,), **more)


def name_at(server: ContractServer) -> str:
    kind = "ollama" if isinstance(server, OllamaServer) else "openai"
    return f"{kind}:{MODEL}@{server.url}"


def asks(*names: str) -> dict[str, Any]:
    """Settings by which the named experts give feedback and improvements."""
    return {"experts.feedback": names, "experts.improve": names}


def project_with(
    folder: Path, student: Path, *names: str, values: Mapping[str, Any] | None = None
) -> Project:
    wanted = asks(*names) if names else {}
    return small_project(folder, student, {**DATES, **wanted, **(values or {})})


def without_authors(rows: Rows) -> Rows:
    """The rows of a run, whoever wrote its turns or gave up on an attempt, in whatever words."""
    trajectories = [
        replace(t, turns=tuple(replace(turn, author="") for turn in t.turns))
        for t in rows.trajectories
    ]
    drops = [
        replace(d, reason="", detail="") if d.stage is DropStage.EDIT else d for d in rows.drops
    ]
    return replace(rows, trajectories=trajectories, drops=drops)


def calls_of(project: Project) -> list[ExpertCall]:
    """All calls that the project's database knows."""
    with Store.open(project.db_path, readonly=True) as store:
        return [
            call for run in store.runs() for call in store.expert_calls(run.id, limit=1_000_000)
        ]


def chats(server: ContractServer) -> int:
    """Calls that asked the model for something."""
    return len(server.calls("/api/chat")) + len(server.calls("/v1/chat/completions"))


def copied(project: Project, folder: Path) -> Project:
    """A copy of a project elsewhere, which is a project like any other."""
    shutil.copytree(project.path, folder / "copy")
    return Project.open(folder / "copy")


def without_paths(rows: Rows) -> Rows:
    """The rows of a run, whatever its number: checkpoints are named by it."""

    def plain(row: Any) -> Any:
        changes = {
            name: 0 for name in ("run_id", "attempt_id", "trajectory_id") if hasattr(row, name)
        }
        return replace(row, **{k: v for k, v in changes.items() if getattr(row, k) is not None})

    tables = ("attempts", "trajectories", "drops", "examples", "train_steps", "evaluations")
    found = {name: [replace(plain(row), id=0) for row in getattr(rows, name)] for name in tables}
    weights = [(iteration, step, digest) for iteration, step, _, digest in rows.weights]
    return replace(rows, weights=weights, **found)


class Faults:
    """A perfect expert behind a bad line: of three calls one fails, in each way in turn.

    What is wrong with the content comes once for the same question, since it is asked for again
    once; all else may come again and again.
    """

    def __init__(self, kind: str) -> None:
        self.kinds: dict[str, Any] = {
            "hang": Hang(),
            "pressed": Status(429, {"error": "slow down"}, {"Retry-After": "0.05"}),
            "broken": Status(500, {"error": "broken"}),
            "cut": Cut(),
            "no reply": Cut(None),
            "no protocol": Raw(b"<html>oops</html>"),
            "1 MB": "x" * 1_000_000,
            # From here on the content.
            "no JSON": "The first step is wrong, I think.",
            "other JSON": json.dumps({"answer": 42}),
            "empty": "",
            "control": "\x1b[2J\x1b]0;owned\x07\u202e\x00{",
        }
        self.calls = self.made = 0
        self.seen: set[str] = set()
        self._spoiled: set[str] = set()
        self._lock = threading.Lock()

    def answer(self, body: Body) -> Any:
        with self._lock:
            self.calls += 1
            # By what is asked, so that no question of few is lucky; and less than a third of the
            # calls of content can be spoiled, so that others make up for it.
            if random.Random(self.calls).random() < 0.45:
                names = list(self.kinds)
                name = names[self.made % len(names)]
                asked = next(m for m in reversed(body["messages"]) if "<attempt>" in m["content"])
                of_content = names.index(name) >= names.index("no JSON")
                key = f"{asked['content']}"
                if not (of_content and key in self._spoiled):
                    if of_content:
                        self._spoiled.add(key)
                    self.made += 1
                    self.seen.add(name)
                    return self.kinds[name]
        return perfect(body)
