import json
from pathlib import Path

import pytest

from db.records import Split
from engine.tasks import TASKS
from engine.tasks.base import Drawing
from engine.tasks.own import load_folder
from engine.tasks.own.problems import LISTED_PER_KIND, Problem, ProblemKind
from engine.tasks.own.rows import Row

from .conftest import CommandLine

ROW = '{"question": "Who?", "answer": "I"}\n'


@pytest.fixture
def units(cli: CommandLine) -> Path:
    """The example folder; its scripts may be slow to start on a busy machine."""
    assert cli("task", "new", "units").exit_code == 0
    path = cli.folder / "units" / "task.toml"
    path.write_text(path.read_text().replace("timeout_s = 10.0", "timeout_s = 600.0"))
    return cli.folder / "units"


# --- new ----------------------------------------------------------------------------------------


def test_a_new_task_is_in_order_and_says_how_to_check_it(cli: CommandLine, units: Path) -> None:
    result = cli("task", "new", "others")
    assert "tripost task check ./others" in result.stdout
    assert load_folder(cli.folder / "others").settings.name == "others"
    checked = cli("task", "check", "./units")
    assert (checked.exit_code, checked.stderr) == (0, "")
    assert checked.stdout == (
        "units: no error, no warning; 20 rows: train 11, dev 2, test 7 (3 seen, 4 unseen); "
        "scripts: tried\n"
    )


def test_a_folder_named_as_a_built_in_task_gets_another_name(cli: CommandLine) -> None:
    assert cli("task", "new", "word_sorting").exit_code == 0
    assert load_folder(cli.folder / "word_sorting").settings.name == "my_word_sorting"


def test_a_folder_that_is_taken_is_left_alone(cli: CommandLine) -> None:
    (cli.folder / "mine").mkdir()
    (cli.folder / "mine" / "thesis.txt").write_text("years of work")
    (cli.folder / "a.jsonl").write_text(ROW)
    for more in ([], ["--from", "a.jsonl"]):
        result = cli("task", "new", "mine", *more)
        assert result.exit_code == 2
        assert "choose another folder" in result.stderr
    assert [path.name for path in (cli.folder / "mine").iterdir()] == ["thesis.txt"]


def test_a_table_is_imported_by_its_columns(cli: CommandLine) -> None:
    (cli.folder / "a.csv").write_text("Frage,Antwort,x\nWas?,42,1\nWann?,7,2\n")
    columns = ("--column", "question=Frage", "--column", "answer=Antwort")
    result = cli(
        "task", "new", "mine", "--from", "a.csv", *columns, "--split", "dev", "--name", "deutsch"
    )
    assert result.exit_code == 0
    assert "./mine: a new task with 2 rows (train 0, dev 2, test 0)" in result.stdout
    assert "answers of the kind 'number'." in result.stdout
    folder = load_folder(cli.folder / "mine")
    assert folder.settings.name == "deutsch"
    assert folder.rows == (Row("Was?", "42", split=Split.DEV), Row("Wann?", "7", split=Split.DEV))


def test_what_cannot_be_read_is_listed_with_its_line_and_the_rest_imported(
    cli: CommandLine,
) -> None:
    (cli.folder / "a.jsonl").write_bytes(ROW.encode() + b'{"question": "When?"}\n\xff\n[\x1b]\n')
    result = cli("task", "new", "mine", "--from", "a.jsonl", "--subtask", "easy")
    assert result.exit_code == 0
    lines = result.stderr.splitlines()
    assert lines[0] == "a.jsonl:2: error: answer: missing"
    assert [line.partition(": ")[0] for line in lines] == [
        "a.jsonl:2",
        "a.jsonl:3:1",
        "a.jsonl:4:2",
    ]
    assert "\x1b" not in result.output
    assert "a new task with 1 row (" in result.stdout
    assert "listed above" in result.stdout
    assert [row.subtask for row in load_folder(cli.folder / "mine").rows] == ["easy"]


