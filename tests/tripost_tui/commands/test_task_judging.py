import json
import os
import pty
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from db.records import Split, Subtask
from engine.tasks import TASKS
from tripost_tui.cli import tripost

from .conftest import CommandLine

ROOT = Path(__file__).resolve().parents[3]
SEVEN = "How many m are 7 km?"
RIGHT = {"question": SEVEN, "attempt": "(1) Guess.\n(Final response) So the answer is 7000."}


def lines_of(*rows: dict[str, Any] | str) -> str:
    return "".join((row if isinstance(row, str) else json.dumps(row)) + "\n" for row in rows)


def read(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def piped(given: bytes, *arguments: str) -> Result:
    return CliRunner().invoke(tripost, ["task", "judge", *arguments], input=given)


@pytest.fixture
def units(cli: CommandLine) -> Path:
    """The example folder, without feedback: its answers alone start nothing."""
    assert cli("task", "new", "units").exit_code == 0
    path = cli.folder / "units" / "task.toml"
    text = path.read_text().replace('[feedback]\nscript = "steps.py"', "")
    path.write_text(text.replace("timeout_s = 10.0", "timeout_s = 600.0"))
    return cli.folder / "units"


@pytest.mark.parametrize("name", TASKS)
def test_rationales_of_a_task_are_judged_from_file_to_file(cli: CommandLine, name: str) -> None:
    items = TASKS[name]().generate(Split.TEST, list(Subtask), 4, seed=8)
    rows = [{"question": item.question, "attempt": item.rationale} for item in items]
    (cli.folder / "in.jsonl").write_text(lines_of(*rows, "nonsense"))
    result = cli("task", "judge", name, "--in", "in.jsonl", "--out", "out.jsonl")
    assert (result.exit_code, result.stdout) == (0, "")
    assert result.stderr.splitlines() == [
        "5 rows, 1 of them unreadable",
        "answers: 4 read strictly (4 right)",
        "feedback: 4 judged (4 without an error)",
    ]
    *judged, error = read(cli.folder / "out.jsonl")
    assert [row["answer"] for row in judged] == [item.answer for item in items]
    assert all(row["correct"] and row["feedback"]["verdict"] == "correct" for row in judged)
    assert error["line"] == 5
    assert error["error"]["kind"] == "not JSON"
    # Judged again, nothing changes but the line that was no row.
    cli("task", "judge", name, "--in", "out.jsonl", "--out", "again.jsonl")
    assert read(cli.folder / "again.jsonl")[:-1] == judged


def test_from_stdin_to_stdout(cli: CommandLine, units: Path) -> None:
    rows = [RIGHT, RIGHT | {"target": 700}, RIGHT | {"attempt": "No idea \u202e\x1b[J"}]
    result = piped(lines_of(*rows).encode(), "./units", "--in", "-", "--out", "-")
    assert result.exit_code == 0
    assert [json.loads(line)["correct"] for line in result.stdout.splitlines()] == [
        *(True, False),
        False,
    ]
    assert not {"\x1b", "\u202e"} & set(result.stdout)
    assert result.stderr.splitlines() == [
        "3 rows",
        "answers: 2 read strictly (1 right)",
        "feedback: 0 judged (0 without an error); no script for FBK: 3",
    ]


@pytest.mark.parametrize("out", ["-", "out.jsonl"])
def test_an_empty_file_has_no_rows(cli: CommandLine, out: str) -> None:
    result = piped(b"", "word_sorting", "--in", "-", "--out", out)
    assert (result.exit_code, result.stdout) == (0, "")
    assert result.stderr.startswith("no row\nanswers: none\n")
    assert out == "-" or (cli.folder / out).read_text() == ""


@pytest.mark.parametrize("name", ["in.jsonl", "./in.jsonl", "link.jsonl", "hard.jsonl"])
def test_the_output_never_takes_the_place_of_the_input(cli: CommandLine, name: str) -> None:
    source = cli.folder / "in.jsonl"
    source.write_text(lines_of(RIGHT))
    (cli.folder / "link.jsonl").symlink_to(source)
    (cli.folder / "hard.jsonl").hardlink_to(source)
    result = cli("task", "judge", "word_sorting", "--in", "in.jsonl", "--out", name)
    assert result.exit_code == 2
    assert "this is the file that is read" in result.stderr
    assert source.read_text() == lines_of(RIGHT)


def test_the_input_may_be_on_stdin_and_is_still_not_replaced(cli: CommandLine) -> None:
    source = cli.folder / "in.jsonl"
    source.write_text(lines_of(RIGHT))
    with source.open() as file:
        done = subprocess.run(
            command("word_sorting", "--in", "-", "--out", "in.jsonl"),
            env=environment(),
            stdin=file,
            capture_output=True,
            check=False,
        )
    assert done.returncode == 2
    assert b"this is the file that is read" in done.stderr
    assert source.read_text() == lines_of(RIGHT)


def test_a_task_with_errors_judges_and_says_where_they_are_listed(
    cli: CommandLine, units: Path
) -> None:
    with (units / "items.jsonl").open("a") as file:
        file.write("nonsense\n")
    result = piped(lines_of(RIGHT).encode(), "./units", "--in", "-", "--out", "-")
    assert json.loads(result.stdout)["correct"] is True
    assert result.stderr.startswith("1 error in the task: tripost task check ./units\n1 row\n")


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (["poetry", "--in", "in.jsonl", "--out", "o"], 2, "there is no task 'poetry'"),
        (["word_sorting", "--in", "none.jsonl", "--out", "o"], 2, "does not exist"),
        (["word_sorting", "--in", ".", "--out", "o"], 2, "is a directory"),
        (["word_sorting", "--in", "in.jsonl", "--out", "."], 2, "is a directory"),
        (["word_sorting", "--in", "in.jsonl"], 2, "Missing option '--out'"),
        (["word_sorting", "--out", "o"], 2, "Missing option '--in'"),
        (["word_sorting", "--in", "in.jsonl", "--out", "no/o"], 3, "no/o: No such file"),
        (["word_sorting", "--in", "utf16.jsonl", "--out", "o"], 2, "Save them as UTF-8"),
    ],
)
def test_what_cannot_be_read_or_written_is_named(
    cli: CommandLine, arguments: list[str], code: int, told: str
) -> None:
    (cli.folder / "in.jsonl").write_text(lines_of(RIGHT))
    (cli.folder / "utf16.jsonl").write_bytes(lines_of(RIGHT).encode("utf-16"))
    result = cli("task", "judge", *arguments)
    assert result.exit_code == code
    assert told in " ".join(result.stderr.split())
    assert sorted(path.name for path in cli.folder.iterdir()) == ["in.jsonl", "utf16.jsonl"]


