"""Data sets in other formats become rows; what cannot is named."""

import json
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from own_folders import json_lines, settings_of
from reference_data import BBH, CODEX, DATA, big_bench, needs_bbh, needs_codex, records

from db.records import Split
from engine.errors import ConfigError
from engine.tasks.own import Problem, ProblemKind, load_task
from engine.tasks.own.importing import Imported, import_file
from engine.tasks.own.rows import Row
from engine.tasks.own.writing import write_folder


def imported(folder: Path, name: str, raw: bytes | str, **more: Any) -> Imported:
    path = folder / name
    path.write_bytes(raw if isinstance(raw, bytes) else raw.encode())
    return import_file(path, **more)


def bigbench(folder: Path, *examples: Any, **more: Any) -> Imported:
    return imported(folder, "task.json", json.dumps({"examples": examples} | more))


def test_bigbench_has_inputs_and_targets(tmp_path: Path) -> None:
    found = bigbench(
        tmp_path, {"input": "1 + 1 =", "target": "2"}, {"input": "2 + 2 =", "target": ["4"]}
    )
    assert found.rows == (Row("1 + 1 =", "2"), Row("2 + 2 =", "4"))
    assert found.problems == ()
    assert found.answer.kind == "number"


def test_bigbench_has_options_with_scores(tmp_path: Path) -> None:
    scores = {"red": 1, "green": 0, "blue": 0.0, "grey": 0}
    found = bigbench(tmp_path, *({"input": f"{n}?", "target_scores": scores} for n in range(40)))
    assert {frozenset(row.options) for row in found.rows} == {frozenset(scores)}
    assert {row.answer for row in found.rows} == {"red"}
    # What is written first in the file is right; it must not be so in the questions.
    assert len({row.options.index("red") for row in found.rows}) == 4
    assert found.answer.kind == "choice"


@pytest.mark.parametrize(
    ("example", "kind", "message"),
    [
        ({"input": "?"}, ProblemKind.KEY_MISSING, "missing"),
        ({"input": 5, "target": "x"}, ProblemKind.WRONG_TYPE, "must be text"),
        ({"input": "?", "target": ["a", "b"]}, ProblemKind.NOT_A_ROW, "2 targets, not one"),
        ({"input": "?", "target_scores": {"a": 1, "b": 1}}, ProblemKind.NOT_A_ROW, "2 options"),
        ({"input": "?", "target_scores": {}}, ProblemKind.NOT_A_ROW, "0 options"),
        ({"input": "?", "target_scores": {"a": "1"}}, ProblemKind.NOT_A_ROW, "of numbers"),
        ({"input": "?", "target_scores": [1]}, ProblemKind.NOT_A_ROW, "of numbers"),
        ("?", ProblemKind.NOT_A_ROW, "must be an object"),
    ],
)
def test_a_bad_example_is_named_and_its_neighbours_stay(
    tmp_path: Path, example: Any, kind: ProblemKind, message: str
) -> None:
    good = {"input": "1 + 1 =", "target": "2"}
    found = bigbench(tmp_path, good, example, {"input": "2 + 2 =", "target": "4"})
    assert len(found.rows) == 2
    (problem,) = found.problems
    assert (problem.kind, problem.file) == (kind, "task.json, example 2")
    assert message in problem.message


def test_data_with_a_canary_is_for_tests(tmp_path: Path) -> None:
    found = bigbench(tmp_path, {"input": "?", "target": "!"}, canary="26b5c67b")
    assert [row.split for row in found.rows] == [Split.TEST]
    assert [problem.kind for problem in found.problems] == [ProblemKind.NOT_FOR_TRAINING]


