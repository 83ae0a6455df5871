"""Killed at any moment and taken up again, a run is the undisturbed one: no row lost or doubled."""

import json
import os
import random
import shutil
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from engines import (
    QUIET,
    Ended,
    Engines,
    Finished,
    Rows,
    assert_same,
    run_of,
    small_project,
    undisturbed,
    wait_for,
)

from db.records import RunStatus
from db.store import Store
from engine.project import Project

KILLED = -signal.SIGKILL
ENVIRONMENT = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}


def die(engines: Engines, project: Project, death: Mapping[str, Any]) -> None:
    ended = engines.run(project, death=death, patches=QUIET)
    assert ended.code == KILLED, (death, ended.output)


def assert_undisturbed(engines: Engines, project: Project, finished: Finished) -> None:
    """Take the run up to its end, and compare it with the undisturbed one."""
    ended = engines.run(project)
    assert ended.code == 0, ended.output
    assert run_of(project).status is RunStatus.FINISHED
    assert_same(Rows.of(project), finished.rows)
    # Nothing that a killed engine left lies about, in the database or beside it.
    names = sorted(path.name for path in finished.project.checkpoints.iterdir())
    assert sorted(path.name for path in project.checkpoints.iterdir()) == names
    with Store.open(project.db_path, readonly=True) as store:
        paths = [checkpoint.path for checkpoint in store.checkpoints(1)]
    assert sorted(paths) == [f"checkpoints/{name}" for name in names]


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_killed_once_in_every_stage(
    engines: Engines, able_student: Path, finished: Finished, tmp_path: Path, seed: int
) -> None:
    rng = random.Random(seed)
    project = small_project(tmp_path / "p", able_student)
    places = [place for place in finished.statements if place.endswith(" 1")]
    assert len(places) == 11
    for place in places:
        statement = rng.randint(1, finished.statements[place])
        die(engines, project, {"where": place, "statement": statement})
    assert_undisturbed(engines, project, finished)


