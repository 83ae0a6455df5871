import json
from pathlib import Path
from typing import Any

import pytest

from db.records import Split, Subtask
from engine.tasks import TASKS
from engine.tasks.own import load_folder
from engine.trajectory import parse_attempt

from .conftest import CommandLine

HOSTILE = "\x1b]0;owned\x07 \u202e"


def write_task(folder: Path, *rows: dict[str, Any], answer: str = "exact") -> None:
    folder.mkdir()
    (folder / "task.toml").write_text(
        f'name = "mine"\ntitle = "Mine"\n[data]\nitems = "i.jsonl"\n[answer]\nkind = "{answer}"\n'
    )
    (folder / "i.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))


def test_the_list_has_what_each_task_says_of_itself(cli: CommandLine) -> None:
    text = cli("task", "list").stdout
    for task in TASKS.values():
        assert f"{task.name}: {task.title}\n" in text
        assert f"seen      {', '.join(task.paper_seen)}\n" in text
        assert f"unseen    {', '.join(task.paper_unseen)}\n" in text
        assert task.notation in " ".join(text.split())
    assert "./mine" in text
    assert [told["name"] for told in cli.json("task", "list", "--json")] == list(TASKS)


@pytest.mark.parametrize("name", TASKS)
def test_a_built_in_task_shows_an_example_that_its_script_judged(
    cli: CommandLine, name: str
) -> None:
    task = TASKS[name]()
    (facts,) = cli.json("task", "show", name, "--json")
    example, wrong = facts["example"], facts["wrong_attempt"]
    gold = parse_attempt(example["rationale"])
    assert task.rationale(example["question"]) == gold
    assert task.is_right(task.answer(gold), example["answer"])
    said = task.feedback(example["question"], parse_attempt(wrong["attempt"]))
    assert said.render() == wrong["feedback"]
    assert not said.is_correct
    text = cli("task", "show", name).stdout
    assert facts["hint"] in text
    assert wrong["feedback"] in text


def test_a_task_of_ones_own_shows_its_rows_and_runs_nothing(cli: CommandLine) -> None:
    cli("task", "new", "units")
    marker = "import pathlib; pathlib.Path('ran').touch()\n"
    for script in ("checker.py", "steps.py"):
        path = cli.folder / "units" / script
        path.write_text(marker + path.read_text())
    (facts,) = cli.json("task", "show", "./units", "--json")
    assert facts["rows"]["test"]["unseen"] == 4
    assert sum(sum(counts.values()) for counts in facts["rows"].values()) == 20
    assert facts["scripts"] == {"feedback": "steps.py", "improve": "steps.py"}
    assert (facts["answer"]["kind"], facts["problems"]) == ("number", 0)
    text = cli("task", "show", "./units").stdout
    assert "feedback: steps.py, improve: steps.py" in text
    assert "How many m are 7 km?" in text
    assert not (cli.folder / "units" / "ran").exists()


def test_what_rows_hold_cannot_steer_the_terminal(cli: CommandLine) -> None:
    row = {"question": f"Who? {HOSTILE}", "answer": "I\u202e", "subtask": "\u202eeasy"}
    write_task(cli.folder / "mine", row, row | {"question": "Who? \u202e me"})
    for command in (["show"], ["sample", "-n", "1"], ["check"]):
        output = cli("task", command[0], "./mine", *command[1:]).output
        assert not {"\x1b", "\x07", "\u202e"} & set(output)
    assert "⟨U+202E⟩" in cli("task", "show", "./mine").output


@pytest.mark.parametrize("name", TASKS)
@pytest.mark.parametrize("split", Split)
def test_sampled_json_lines_can_be_imported(cli: CommandLine, name: str, split: Split) -> None:
    lines = cli.json("task", "sample", name, "-n", "6", "--split", split.value, "--json")
    keys = {"question", "answer", "rationale", "subtask", "split"}
    assert [set(line) for line in lines] == [keys] * 6
    wanted = set(Subtask) if split is Split.TEST else {Subtask.SEEN}
    assert {line["subtask"] for line in lines} == wanted
    (cli.folder / "s.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    made = cli("task", "new", "mine", "--from", "s.jsonl")
    assert (made.exit_code, made.stderr) == (0, "")
    folder = load_folder(cli.folder / "mine")
    assert folder.problems == ()
    read = [(row.asked, row.answer, row.subtask, row.split) for row in folder.rows]
    assert read == [(line["question"], line["answer"], line["subtask"], split) for line in lines]
    # The last line may be worded as tasks of one's own have it.
    for row, line in zip(folder.rows, lines, strict=True):
        assert row.rationale is not None
        *steps, _ = line["rationale"].split("\n")
        assert row.rationale.split("\n")[: len(steps)] == steps
        assert row.rationale.endswith(f"(Final response) So the answer is {row.answer}.")


def test_sampled_rationales_can_be_judged(cli: CommandLine) -> None:
    lines = cli.json("task", "sample", "word_sorting", "-n", "3", "--json")
    rows = [{"question": line["question"], "attempt": line["rationale"]} for line in lines]
    (cli.folder / "in.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    found = cli.json("task", "judge", "word_sorting", "--in", "in.jsonl", "--out", "-")
    assert [row["feedback"]["verdict"] for row in found] == ["correct"] * 3


def test_the_same_seed_gives_the_same_questions(cli: CommandLine) -> None:
    one = cli("task", "sample", "word_sorting", "--seed", "3").stdout
    assert one == cli("task", "sample", "word_sorting", "--seed", "3").stdout
    assert one != cli("task", "sample", "word_sorting", "--seed", "4").stdout
    assert one.count("Sort the following words") == 5


def test_difficulties_and_the_subtask_can_be_chosen(cli: CommandLine) -> None:
    arguments = ("--subtask", "unseen", "--unseen", "3", "--unseen", "4", "-n", "12", "--json")
    lines = cli.json("task", "sample", "word_sorting", *arguments)
    assert {len(line["answer"].split()) for line in lines} == {3, 4}
    assert {line["subtask"] for line in lines} == {"unseen"}


def test_rows_of_ones_own_can_be_chosen_by_their_subtask(cli: CommandLine) -> None:
    rows = [
        {"question": f"{name} {n}?", "answer": "yes", "subtask": name, "split": "test"}
        for name in ("easy", "hard")
        for n in range(3)
    ]
    write_task(cli.folder / "mine", *rows)
    arguments = ("--unseen", "hard", "--subtask", "unseen", "--split", "test", "-n", "3")
    lines = cli.json("task", "sample", "./mine", *arguments, "--json")
    assert {line["question"] for line in lines} == {"hard 0?", "hard 1?", "hard 2?"}
    assert all("rationale" not in line for line in lines)
    too_many = cli("task", "sample", "./mine", *arguments[:-1], "4")
    assert too_many.exit_code == 2
    assert "there are 3 unseen" in too_many.stderr


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["show", "poetry"], "there is no task 'poetry'. Built in are multistep_arithmetic, "),
        (["show", "poetry"], "./poetry"),
        (["sample", "word_sorting", "--seen", "99"], "'99' is no difficulty"),
        (["sample", "word_sorting", "-n", "0"], "0 is not in the range"),
        (["show", "./nowhere"], "nowhere/task.toml: No such file"),
        (["check", "./nowhere"], "nowhere/task.toml: No such file"),
        (["sample", "logical_deduction", "--seen", "8"], "allowed: 3 to 7 objects"),
    ],
)
def test_a_wrong_name_or_difficulty_is_wrong_usage(
    cli: CommandLine, arguments: list[str], told: str
) -> None:
    result = cli("task", *arguments)
    assert result.exit_code == 2
    assert told in " ".join(result.stderr.split())
    assert result.stdout == ""


def test_a_difficulty_that_has_no_more_questions_says_so(
    cli: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    # To draw them all takes a while.
    monkeypatch.setattr("engine.tasks.base.MOST_TRIES", 100)
    arguments = ("--seen", "3", "--split", "dev", "-n", "5000")
    result = cli("task", "sample", "logical_deduction", *arguments)
    assert result.exit_code == 2
    assert "have no more" in " ".join(result.stderr.split())