@pytest.mark.parametrize(
    ("name", "text", "more", "told"),
    [
        ("a.jsonl", '{"question": "When?"}\n', [], "no row could be read from it"),
        ("a.jsonl", "", [], "no row could be read from it"),
        ("a.json", '{"examples": []}', [], "no row could be read from it"),
        ("a.txt", "Who? I.", [], "must end in .json, .jsonl, .csv or .tsv"),
        ("a.json", "{}", [], 'a list "examples"'),
        ("a.json", "{}", ["--column", "question=q"], "has no columns to name"),
        ("a.csv", "q,answer\nWho?,I\n", ["--column", "question=Q2"], "no column 'Q2'"),
        ("a.csv", "question,answer\nWho?,I\n", ["--column", "rationale=why"], "no column 'why'"),
        ("a.jsonl", ROW, ["--column", "frage=q"], "a KEY is one of question, answer"),
        ("a.jsonl", ROW, ["--column", "question"], "is not KEY=COLUMN"),
        ("a.jsonl", ROW, ["--name", "Not good"], "'Not good': allowed: at most 40"),
        ("a.jsonl", ROW, ["--name", "word_sorting"], "no built-in task's name"),
    ],
)
def test_what_makes_no_task_makes_no_folder(
    cli: CommandLine, name: str, text: str, more: list[str], told: str
) -> None:
    (cli.folder / name).write_text(text)
    result = cli("task", "new", "mine", "--from", name, *more)
    assert result.exit_code == 2
    assert told in " ".join(result.stderr.split())
    assert not (cli.folder / "mine").exists()


def test_a_key_that_no_row_has_is_told_and_the_rows_are_kept(cli: CommandLine) -> None:
    (cli.folder / "a.jsonl").write_text(ROW)
    result = cli("task", "new", "mine", "--from", "a.jsonl", "--column", "rationale=why")
    assert result.exit_code == 0
    assert "no row has a key 'why', which is said to be the rationale" in result.stderr
    assert len(load_folder(cli.folder / "mine").rows) == 1


def test_options_of_importing_need_a_file(cli: CommandLine) -> None:
    result = cli("task", "new", "mine", "--split", "dev")
    assert result.exit_code == 2
    assert "--from FILE" in result.stderr
    assert not (cli.folder / "mine").exists()


# --- check --------------------------------------------------------------------------------------


def test_every_problem_is_listed_with_file_and_line(cli: CommandLine, units: Path) -> None:
    with (units / "items.jsonl").open("a") as file:
        file.write('{"question": "When?"}\nnonsense\n')
        file.write('{"question": "How many?", "answer": 5, "colour": 1}\n')
    result = cli("task", "check", "./units")
    assert result.exit_code == 1
    *lines, summary = result.stdout.splitlines()
    assert lines == [
        "items.jsonl:21: error: answer: missing",
        "items.jsonl:22:1: error: Expecting value in 'nonsense'",
        "items.jsonl:23: warning: colour: not a key of rows; there are question, answer, id, "
        "rationale, options, subtask, split",
    ]
    assert summary.startswith("units: 2 errors, 1 warning; 21 rows: ")
    *told, last = cli.json("task", "check", "./units", "--json")
    assert told[1] == {
        "problem": "not JSON",
        "severity": "error",
        "file": "items.jsonl",
        "line": 22,
        "column": 1,
        "key": None,
        "message": "Expecting value in 'nonsense'",
    }
    assert (last["task"], last["errors"], last["warnings"]) == ("units", 2, 1)
    assert last["problems"] == {"key missing": 1, "not JSON": 1, "key unknown": 1}
    assert last["rows"]["test"]["unseen"] == 4


def test_a_warning_alone_is_no_failure(cli: CommandLine, units: Path) -> None:
    with (units / "items.jsonl").open("a") as file:
        file.write('{"question": "How many?", "answer": 5, "colour": 1}\n')
    result = cli("task", "check", "./units", "--no-scripts")
    assert result.exit_code == 0
    assert "no error, 1 warning; 21 rows" in result.stdout
    assert "scripts: not run" in result.stdout


def test_of_each_kind_a_hundred_are_listed_and_all_are_counted(
    cli: CommandLine, units: Path
) -> None:
    with (units / "items.jsonl").open("a") as file:
        file.write("nonsense\n" * 250)
    result = cli("task", "check", "./units", "--no-scripts")
    lines = result.stdout.splitlines()
    assert sum("Expecting value" in line for line in lines) == LISTED_PER_KIND
    assert lines[-2] == "not JSON: 250 in all, 100 are listed"
    assert lines[-1].startswith("units: 250 errors, no warning")
    assert cli.json("task", "check", "./units", "--no-scripts", "--json")[-1]["errors"] == 250


