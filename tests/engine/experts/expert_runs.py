"""Small runs on dates with experts behind real servers, and what they leave, to be compared."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from engines import Rows, small_project
from perfect_expert import reply_to

from db.records import DropStage, ExpertCall
from db.store import Store
from engine.project import Project
from engine.tasks.date_understanding import DateUnderstanding
from tests.local_experts.ollama_server import OllamaServer
from tests.local_experts.openai_server import OpenAiServer
from tests.local_experts.serving import Answering, Body, ContractServer

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
AT_ONCE = {"local_experts.calling:Patience.backoff_s": 0.0}


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