@pytest.mark.parametrize("seed", [1, 2])
def test_killed_in_a_second_pass_over_the_questions(
    engines: Engines, able_student: Path, finished: Finished, tmp_path: Path, seed: int
) -> None:
    """A pass that was begun is gone through, however much it has given already."""
    rng = random.Random(seed)
    project = small_project(tmp_path / "p", able_student)
    # Sampling and editing are entered a second time; the engine that takes it up begins there.
    for place, known in (("1 sample 2",) * 2, ("1 edit 1", "1 edit 2"), ("2 edit 2",) * 2):
        # Late enough for some of the pass's rows to be there.
        count = finished.statements[known]
        statement = rng.randint(count // 2, count)
        die(engines, project, {"where": place, "statement": statement})
    assert_undisturbed(engines, project, finished)


SAVING = [
    ("engine.training.checkpoints:save_file", "before"),
    ("engine.training.checkpoints:save_file", "after"),
    ("torch:save", "after"),
    ("engine.training.checkpoints:folder_hash", "after"),
    ("engine.training.checkpoints:sync_folder", "after"),
    ("engine.iteration_weights:save_state", "after"),
    ("db.store:Store.add_checkpoint", "after"),
    ("db.store:Store.forget_checkpoint", "after"),
    ("engine.iteration_weights:remove_folder", "before"),
    ("engine.iteration_weights:save_weights", "before"),
    ("engine.iteration_weights:save_weights", "after"),
]
"""Moments in the life of a checkpoint: written, renamed, recorded, replaced, removed."""


def test_killed_while_a_checkpoint_is_saved(
    engines: Engines, able_student: Path, finished: Finished, tmp_path: Path
) -> None:
    project = small_project(tmp_path / "p", able_student)
    for iteration in (1, 2):
        for function, when in SAVING:
            death = {"where": f"{iteration} train 1", "function": function, "when": when}
            die(engines, project, {**death, "call": 1})
    assert_undisturbed(engines, project, finished)


def test_killed_between_a_folders_renaming_and_its_row(
    engines: Engines, able_student: Path, finished: Finished, tmp_path: Path
) -> None:
    project = small_project(tmp_path / "p", able_student)
    function = "engine.training.checkpoints:sync_folder"
    for call in (1, 2, 3, 4):
        death = {"where": "1 train 1", "function": function, "call": call, "when": "before"}
        die(engines, project, death)
    assert_undisturbed(engines, project, finished)


def test_a_checkpoint_that_was_damaged_meanwhile_costs_steps_and_no_more(
    engines: Engines, able_student: Path, finished: Finished, tmp_path: Path
) -> None:
    project = small_project(tmp_path / "p", able_student)
    death = {
        "where": "1 train 1",
        "function": "engine.iteration_weights:forget_steps",
        "when": "before",
    }
    die(engines, project, {**death, "call": 2})
    folders = sorted(project.checkpoints.glob("*-step*"))
    assert len(folders) == 2
    state = folders[-1] / "state.pt"
    state.write_bytes(state.read_bytes()[:-10])
    ended = engines.run(project)
    assert ended.code == 0, ended.output
    assert_same(Rows.of(project), finished.rows)
    with Store.open(project.db_path, readonly=True) as store:
        alerts = [event.message for event in store.events(1) if event.kind == "alert"]
    assert len(alerts) == 1
    assert folders[-1].name in alerts[0]


def test_weights_of_an_iteration_that_are_gone_are_told(
    engines: Engines, able_student: Path, finished: Finished, tmp_path: Path
) -> None:
    project = small_project(tmp_path / "p", able_student)
    die(engines, project, {"where": "2 sample 1", "statement": 5})
    folder = project.checkpoints / "run1-iteration1"
    aside = folder.rename(tmp_path / "aside")
    ended = engines.run(project)
    assert ended.code == 4
    assert str(folder) in ended.output
    assert run_of(project).status is RunStatus.FAILED
    aside.rename(folder)
    assert_undisturbed(engines, project, finished)


ADAPTERS = {
    "lora": {"student.quantisation": "none"},
    "qlora": {
        "student.quantisation": "nf4",
        "student.precision": "bf16",
        "train.optimizer": "adamw_8bit",
        "train.packing": "on",
        "train.gradient_checkpointing": "on",
    },
}


@pytest.mark.parametrize("adapter", ADAPTERS.values(), ids=ADAPTERS.keys())
def test_an_adapters_training_is_taken_up_too(
    engines: Engines, able_student: Path, tmp_path: Path, adapter: Mapping[str, Any]
) -> None:
    """Killed in sampling, in the middle of a step, in a save, and between any two statements."""
    values = {
        "student.adapter": "lora",
        "student.lora_rank": 4,
        "student.lora_dropout": 0.1,
        "run.iterations": 1,
        "task.test_items": 0,
        **adapter,
    }
    whole = undisturbed(engines, tmp_path / "whole", able_student, values)
    project = small_project(tmp_path / "p", able_student, values)
    rng = random.Random(4)
    training = {"where": "1 train 1"}
    in_a_step = {"function": "engine.training.trainer:hidden_states", "when": "after"}
    in_a_save = {"function": "engine.training.checkpoints:save_file", "when": "after"}
    for death in (
        {"where": "1 sample 1", "statement": rng.randint(1, whole.statements["1 sample 1"])},
        training | in_a_step | {"call": 1},
        training | in_a_step | {"call": 3},
        training | in_a_save | {"call": 1},
        training | in_a_save | {"call": 2},
        training | {"statement": rng.randint(1, 10)},
    ):
        die(engines, project, death)
    assert_undisturbed(engines, project, whole)


@pytest.mark.slow
def test_the_command_killed_from_outside_at_whatever_moment(
    able_student: Path, finished: Finished, tmp_path: Path
) -> None:
    """Nothing of this test's own is in these engines."""
    project = small_project(tmp_path / "p", able_student)

    def engine() -> "subprocess.Popen[str]":
        return subprocess.Popen(
            [sys.executable, "-m", "engine", "run", project.path],
            env=ENVIRONMENT,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    first = engine()
    wait_for(project, lambda store, run: bool(store.train_steps(run.id)))
    first.kill()
    assert first.wait() == KILLED
    first.communicate()
    second = engine()
    output, _ = second.communicate()
    assert (second.returncode, output) == (0, "run finished\n")
    assert_same(Rows.of(project), finished.rows)


# --- a full disk -------------------------------------------------------------------------------

ON_A_SMALL_DISK = """
import json, os, pathlib, shutil, subprocess, sys
import engine_forks, engines
from engine.project import Project

disk, student, out = map(pathlib.Path, sys.argv[1:])
import engine.pipeline

def resize(kib):
    subprocess.run(["mount", "-o", f"remount,size={kib}k", disk], check=True)

def run(project):
    output = project.path / "output.txt"
    begin = output.stat().st_size if output.exists() else 0
    request = {"run": str(project.path), "arguments": [], "death": None, "patches": {}}
    code = engine_forks.wait(engine_forks.fork(request))
    return code, output.read_text()[begin:]

def used():
    return sum(p.stat().st_size for p in disk.rglob("*") if p.is_file()) // 1024

project = engines.small_project(disk / "p", student)
told = []
# Room for the project and a little more: first the database runs out of it, then a checkpoint.
for room in (40, 500):
    resize(used() + room)
    told.append(run(project))
resize(100_000)
told.append(run(project))
shutil.copytree(project.path, out)
print(json.dumps(told))
"""


@pytest.mark.slow
def test_a_full_disk_is_told_and_costs_nothing(
    able_student: Path, finished: Finished, tmp_path: Path
) -> None:
    command = ["unshare", "--map-root-user", "--mount", "sh", "-c"]
    mount = 'mount -t tmpfs -o size=10000k none "$1"'
    disk = tmp_path / "disk"
    disk.mkdir()
    if (
        shutil.which("unshare") is None
        or subprocess.run([*command, mount, "sh", disk], check=False).returncode
    ):
        pytest.skip("this system lets no user mount a filesystem")
    script = f'{mount} && exec "$2" -c "$3" "$1" "$4" "$5"'
    arguments = [disk, sys.executable, ON_A_SMALL_DISK, able_student, tmp_path / "out"]
    done = subprocess.run(
        [*command, script, "sh", *arguments],
        capture_output=True,
        text=True,
        check=False,
        env=ENVIRONMENT | {"HF_HUB_DISABLE_PROGRESS_BARS": "1", "TRANSFORMERS_VERBOSITY": "error"},
    )
    assert done.returncode == 0, done.stderr
    database, checkpoint, enough = [Ended(*told) for told in json.loads(done.stdout)]
    assert (database.code, checkpoint.code) == (3, 3)
    assert database.output.startswith("The disk is full: ")
    assert "tripost.db: no room" in database.output
    assert checkpoint.output.startswith("The disk is full: ")
    assert "checkpoints/run1-iteration1-step1: No space left on device" in checkpoint.output
    assert (enough.code, enough.output) == (0, "run finished\n")
    assert_same(Rows.of(Project.open(tmp_path / "out")), finished.rows)