@pytest.mark.parametrize(
    ("name", "raw", "why"),
    [
        ("a.json", b"{", "this is not JSON"),
        ("a.json", b"[" * 100_000, "nested too deeply"),
        ("a.json", b"[]", 'a list "examples"'),
        ("a.json", b'{"examples": {}}', 'a list "examples"'),
        ("a.json", b"\xff", "byte 0 is not UTF-8"),
        ("a.csv", b"question,answer\n\xff", "byte 16 is not UTF-8"),
        ("a.parquet", b"", "must end in"),
    ],
)
def test_a_file_of_no_known_format_is_refused(
    tmp_path: Path, name: str, raw: bytes, why: str
) -> None:
    with pytest.raises(ConfigError, match=why):
        imported(tmp_path, name, raw)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    for name in ("a.json", "a.csv"):
        with pytest.raises(ConfigError, match="No such file"):
            import_file(tmp_path / name)
    assert import_file(tmp_path / "a.jsonl").problems[0].kind is ProblemKind.FILE_MISSING


def test_gsm8k_has_its_rationale_in_the_answer(tmp_path: Path) -> None:
    """In the style of the data set: annotations of a calculator, four signs before the number."""
    row = {
        "question": "A box has 12 pens and 3 are lost. How many pens are in 100 such boxes?",
        "answer": "A box keeps 12 - 3 = <<12-3=9>>9 pens.\n"
        "That is 9 * 100 = <<9*100=900>>900 pens.\n#### 1,900",
    }
    found = imported(tmp_path, "train.jsonl", json_lines([row]))
    (read,) = found.rows
    assert read.answer == "1,900"
    assert read.rationale == "A box keeps 12 - 3 = 9 pens.\nThat is 9 * 100 = 900 pens."
    assert found.answer.kind == "number"
    write_folder(tmp_path / "task", settings_of({"kind": "number"}), found.rows)
    task = load_task(tmp_path / "task")
    assert task.folder.problems == ()
    assert task.rationale(read.asked).text == (
        "(1) A box keeps 12 - 3 = 9 pens.\n(2) That is 9 * 100 = 900 pens.\n"
        "(Final response) So the answer is 1,900."
    )


def test_json_lines_may_use_other_names(tmp_path: Path) -> None:
    rows = [{"prompt": "1?", "target": 1}, {"prompt": "2?", "target": "#### 2"}, {"prompt": "3?"}]
    found = imported(tmp_path, "a.jsonl", json_lines(rows) + b"{\n", split=Split.TEST)
    assert [(row.question, row.answer, row.split) for row in found.rows] == [
        ("1?", "1", Split.TEST),
        ("2?", "2", Split.TEST),
    ]
    assert [(p.kind, p.line) for p in found.problems] == [
        (ProblemKind.KEY_MISSING, 3),
        (ProblemKind.NOT_JSON, 4),
    ]


@pytest.mark.parametrize(
    "raw",
    [
        "question,answer\nWhat?,42\nWho?,Ann",
        "\ufeffQuestion;Answer\r\nWhat?;42\r\n\r\nWho?;Ann\r\n",
        "input\ttarget\tnote\nWhat?\t42\tx, y; z\nWho?\tAnn\t\n",
        '"label","prompt"\n"42","What?"\n"Ann","Who?"\n',
        "id|text|output\n|What?|42\n|Who?|Ann\n",
    ],
)
def test_a_table_is_read_however_it_is_written(tmp_path: Path, raw: str) -> None:
    found = imported(tmp_path, "a.csv", raw)
    assert found.rows == (Row("What?", "42"), Row("Who?", "Ann"))
    assert found.problems == ()


def test_a_table_may_hold_everything_of_a_row(tmp_path: Path) -> None:
    raw = (
        "id,Question,choices,answer,explanation,category,split\n"
        '7,"Which, of ""two"",\nis red?",sky | blood,B,"One.\nTwo.",colours,validation\n'
    )
    (row,) = imported(tmp_path, "a.csv", raw).rows
    assert row == Row(
        'Which, of "two",\nis red?',
        "B",
        "One.\nTwo.",
        "7",
        ("sky", "blood"),
        "colours",
        Split.DEV,
    )


