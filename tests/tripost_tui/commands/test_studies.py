"""`tripost compare`: the command's lines, its exit codes, and one whole study for real."""

import csv
import io
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest
from filelock import FileLock

from engine.lock import lock_holder
from engine.project import Project

from .conftest import CommandLine, latest_status

STUDY = """
[settings]
run.iterations = 1
student.threads = 1
student.device = "cpu"
task.seen = ["3x1"]
task.unseen = ["4x1"]
task.train_items = 40
task.dev_items = 0
collect.questions = 12
collect.minimum = 1
[test]
items = 8
[axes]
task = "multistep_arithmetic"
method = ["tripost", "continued_rationale"]
seed = 1
[budget]
methods = ["continued_rationale"]
"""
NAMES = ["multistep_arithmetic-tripost-seed1", "multistep_arithmetic-continued_rationale-seed1"]


@pytest.fixture
def study(cli: CommandLine) -> Path:
    path = cli.folder / "study.toml"
    path.write_text(STUDY)
    return path


def test_a_dry_run_lists_and_makes_nothing(cli: CommandLine, study: Path) -> None:
    text = cli("compare", "study.toml", "--dry-run").stdout
    assert [line.split(":")[0] for line in text.splitlines()[:2]] == NAMES
    assert f"as many tokens as {NAMES[0]}; test of the start from {NAMES[0]}" in text
    assert text.splitlines()[-1].startswith("2 runs, 0 finished, 2 left. About ")
    listed = cli.json("compare", "study.toml", "--list", "--json")
    assert [one["waits_for"] for one in listed] == [[], [NAMES[0]]]
    assert not (cli.folder / "study").exists()


def test_a_study_that_is_wrong(cli: CommandLine, study: Path) -> None:
    study.write_text(STUDY.replace("[axes]", "[axis]"))
    result = cli("compare", "study.toml")
    assert result.exit_code == 2
    assert "axis is not known. Did you mean axes?" in result.stderr
    assert cli("compare", "none.toml").exit_code == 2
    assert cli("compare", "study.toml", "--list", "--tables").exit_code == 2


def test_one_queue_at_a_time(cli: CommandLine, study: Path) -> None:
    (cli.folder / "study").mkdir()
    with FileLock(cli.folder / "study/.compare.lock"):
        result = cli("compare", "study.toml")
    assert result.exit_code == 5
    assert "another tripost compare is at work" in result.stderr


def test_a_run_that_fails_is_told_and_tables_are_there_all_the_same(
    cli: CommandLine, study: Path
) -> None:
    study.write_text(STUDY.replace('device = "cpu"', 'device = "xpu"'))
    result = cli("compare", "study.toml", plot="fail")
    assert result.exit_code == 6
    assert "2 of 2 runs did not finish" in result.stderr
    assert "Nothing can be compared yet." in result.stdout
    assert (cli.folder / "study/results.md").exists()
    assert f"{NAMES[0]}: failed" in cli("compare", "study.toml", "--list").stdout


def tripost(folder: Path, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "tripost_tui", *arguments],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
    )


def wait_until_at_work(project: Path) -> int:
    """The engine's process."""
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        if (project / ".engine.json").exists():
            holder = lock_holder(Project.open(project))
            if holder is not None and latest_status(Project.open(project)) == "running":
                return holder.pid
        time.sleep(0.05)
    raise AssertionError("no engine came")


@pytest.mark.slow
def test_a_whole_study_killed_stopped_and_finished(cli: CommandLine, study: Path) -> None:
    first = cli.folder / "study/runs" / NAMES[0]
    # Killed together with its engine.
    process = tripost(cli.folder, "compare", "study.toml")
    engine = wait_until_at_work(first)
    process.kill()
    psutil.Process(engine).kill()
    process.communicate()
    # Stopped with ctrl+c.
    process = tripost(cli.folder, "compare", "study.toml", "--json")
    assert process.stdout is not None
    assert json.loads(process.stdout.readline())["what"] == "goes on"
    wait_until_at_work(first)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=120)
    assert process.returncode == 130, err
    assert json.loads(out.splitlines()[-1])["kind"] == "results"
    assert latest_status(Project.open(first)) in ("stopped", "finished")
    # To its end.
    process = tripost(cli.folder, "compare", "study.toml")
    out, err = process.communicate(timeout=300)
    assert process.returncode == 0, err
    assert "continued_rationale against tripost" in out
    rows = list(csv.DictReader(io.StringIO((cli.folder / "study/results.csv").read_text())))
    assert [(row["run"], row["iteration"], row["n"]) for row in rows] == [
        (name, iteration, "8") for name in NAMES for iteration in ("0", "1")
    ]
    # Both began with the same student on the same items, and trained on about as much.
    assert rows[0]["final"] == rows[2]["final"]
    assert rows[0]["test"] == rows[2]["test"]
    tokens = [int(row["tokens"]) for row in rows if row["iteration"] == "1"]
    assert abs(tokens[1] - tokens[0]) <= 1_024
    # Nothing is left to do, and the tables are the same.
    before = (cli.folder / "study/results.json").read_bytes()
    assert cli("compare", "study.toml").exit_code == 0
    assert (cli.folder / "study/results.json").read_bytes() == before
    assert cli("report", str(first), "--format", "md").exit_code == 0
