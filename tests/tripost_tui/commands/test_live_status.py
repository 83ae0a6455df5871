"""What the collect and train screens show, on the command line."""

import csv
import io
import sys
from pathlib import Path

import pytest

from db.store import Store

from .conftest import CommandLine

sys.path.insert(0, str(Path(__file__).parent.parent))

import live_rows
import recorded
from live_rows import HOSTED, OLLAMA


@pytest.fixture
def project(cli: CommandLine) -> int:
    """A recorded run in the folder ``p``; its id."""
    project = recorded.new_project(cli.folder / "p")
    live_rows.asking(project)
    run_id = recorded.record(project)
    live_rows.calls(project, run_id)
    live_rows.trained(project, run_id)
    return run_id


def test_status_tells_what_was_collected_and_by_whom(cli: CommandLine, project: int) -> None:
    (told,) = cli.json("status", "p", "--json")
    collect = told["collect"]
    assert (collect["iteration"], collect["sampled"], collect["judged"]) == (2, 60, 60)
    assert collect["kept"] == {"correct": 14, "edited": 23}
    assert collect["dropped"] == {"keeps_flagged_span": 15, "too_long": 8}
    ollama, hosted = collect["experts"]
    assert (ollama["name"], ollama["calls"], ollama["retries"]) == (OLLAMA, 33, 3)
    assert ollama["errors"]["The expert took too long"] == 2
    assert (hosted["name"], hosted["median_s"]) == (HOSTED, 2.5)
    assert collect["spending"]["token_ceiling"] == 200_000
    assert collect["expert_offline"] is None


def test_status_tells_the_last_step_of_a_training(cli: CommandLine, project: int) -> None:
    (told,) = cli.json("status", "p", "--json")
    assert (told["train"]["iteration"], told["train"]["step"]) == (2, 80)
    assert told["train"]["tokens_per_s"] == pytest.approx(8000 / 0.495)
    assert told["train"]["checkpoint"]["step"] == 60


def test_status_in_text_tells_what_the_stage_at_hand_does(cli: CommandLine, project: int) -> None:
    from engine.project import Project

    where = Project.open(cli.folder / "p")
    with recorded.at_work(where, project):
        text = cli("status", "p").stdout
        assert "training: step 80, loss 0.3021, learning rate 3.39e-05, 16,162 tokens/s" in text
    with live_rows.editing(where, project):
        text = cli("status", "p").stdout
    assert "collected: 60 attempts, 60 judged, 37 kept (14 correct, 23 edited), 23 dropped" in text
    assert f"{OLLAMA}: 33 calls, 3 failed, median 2.5 s, p95 3.8 s" in text


def test_status_before_a_run_has_neither(cli: CommandLine) -> None:
    cli.new("p")
    (told,) = cli.json("status", "p", "--json")
    assert (told["collect"], told["train"]) == (None, None)


def test_the_steps_of_a_training_are_printed(cli: CommandLine, project: int) -> None:
    rows = list(csv.DictReader(io.StringIO(cli("train-log", "p").stdout)))
    assert len(rows) == 120 + 80
    assert (rows[-1]["iteration"], rows[-1]["step"], rows[-1]["tokens"]) == ("2", "80", "8000")
    assert len(cli("train-log", "p", "--iteration", "1").stdout.splitlines()) == 1 + 120
    (*_, last) = cli.json("train-log", "p", "--json")
    assert float(rows[-1]["loss"]) == last["loss"]


def test_a_loss_that_is_not_a_number_is_empty_or_null(cli: CommandLine, project: int) -> None:
    with Store.open(cli.folder / "p" / "tripost.db") as store, store.transaction():
        store._change("UPDATE train_steps SET loss = NULL WHERE iteration = 2 AND step = 80")
    rows = list(csv.DictReader(io.StringIO(cli("train-log", "p").stdout)))
    assert rows[-1]["loss"] == ""
    assert cli.json("train-log", "p", "--json")[-1]["loss"] is None


def test_steps_of_no_run_are_an_error(cli: CommandLine) -> None:
    cli.new("p")
    result = cli("train-log", "p")
    assert result.exit_code == 3
    assert "there is no run yet" in result.stderr