def test_columns_may_be_named(tmp_path: Path) -> None:
    raw = "question,frage,antwort\nx,Was?,42\n"
    said = {"question": "Frage", "answer": "antwort"}
    assert imported(tmp_path, "a.csv", raw, columns=said).rows == (Row("Was?", "42"),)
    (problem,) = imported(tmp_path, "a.csv", raw).problems
    assert problem.message.startswith("no column is known as answer; there are 'question', 'frage'")


@pytest.mark.parametrize(
    ("record", "kind", "message"),
    [
        ("x,y,z", ProblemKind.NOT_A_ROW, "3 fields, but the header has 2"),
        ("x", ProblemKind.NOT_A_ROW, "1 fields"),
        (",y", ProblemKind.KEY_MISSING, "missing"),
        ('"x"y,z', ProblemKind.NOT_A_ROW, "no record of a table"),
        ("x" * 200_000 + ",y", ProblemKind.NOT_A_ROW, "no record of a table"),
    ],
    ids=range(5),
)
def test_a_bad_record_is_named_and_its_neighbours_stay(
    tmp_path: Path, record: str, kind: ProblemKind, message: str
) -> None:
    found = imported(tmp_path, "a.csv", f"question,answer\na,1\n{record}\nb,2\n")
    assert [row.answer for row in found.rows] == ["1", "2"]
    (problem,) = found.problems
    assert (problem.kind, problem.line) == (kind, 3)
    assert message in problem.message


def test_an_open_quote_is_named(tmp_path: Path) -> None:
    found = imported(tmp_path, "a.csv", 'question,answer\na,1\nb,"2\nc,3\n')
    assert [row.answer for row in found.rows] == ["1"]
    assert found.problems[0].kind is ProblemKind.NOT_A_ROW


@given(
    st.sampled_from(["a.csv", "a.tsv", "a.json", "a.jsonl"]),
    st.binary() | st.text().map(lambda text: f"question,answer\n{text}".encode()),
)
def test_whatever_the_bytes_there_are_rows_problems_or_an_error(name: str, raw: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        try:
            found = imported(Path(folder), name, raw)
        except ConfigError:
            return
        assert all(isinstance(row, Row) for row in found.rows)
        assert all(isinstance(problem, Problem) for problem in found.problems)


@needs_bbh
@pytest.mark.parametrize("path", BBH, ids=lambda path: path.stem)
def test_all_of_bbh_becomes_a_task(tmp_path: Path, path: Path) -> None:
    found = import_file(path)
    assert len(found.rows) == len(big_bench(path))
    assert [problem.kind for problem in found.problems] == [ProblemKind.NOT_FOR_TRAINING]
    kinds = {"multistep_arithmetic_two": "number", "word_sorting": "exact"}
    assert found.answer.kind == kinds.get(path.stem, "choice")
    write_folder(tmp_path / "task", settings_of(found.answer.model_dump()), found.rows)
    task = load_task(tmp_path / "task")
    assert task.folder.problems == ()
    assert task.folder.rows == found.rows


@needs_codex
@pytest.mark.parametrize("path", CODEX, ids=lambda path: path.stem)
def test_what_real_attempts_state_is_what_is_found(tmp_path: Path, path: Path) -> None:
    """Attempts that break off state nothing; of the others, the last sentence is the answer."""
    found = import_file(DATA / "bbh" / f"{path.stem}.json")
    kind = {"kind": "words"} if path.stem == "word_sorting" else found.answer.model_dump()
    write_folder(tmp_path / "task", settings_of(kind), found.rows)
    task = load_task(tmp_path / "task")
    for row in records(path):
        answer = task.answer_flexible(row["attempt"])
        before, states, stated = row["attempt"].rpartition("answer is ")
        right = task.is_right(answer, row["target"])
        if states:
            assert right == (stated.strip().rstrip(".") == row["target"])
        else:
            assert answer is None or kind["kind"] == "number", before[-80:]
            assert not right