def test_a_full_disk_leaves_the_old_output(
    cli: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    (cli.folder / "in.jsonl").write_text(lines_of(RIGHT))
    (cli.folder / "out.jsonl").write_text("old")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("engine.files.os.fsync", full)
    result = cli("task", "judge", "word_sorting", "--in", "in.jsonl", "--out", "out.jsonl")
    assert result.exit_code == 3
    assert "out.jsonl: No space left on device" in result.stderr
    assert (cli.folder / "out.jsonl").read_text() == "old"
    assert len(list(cli.folder.iterdir())) == 2


def test_a_device_is_written_to_and_stays_one(cli: CommandLine) -> None:
    (cli.folder / "in.jsonl").write_text(lines_of(RIGHT))
    result = cli("task", "judge", "word_sorting", "--in", "in.jsonl", "--out", os.devnull)
    assert result.exit_code == 0
    assert Path(os.devnull).is_char_device()


# --- as a process of its own ---------------------------------------------------------------------

SLOW = """
import json, pathlib, sys, time
for line in sys.stdin:
    pathlib.Path("asked").touch()
    time.sleep(600)
"""


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "tripost_tui", "task", "judge", *arguments]


def environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(ROOT), "TERM": "xterm"}


def wait_for(path: Path) -> None:
    deadline = time.monotonic() + 120
    while not path.exists():
        assert time.monotonic() < deadline, f"{path} does not come"
        time.sleep(0.05)


@pytest.mark.parametrize("old", [None, "old"])
def test_ctrl_c_leaves_no_half_written_output(
    cli: CommandLine, units: Path, old: str | None
) -> None:
    (units / "checker.py").write_text(SLOW)
    path = units / "task.toml"
    before, _, rest = path.read_text().partition('kind = "number"')
    after = rest[rest.index("# Who judges") :]
    path.write_text(f'{before}kind = "python"\nscript = "checker.py"\n{after}')
    (cli.folder / "in.jsonl").write_text(lines_of(*[RIGHT | {"target": 1}] * 3))
    out = cli.folder / "out.jsonl"
    if old is not None:
        out.write_text(old)
    process = subprocess.Popen(
        command("./units", "--in", "in.jsonl", "--out", "out.jsonl"),
        env=environment(),
        stderr=subprocess.PIPE,
        text=True,
        # Tests begun in the background of a script inherit an ignored SIGINT.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    wait_for(units / "asked")
    assert list(cli.folder.glob(".out.jsonl.*.partial"))
    process.send_signal(signal.SIGINT)
    _, told = process.communicate(timeout=120)
    assert process.returncode == 130
    assert told == "Interrupted\n"
    assert list(cli.folder.glob(".out.jsonl.*")) == []
    assert (out.read_text() if out.exists() else None) == old


def test_a_reader_that_goes_away_is_no_mishap(cli: CommandLine) -> None:
    item = TASKS["word_sorting"]().generate(Split.TEST, [Subtask.SEEN], 1, seed=8)[0]
    row = {"question": item.question, "attempt": item.rationale}
    (cli.folder / "in.jsonl").write_text(lines_of(*[row] * 2000))
    process = subprocess.Popen(
        command("word_sorting", "--in", "in.jsonl", "--out", "-"),
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stderr is not None
    assert json.loads(process.stdout.readline())["correct"] is True
    process.stdout.close()
    assert "Traceback" not in process.stderr.read()
    process.stderr.close()
    assert process.wait(120) == 1


def test_progress_is_shown_on_a_terminal_and_gone_at_the_end(cli: CommandLine) -> None:
    item = TASKS["word_sorting"]().generate(Split.TEST, [Subtask.SEEN], 1, seed=8)[0]
    row = {"question": item.question, "attempt": item.rationale}
    (cli.folder / "in.jsonl").write_text(lines_of(*[row] * 300))
    mine, its = pty.openpty()
    process = subprocess.Popen(
        command("word_sorting", "--in", "in.jsonl", "--out", "out.jsonl"),
        env=environment(),
        stderr=its,
    )
    os.close(its)
    shown = b""
    while True:
        try:
            shown += os.read(mine, 4096)
        except OSError:  # how Linux says that the other side is closed
            break
    os.close(mine)
    assert process.wait(120) == 0
    assert b" rows" in shown.partition(b"300 rows\r\n")[0]
    assert shown.rstrip().endswith(b"feedback: 300 judged (300 without an error)")
    assert len(read(cli.folder / "out.jsonl")) == 300
