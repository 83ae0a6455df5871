"""A task of one's own needs no scripts where a language model corrects attempts."""

from pathlib import Path
from typing import Any

import pytest
from engines import Engines, Rows
from expert_runs import calls_of, name_at, serving
from perfect_expert import reply_to

from db.records import ExampleKind
from engine.tasks.multistep_arithmetic import MultistepArithmetic
from tests.engine.test_own_task_runs import TOML, own_folder, own_project
from tests.local_experts.serving import Body

pytestmark = pytest.mark.slow


def perfect(body: Body) -> Any:
    return reply_to(MultistepArithmetic(), body["messages"])


def test_a_task_without_scripts_is_corrected_by_a_model(
    engines: Engines, able_student: Path, tmp_path: Path
) -> None:
    folder = own_folder(tmp_path / "sums", TOML)
    # Prompts of the task's own come before those for any task.
    (folder / "prompts").mkdir()
    (folder / "prompts" / "feedback.toml").write_text(
        'system = "Sums of mine."\n'
        'user = "<question>\\n{question}\\n</question>\\n<attempt>\\n{attempt}\\n</attempt>"\n'
        'gold = "{gold}"\n'
    )
    with serving("openai", perfect) as server:
        name = name_at(server)
        values = {"experts.feedback": (name,), "experts.improve": (name,)}
        project = own_project(tmp_path / "p", folder, able_student, values)
        ended = engines.run(project)
    assert ended.code == 0, ended.output
    rows = Rows.of(project)
    edited = [t for t in rows.trajectories if t.origin == "edited"]
    assert edited
    assert {turn.author for t in edited for turn in t.turns} == {
        "student", "gold", f"expert:{name}",
    }  # fmt: skip
    assert {e.kind for e in rows.examples if e.selected} == set(ExampleKind)
    asked = {call.role: call.request["messages"][0]["content"] for call in calls_of(project)}
    assert asked["feedback"] == "Sums of mine."
    assert asked["improve"] != "Sums of mine."