def test_scripts_are_tried_and_what_they_get_wrong_is_an_error(
    cli: CommandLine, units: Path
) -> None:
    (units / "steps.py").write_text(
        'import sys\nfor line in sys.stdin:\n    print(\'{"verdict": "correct"}\', flush=True)\n'
    )
    result = cli("task", "check", "./units")
    assert result.exit_code == 1
    assert "steps.py: error: on 'How many m are 7 km?'" in result.stdout
    assert "says that all is correct" in result.stdout
    assert cli("task", "check", "./units", "--no-scripts").exit_code == 0


def test_what_a_failing_script_wrote_is_shown_below_its_line(cli: CommandLine, units: Path) -> None:
    (units / "steps.py").write_text("raise ValueError('\\x1b[2Jbroken')\n")
    result = cli("task", "check", "./units")
    assert result.exit_code == 1
    assert "steps.py: error: " in result.stdout
    assert "\n    ValueError: [2Jbroken" in result.stdout
    assert "\x1b" not in result.output


def test_wrong_settings_are_named_with_what_is_allowed(cli: CommandLine, units: Path) -> None:
    path = units / "task.toml"
    text = path.read_text()
    path.write_text(text.replace('name = "units"', 'name = "word_sorting"'))
    for command in ("check", "show", "sample"):
        result = cli("task", command, "./units")
        assert result.exit_code == 2
        assert f'{path.relative_to(cli.folder)}: name = "word_sorting": must be another name' in (
            result.stderr
        )
        assert all(name in result.stderr for name in TASKS)


@pytest.mark.parametrize("name", TASKS)
def test_a_built_in_task_is_tried_for_real(cli: CommandLine, name: str) -> None:
    result = cli("task", "check", name)
    assert result.exit_code == 0
    assert result.stdout.startswith(f"{name}: no error, no warning; tried on 300 fresh questions")
    assert "nothing is asked in two splits or twice in one" in result.stdout
    (facts,) = cli.json("task", "check", name, "--json")
    assert (facts["errors"], facts["questions"]) == (0, 300)
    others = facts["draws"] - facts["duplicates"] - 300
    assert f"{facts['draws']:,} draws; set aside: " in result.stdout
    assert f", {others:,} of other splits)" in result.stdout


def test_a_built_in_task_with_an_error_says_no_more_than_what_it_found(
    cli: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    problem = Problem(ProblemKind.SCRIPT_WRONG, "word_sorting", "FBK accepts the wrong answer")
    drawing = Drawing([], draws=1_234, duplicates=2)
    monkeypatch.setattr("engine.tasks.trial.draw", lambda task, count, seed: drawing)
    monkeypatch.setattr("engine.tasks.trial.try_task", lambda task, items: iter([problem]))
    result = cli("task", "check", "word_sorting")
    assert result.exit_code == 1
    assert result.stdout == (
        "word_sorting: error: FBK accepts the wrong answer\n"
        "word_sorting: 1 error, no warning; tried on 0 fresh questions of all splits and "
        "subtasks (1,234 draws; set aside: 2 duplicates, 1,232 of other splits)\n"
    )
    *_, last = cli.json("task", "check", "word_sorting", "--json")
    assert last == {
        "task": "word_sorting",
        "errors": 1,
        "warnings": 0,
        "problems": {"script judges wrongly": 1},
        "questions": 0,
        "draws": 1_234,
        "duplicates": 2,
    }


def test_an_imported_task_can_be_checked(cli: CommandLine) -> None:
    rows = [{"question": f"{n}?", "answer": "(A)", "options": ["yes", "no"]} for n in range(20)]
    (cli.folder / "a.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    assert "answers of the kind 'choice'" in cli("task", "new", "x/y", "--from", "a.jsonl").stdout
    checked = cli("task", "check", "x/y")
    assert checked.exit_code == 0
    assert checked.stdout.startswith("y: no error, no warning; 20 rows: ")
    assert checked.stdout.endswith("scripts: none for feedback\n")
