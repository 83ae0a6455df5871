"""Experts compared over real HTTP; what is interrupted goes on without a call made twice."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.local_experts.serving import Body, Status

from .conftest import CommandLine
from .expert_servers import (
    CANARY,
    CONTROLS,
    MODEL,
    asked_of,
    at,
    blind,
    hostile,
    ollama,
    openai,
    perfect,
)

ROOT = Path(__file__).parents[3]
FEW = ("-n", "6")


def results(lines: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    return {line["expert"]: line for line in lines if line["kind"] == "result"}


def test_a_perfect_expert_and_the_scripts_are_at_the_top_and_alike(cli: CommandLine) -> None:
    with ollama() as right, openai(blind) as wrong:
        names = (at(wrong), "script", at(right))
        lines = cli.json("experts", "bench", *names, "-n", "12", "--json")
        text = cli("experts", "bench", *names, "-n", "12").stdout
    rows = results(lines)
    assert list(rows) == [at(right), "script", at(wrong)]
    for name in ("script", at(right)):
        for what in ("step", "span_overlapping", "span_exact", "fixed"):
            assert (rows[name][what]["count"], rows[name][what]["of"]) == (12, 12)
        assert 0.7 < rows[name]["step"]["low"] < 0.8
    assert rows[at(wrong)]["step"]["count"] == 0
    assert rows[at(wrong)]["feedback_gave_up"]["count"] == 12
    assert rows[at(wrong)]["fixed"]["count"] == 12
    assert rows["script"]["calls"] == 0
    assert rows[at(right)]["calls"] == 24
    assert rows[at(right)]["median_s"] <= rows[at(right)]["p90_s"]
    assert rows[at(right)]["prompt_tokens"] > rows[at(right)]["reply_tokens"] > 0
    alike = [line["experts"] for line in lines if line["kind"] == "not distinguishable"]
    assert alike == [[at(right), "script"]]
    assert lines[-1] == {"kind": "end", "interrupted": False}
    assert "Not distinguishable by step, as the intervals overlap: 1 and 2." in text
    assert "100% 76-100" in text
    assert all(len(line) <= 80 for line in text.splitlines())


def test_what_was_replied_once_is_not_asked_again(cli: CommandLine) -> None:
    with openai() as server:
        first = cli.json("experts", "bench", at(server), *FEW, "--json")
        asked = len(asked_of(server))
        again = cli.json("experts", "bench", at(server), *FEW, "--json")
        assert len(asked_of(server)) == asked == 12
        fresh = cli.json("experts", "bench", at(server), *FEW, "--json", "--fresh")
        assert len(asked_of(server)) == 2 * asked
    same = {"median_s", "p90_s", "prompt_tokens", "reply_tokens", "step", "fixed", "calls"}
    one, two = first[0], again[0]
    assert {key: one[key] for key in same} == {key: two[key] for key in same}
    assert (one["replayed"], two["replayed"], fresh[0]["replayed"]) == (0, 12, 0)


def test_several_items_are_asked_about_at_once(cli: CommandLine) -> None:
    with openai(latency_s=0.2) as server:
        began = time.monotonic()
        rows = results(cli.json("experts", "bench", at(server), "-n", "8", "--json"))
        took = time.monotonic() - began
    assert rows[at(server)]["at_once"] == 8
    assert took < 16 * 0.2


def test_prices_make_costs(cli: CommandLine) -> None:
    with openai() as server:
        name = at(server)
        price = ("--price", f"{name}=2/10")
        row = results(cli.json("experts", "bench", name, *FEW, *price, "--json"))[name]
    tokens = row["calls"] * (2 * row["prompt_tokens"] + 10 * row["reply_tokens"])
    assert row["cost"] == pytest.approx(tokens / 1e6)
    for wrong in ("nonsense", "openai:other=1/2"):
        assert cli("experts", "bench", "script", "--price", wrong).exit_code == 2


def test_votes_are_several_calls(cli: CommandLine) -> None:
    with openai() as server:
        row = results(cli.json("experts", "bench", at(server), *FEW, "--votes", "3", "--json"))
    assert row[at(server)]["calls"] == 6 * (3 + 1)
    assert row[at(server)]["step"]["count"] == 6


def test_each_task_has_a_table(cli: CommandLine) -> None:
    tasks = ("--task", "word_sorting", "--task", "date_understanding")
    lines = cli.json("experts", "bench", "script", *FEW, *tasks, "--json")
    assert [line["task"] for line in lines if line["kind"] == "result"] == [
        "word_sorting",
        "date_understanding",
    ]
    assert all(line["step"]["share"] == 1 for line in lines if line["kind"] == "result")


def test_the_output_has_every_item(cli: CommandLine) -> None:
    with openai(blind) as server:
        result = cli("experts", "bench", "script", at(server), *FEW, "--out", "out.jsonl")
    assert result.exit_code == 0
    lines = [json.loads(line) for line in (cli.folder / "out.jsonl").read_text().splitlines()]
    items = [line for line in lines if line["kind"] == "item"]
    assert len(items) == 12
    scripted, asked = items[0], items[6]
    assert scripted["feedback"] == scripted["truth"]
    assert scripted["attempt"] == asked["attempt"]
    assert asked["finding"] == "gave up"
    assert asked["fix"] == "the script accepts the update"


def test_an_expert_that_cannot_be_used_does_not_keep_the_others_from_it(cli: CommandLine) -> None:
    with ollama() as server:
        gone, missing = "openai:x@http://127.0.0.1:9/v1", at(server, "gemma3:4b")
        result = cli("experts", "bench", gone, missing, at(server), *FEW)
    assert result.exit_code == 8
    assert "ollama pull gemma3:4b" in result.stdout
    assert "127.0.0.1:9" in result.stdout
    assert f" 1  {at(server)}" in result.stdout


def test_a_server_that_goes_in_the_middle_leaves_what_is_done(cli: CommandLine) -> None:
    asked: list[int] = []

    def tires(body: Body) -> str | Status:
        asked.append(1)
        return perfect(body) if len(asked) <= 6 else Status(403, {"error": "enough"})

    with openai(tires) as server:
        result = cli("experts", "bench", at(server), "-n", "20", "--json")
    row, _ = (json.loads(line) for line in result.stdout.splitlines())
    assert result.exit_code == 8
    assert row["done"] < 20
    assert "refused the key" in row["problem"]


def test_hostile_replies_and_repeated_keys_reach_no_output(
    cli: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MY_KEY", CANARY)

    def repeats(body: Body) -> str:
        return hostile(body).replace("[red]", CANARY)

    with openai(repeats) as server, openai(key="another") as refusing:
        names = (f"{at(server)}#MY_KEY", f"{at(refusing)}#MY_KEY")
        plain = cli("experts", "bench", *names, *FEW, "--out", "out.jsonl")
        data = cli("experts", "bench", *names, *FEW, "--json")
    written = (cli.folder / "out.jsonl").read_text()
    assert CANARY not in plain.output + data.output + written
    assert "[key]" in written
    assert not CONTROLS & set(plain.output + data.output + written)


def test_a_task_in_which_no_error_can_be_planted_is_told(cli: CommandLine) -> None:
    cli("task", "new", "mine")
    toml = cli.folder / "mine" / "task.toml"
    text = toml.read_text()
    toml.write_text(text[: text.index("[feedback]")] if "[feedback]" in text else text)
    result = cli("experts", "bench", "script", "--task", "./mine")
    assert result.exit_code == 2
    assert "No error can be planted" in result.stderr


def test_a_damaged_record_is_told_with_its_place(cli: CommandLine) -> None:
    path = cli.folder.parent / "state" / "cache" / "expert-replies.db"
    path.parent.mkdir(parents=True)
    path.write_bytes(b"no database " * 100)
    result = cli("experts", "bench", "script", *FEW)
    assert result.exit_code == 8
    assert str(path) in result.stderr


@pytest.fixture
def bench(cli: CommandLine) -> Callable[..., "subprocess.Popen[str]"]:
    """Start a bench as a process of its own, which a person may interrupt."""

    def start(*arguments: str) -> "subprocess.Popen[str]":
        return subprocess.Popen(
            [sys.executable, "-m", "tripost_tui", "experts", "bench", *arguments],
            cwd=cli.folder,
            env=os.environ | {"PYTHONPATH": str(ROOT)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            # Tests begun in the background of a script inherit an ignored SIGINT.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
        )

    return start


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL])
def test_an_interrupted_bench_goes_on_without_a_call_made_twice(
    bench: Callable[..., "subprocess.Popen[str]"], cli: CommandLine, how: signal.Signals
) -> None:
    with openai(latency_s=0.05) as server:
        process = bench(at(server), "-n", "200", "--json")
        deadline = time.monotonic() + 60
        while len(asked_of(server)) < 20 and time.monotonic() < deadline:
            time.sleep(0.01)
        process.send_signal(how)
        out, err = process.communicate(timeout=60)
        before = len(asked_of(server))
        assert 20 <= before < 400
        if how is signal.SIGINT:
            assert process.returncode == 130
            row, end = (json.loads(line) for line in out.splitlines())
            assert 0 < row["done"] < 200
            assert row["step"]["count"] == row["done"]
            assert end == {"kind": "end", "interrupted": True}
            assert "The same command goes on" in err
        row = results(cli.json("experts", "bench", at(server), "-n", "200", "--json"))[at(server)]
        asked = asked_of(server)
    assert row["done"] == row["step"]["count"] == row["fixed"]["count"] == 200
    # What was under way when the process was killed was never heard of again.
    unheard = 0 if how is signal.SIGINT else 8
    assert len(asked) - len(set(asked)) <= unheard
    assert row["replayed"] >= before - unheard


def test_no_bench_without_a_name_and_none_is_asked_twice(cli: CommandLine) -> None:
    assert cli("experts", "bench").exit_code == 2
    assert cli("experts", "bench", MODEL).exit_code == 2
    rows = cli.json("experts", "bench", "script", "script", *FEW, "--json")
    assert [row["kind"] for row in rows] == ["result", "end"]
