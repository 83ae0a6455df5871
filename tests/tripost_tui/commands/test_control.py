import time

from db.records import (
    Evaluation,
    Item,
    Split,
    Subtask,
)
from db.store import Store

from .conftest import CommandLine, latest_status


def test_a_project_without_a_run_says_how_to_start_one(cli: CommandLine) -> None:
    project = cli.new("p")
    result = cli("status", "p")
    assert result.exit_code == 0
    assert result.stdout.splitlines() == ["p: not started", f"Start it: tripost run {project.path}"]


def test_status_tells_where_a_run_is(cli: CommandLine) -> None:
    cli.new("p")
    cli.json("run", "p", "--detach", "--json", plot="wait")
    _wait_until(cli, "stage", "train")  # it may not have come to its first heartbeat yet
    text = cli("status", "p").stdout
    assert "p: running" in text
    assert "iteration 1/3 · train · 1/4 · 2 min left in this stage" in text
    (told,) = cli.json("status", "p", "--json")
    assert told["state"] == "running"
    assert told["engine"]["alive"] is True
    assert (told["iteration"], told["stage"], told["done"], told["total"]) == (1, "train", 1, 4)


def _wait_until(cli: CommandLine, key: str, value: str) -> None:
    deadline = time.monotonic() + 30
    while cli.json("status", "p", "--json")[0][key] != value:
        assert time.monotonic() < deadline, f"{key} does not become {value}"


def test_status_tells_what_was_evaluated(cli: CommandLine) -> None:
    project = cli.new("p")
    cli("run", "p")
    with Store.open(project.db_path) as store:
        for n in range(4):
            item = Item(
                task="t",
                split=Split.TEST,
                subtask=Subtask.SEEN if n % 2 else Subtask.UNSEEN,
                question=f"{n}?",
                answer="1",
                rationale="",
            )
            store.add_items([item])
        store.add_evaluations(
            Evaluation(
                run_id=1,
                iteration=0,
                item_id=item.id,
                text="",
                first_answer="1",
                final_answer="1",
                first_correct=item.id == 1,
                final_correct=item.id <= 3,
                first_flexible=True,
                final_flexible=True,
                updates=1,
                finish_reason="stop",
                tokens=1,
            )
            for item in store.items("t")
        )
    text = cli("status", "p").stdout
    assert "start: 75.0% of 4 test items right (25.0% at the first attempt)" in text
    (told,) = cli.json("status", "p", "--json")
    assert told["accuracy"] == [{"iteration": 0, "n": 4, "first": 0.25, "final": 0.75}]


def test_pause_and_resume_reach_the_engine(cli: CommandLine) -> None:
    cli.new("p")
    cli("run", "p", "--detach", plot="wait")
    assert cli("pause", "p").exit_code == 0
    _wait_until(cli, "state", "paused")
    assert cli("resume", "p").exit_code == 0
    _wait_until(cli, "state", "running")


def test_stop_waits_for_the_end_when_asked(cli: CommandLine) -> None:
    project = cli.new("p")
    cli("run", "p", "--detach", plot="wait")
    result = cli("stop", "p", "--wait")
    assert result.exit_code == 0
    assert "has ended" in result.stdout
    assert latest_status(project) == "stopped"


def test_stopping_what_does_not_run_is_done_already(cli: CommandLine) -> None:
    cli.new("p")
    result = cli("stop", "p")
    assert result.exit_code == 0
    assert "no engine is at work" in result.stdout


def test_pausing_what_does_not_run_is_an_error_that_says_how_to_start_it(
    cli: CommandLine,
) -> None:
    cli.new("p")
    for command in ("pause", "resume"):
        result = cli(command, "p")
        assert result.exit_code == 3
        assert f"nothing to {command}" in result.stderr
        assert "tripost run p" in result.stderr
