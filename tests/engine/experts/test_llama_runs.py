"""Runs with a real model by llama.cpp, in the engine's process and behind its server.

The model is the package's student for arithmetic with a longer context: as an expert for dates it
writes nonsense. What must hold is that nothing comes of it but drops with their reasons.
"""

import json
import shutil
from pathlib import Path

import pytest
from engines import Engines, Rows, change, run_of
from expert_runs import calls_of, project_with
from llama_server import serving_model
from requirements import need

from db.records import DropStage, RunStatus
from engine.editing import DropReason
from engine.project import Project

pytestmark = pytest.mark.slow

need("llama_cpp", "uvicorn", "fastapi", "sse_starlette", "starlette_context")

CONTEXT_TOKENS = 8_192
SHORT = r"""
system = "Find the first wrong step, or mend it."
user = "{question}\n{attempt}%s"
gold = "{gold}"
"""
"""Prompts without examples: to a model that reads character by character, others are long."""
OF_EXPERTS = {
    DropReason.FEEDBACK_GAVE_UP,
    DropReason.FEEDBACK_UNUSABLE,
    DropReason.IMPROVE_UNUSABLE,
    DropReason.UPDATE_WITHOUT_ANSWER,
    DropReason.UPDATE_UNCHANGED,
    DropReason.UPDATE_CHANGES_PREFIX,
    DropReason.UPDATE_KEEPS_SPAN,
    DropReason.NEVER_CORRECT,
}
VALUES = {"experts.context_tokens": CONTEXT_TOKENS, "experts.reply_tokens": 160}


@pytest.fixture(scope="session")
def nonsense_gguf(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The student with a context that prompts with examples fit into."""
    from engine.embedded import student_folder
    from engine.gguf_writing import write_gguf

    place = tmp_path_factory.mktemp("nonsense")
    shutil.copytree(student_folder("multistep_arithmetic"), place / "student")
    config = place / "student" / "config.json"
    longer = json.loads(config.read_text()) | {"max_position_embeddings": CONTEXT_TOKENS}
    config.write_text(json.dumps(longer))
    write_gguf(place / "student", place / "nonsense.gguf", name="nonsense")
    return place / "nonsense.gguf"


def with_short_prompts(project: Project) -> Project:
    """The project with prompts of a person's own."""
    folder = project.path / "prompts"
    folder.mkdir()
    (folder / "feedback.toml").write_text(SHORT % "")
    (folder / "improve.toml").write_text(SHORT % r"\n{feedback}\n{step}")
    return project


def check(project: Project, name: str) -> None:
    run = run_of(project)
    assert run.status is RunStatus.FINISHED
    assert run.iterations == 2
    calls = calls_of(project)
    assert calls
    assert all(call.expert == name and call.error is None for call in calls)
    asked = {call.request["messages"][0]["content"] for call in calls}
    assert asked == {"Find the first wrong step, or mend it."}
    rows = Rows.of(project)
    edited = [drop for drop in rows.drops if drop.stage is DropStage.EDIT]
    by_experts = [drop for drop in edited if drop.reason in set(map(str, OF_EXPERTS))]
    assert by_experts
    assert all(drop.detail for drop in by_experts if "unusable" in drop.reason)
    # What is not dropped is either right by the gold answer or has been made so.
    assert len(rows.trajectories) + len(edited) == len(rows.attempts)


def test_a_run_with_a_model_in_the_engines_process(
    engines: Engines, date_student: Path, nonsense_gguf: Path, tmp_path: Path
) -> None:
    name = f"gguf:{nonsense_gguf}"
    values = VALUES | {"experts.hand_over": "on"}
    project = with_short_prompts(project_with(tmp_path / "p", date_student, name, values=values))
    ended = engines.run(project)
    assert ended.code == 0, ended.output
    check(project, name)
    made = len(calls_of(project))
    ended = engines.run(change(project, {"experts.offline": True}), "--new")
    assert ended.code == 0, ended.output
    assert len(calls_of(project)) == made


def test_a_run_with_a_model_behind_its_server(
    engines: Engines, date_student: Path, nonsense_gguf: Path, tmp_path: Path
) -> None:
    with serving_model(nonsense_gguf, tmp_path / "log.txt", CONTEXT_TOKENS) as server:
        name = f"openai:{server.model}@{server.url}"
        folder = tmp_path / "p"
        project = with_short_prompts(project_with(folder, date_student, name, values=VALUES))
        ended = engines.run(project)
        assert ended.code == 0, ended.output
    check(project, name)


def test_a_file_with_a_smaller_context_is_told_before_any_work(
    engines: Engines, date_student: Path, student_gguf: Path, tmp_path: Path
) -> None:
    project = project_with(tmp_path / "p", date_student, f"gguf:{student_gguf}")
    ended = engines.run(project)
    assert ended.code == 8
    assert "8,192" in ended.output
