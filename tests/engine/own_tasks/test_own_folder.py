"""A folder's rows: valid ones are never lost, and what is wrong with others is named and placed."""

import json
import os
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from own_folders import found, json_lines, numbered, write_task

from db.records import Split
from engine.tasks.own import Problem, ProblemKind, Severity, TaskFolder, load_folder
from engine.tasks.own.jsonl import MOST_LINE_BYTES
from engine.tasks.own.rows import MOST_CHARS, Row, as_json, read_row
from engine.trajectory import parse_body

GOOD = {"question": "Q?", "answer": "A"}


def load(folder: Path, *rows: Any, **more: Any) -> TaskFolder:
    return load_folder(write_task(folder, rows, **more))


def test_a_row_may_say_everything(tmp_path: Path) -> None:
    row = {
        "id": 7,
        "question": " Which is red?\r\n",
        "options": ["sky", "blood", 3],
        "answer": "blood",
        "rationale": "The sky is blue.\nBlood is red.",
        "subtask": "colours",
        "split": "dev",
    }
    folder = load(tmp_path, row)
    assert folder.problems == ()
    assert folder.rows == (
        Row(
            question="Which is red?",
            answer="blood",
            rationale="The sky is blue.\nBlood is red.",
            id="7",
            options=("sky", "blood", "3"),
            subtask="colours",
            split=Split.DEV,
        ),
    )
    assert folder.rows[0].asked == "Which is red?\nOptions:\n(A) sky\n(B) blood\n(C) 3"


def test_a_number_keeps_its_digits(tmp_path: Path) -> None:
    digits = "1" * 5_000
    raw = f'{{"question": "a", "answer": 1.50}}\n{{"question": "b", "answer": {digits}}}\n'
    folder = load_folder(write_task(tmp_path, raw.encode()))
    assert [row.answer for row in folder.rows] == ["1.50", digits]


@pytest.mark.parametrize(
    ("row", "kind", "key", "message"),
    [
        ({"answer": "A"}, ProblemKind.KEY_MISSING, "question", "missing"),
        ({"question": "Q?"}, ProblemKind.KEY_MISSING, "answer", "missing"),
        ({"question": None, "answer": "A"}, ProblemKind.KEY_MISSING, "question", "missing"),
        (GOOD | {"question": 5}, ProblemKind.WRONG_TYPE, "question", "not the number 5"),
        (GOOD | {"answer": True}, ProblemKind.WRONG_TYPE, "answer", "not true or false"),
        (GOOD | {"answer": ["A"]}, ProblemKind.WRONG_TYPE, "answer", "not a list"),
        (GOOD | {"rationale": {}}, ProblemKind.WRONG_TYPE, "rationale", "not an object"),
        (GOOD | {"question": " \n"}, ProblemKind.WRONG_TEXT, "question", "empty"),
        (GOOD | {"question": "a\x00b"}, ProblemKind.WRONG_TEXT, "question", "U+0000"),
        (GOOD | {"answer": "\ud800"}, ProblemKind.WRONG_TEXT, "answer", "U+D800 at character 1"),
        (GOOD | {"id": "\x1b[2J"}, ProblemKind.WRONG_TEXT, "id", "U+001B"),
        (GOOD | {"split": "train2"}, ProblemKind.WRONG_TEXT, "split", "allowed: train, dev, test"),
        (GOOD | {"options": "A"}, ProblemKind.WRONG_TYPE, "options", "a list of 2 to 26"),
        (GOOD | {"options": ["A"]}, ProblemKind.WRONG_TYPE, "options", "not 1 of them"),
        (GOOD | {"options": ["A", None]}, ProblemKind.KEY_MISSING, "options[1]", "missing"),
        (GOOD | {"options": ["A", "A"]}, ProblemKind.WRONG_TEXT, "options", "the same"),
        (GOOD | {"answer": "D", "options": [1, 2]}, ProblemKind.ANSWER_NO_OPTION, "answer", "no"),
        (
            GOOD | {"rationale": "a\nFeedback: b"},
            ProblemKind.WRONG_TEXT,
            "rationale",
            "takes trajectories apart",
        ),
        (
            GOOD | {"question": "a\nAnswer: Let's think step by step.\n"},
            ProblemKind.WRONG_TEXT,
            "question",
            "takes trajectories apart",
        ),
        (
            GOOD | {"question": "x" * (MOST_CHARS + 1)},
            ProblemKind.WRONG_TEXT,
            "question",
            "longer than",
        ),
        (
            GOOD | {"rationale": "One.\nSo the answer is B."},
            ProblemKind.RATIONALE_DISAGREES,
            "rationale",
            "'So the answer is B.' does not state the row's answer, 'A'",
        ),
        (["Q?", "A"], ProblemKind.NOT_A_ROW, "", "must be an object, not a list"),
        (None, ProblemKind.NOT_A_ROW, "", "not null"),
    ],
)  # fmt: skip
def test_a_bad_row_is_named_and_its_neighbours_stay(
    tmp_path: Path, row: Any, kind: ProblemKind, key: str, message: str
) -> None:
    first, last = numbered(2)
    folder = load(tmp_path, first, row, last)
    assert [row.answer for row in folder.rows] == ["0", "1"]
    assert found(folder) == [(kind, 2, key)]
    (problem,) = folder.errors
    assert message in problem.message
    assert problem.render().startswith("items.jsonl:2: error: ")


@pytest.mark.parametrize(
    ("line", "kind", "column", "message"),
    [
        (b'{"question": "a"', ProblemKind.NOT_JSON, 17, "delimiter"),
        (b'{"question": "a", "answer": NaN}', ProblemKind.NOT_JSON, 0, "NaN is no JSON"),
        (b"{'question': 'a'}", ProblemKind.NOT_JSON, 2, "double quotes"),
        (b"[" * 100_000, ProblemKind.NOT_JSON, 0, "nested too deeply"),
        (b'{"question": "\xff"}', ProblemKind.NOT_UTF8, 15, "byte 62 of the file"),
        (b"x" * (MOST_LINE_BYTES + 1), ProblemKind.LINE_TOO_LONG, 0, "longer than"),
        (b"x" * (3 * MOST_LINE_BYTES), ProblemKind.LINE_TOO_LONG, 0, "longer than"),
    ],
    ids=range(7),
)
def test_a_broken_line_costs_that_line_alone(
    tmp_path: Path, line: bytes, kind: ProblemKind, column: int, message: str
) -> None:
    good = json_lines(numbered(2)).splitlines(keepends=True)
    assert len(good[0]) == 48
    folder = load_folder(write_task(tmp_path, good[0] + line + b"\n" + good[1]))
    assert len(folder.rows) == 2
    (problem,) = folder.problems
    assert (problem.kind, problem.line, problem.column) == (kind, 2, column)
    assert message in problem.message


def test_a_byte_after_a_long_line_is_counted_from_the_beginning_of_the_file(
    tmp_path: Path,
) -> None:
    long = b"\xef\xbb\xbf" + b"x" * (2 * MOST_LINE_BYTES) + b"\n"
    folder = load_folder(write_task(tmp_path, long + b'"\xff"'))
    assert f"byte {len(long) + 1} of the file" in folder.problems[1].message


def test_marks_windows_line_ends_and_empty_lines_are_no_errors(tmp_path: Path) -> None:
    raw = b"\xef\xbb\xbf" + json_lines(numbered(3)).replace(b"\n", b"\r\n\r\n").rstrip()
    folder = load_folder(write_task(tmp_path, raw))
    assert len(folder.rows) == 3
    assert folder.problems == ()


@pytest.mark.parametrize(
    ("raw", "kind"),
    [
        (b"", ProblemKind.FILE_EMPTY),
        (b"\n \n", ProblemKind.FILE_EMPTY),
        ('{"question"}'.encode("utf-16"), ProblemKind.NOT_UTF8),
    ],
)
def test_a_file_without_rows_says_so(tmp_path: Path, raw: bytes, kind: ProblemKind) -> None:
    folder = load_folder(write_task(tmp_path, raw))
    assert folder.rows == ()
    assert [problem.kind for problem in folder.problems] == [kind]


def test_a_missing_file_is_a_problem_and_a_pipe_is_no_file(tmp_path: Path) -> None:
    write_task(tmp_path, [], data={"train": "a.jsonl", "test": "b.jsonl"})
    os.mkfifo(tmp_path / "b.jsonl")
    problems = load_folder(tmp_path).problems
    assert [(p.kind, p.file, p.message) for p in problems] == [
        (ProblemKind.FILE_MISSING, "a.jsonl", "No such file or directory"),
        (ProblemKind.FILE_MISSING, "b.jsonl", "not a file"),
    ]


def test_unknown_keys_are_warnings(tmp_path: Path) -> None:
    folder = load(tmp_path, GOOD | {"anser": 1})
    assert len(folder.rows) == 1
    assert folder.errors == ()
    assert found(folder) == [(ProblemKind.KEY_UNKNOWN, 1, "anser")]


def test_repeated_questions_count_once_and_are_counted(tmp_path: Path) -> None:
    folder = load(tmp_path, *[GOOD] * 250, GOOD | {"answer": "B"})
    assert len(folder.rows) == 1
    assert folder.counts == {ProblemKind.DUPLICATE_QUESTION: 249, ProblemKind.TWO_ANSWERS: 1}
    assert Counter(p.kind for p in folder.problems)[ProblemKind.DUPLICATE_QUESTION] == 100
    (error,) = folder.errors
    assert (error.line, error.message) == (251, "items.jsonl:1 answers the same question by 'A'")


def test_repeated_ids_are_warnings(tmp_path: Path) -> None:
    folder = load(tmp_path, *numbered(3, id="x"))
    assert len(folder.rows) == 3
    assert found(folder) == [
        (ProblemKind.DUPLICATE_ID, 2, "id"),
        (ProblemKind.DUPLICATE_ID, 3, "id"),
    ]
    assert folder.errors == ()


def test_a_question_in_two_files_stays_in_the_test(tmp_path: Path) -> None:
    """Also where its options are in another order: what was trained on is no test."""
    options = {"question": "Which is red?", "answer": "blood"}
    write_task(tmp_path, [], data={"train": "train.jsonl", "test": "test.jsonl"})
    train = [options | {"options": ["sky", "blood"]}, GOOD]
    test = [options | {"options": ["Blood", "sky"]}]
    (tmp_path / "train.jsonl").write_bytes(json_lines(train))
    (tmp_path / "test.jsonl").write_bytes(json_lines(test))
    folder = load_folder(tmp_path)
    assert [(row.question, row.split) for row in folder.rows] == [
        ("Which is red?", Split.TEST),
        ("Q?", Split.TRAIN),
    ]
    (problem,) = folder.problems
    assert (problem.kind, problem.file, problem.line) == (
        ProblemKind.IN_TWO_SPLITS,
        "train.jsonl",
        1,
    )


def test_a_row_in_the_file_of_another_split_is_refused(tmp_path: Path) -> None:
    write_task(tmp_path, [], data={"test": "test.jsonl"})
    (tmp_path / "test.jsonl").write_bytes(json_lines([GOOD | {"split": "train"}]))
    assert found(load_folder(tmp_path)) == [(ProblemKind.WRONG_TEXT, 1, "split")]


@given(st.permutations(["red", "green", "blue", "grey"]), st.text())
def test_the_order_of_options_does_not_change_the_split(options: list[str], story: str) -> None:
    rows = [Row(f"x{story}", "red", options=tuple(o)) for o in (options, sorted(options))]
    assert rows[0].its_split is rows[1].its_split
    assert rows[0].content == Row(rows[1].asked, "(A)").content


@pytest.mark.parametrize(
    ("answer", "letter"),
    [("(B)", "(B)"), ("B", "(B)"), ("Blood", "(B)"), ("C", "(A)"), ("(C)", None), ("D", None)],
)
def test_a_choice_is_its_letter(tmp_path: Path, answer: str, letter: str | None) -> None:
    row = {"question": "Which?", "options": ["c", "blood"], "answer": answer}
    folder = load(tmp_path, row, answer={"kind": "choice"})
    assert [row.answer for row in folder.rows] == ([letter] if letter else [])


def test_options_may_stand_in_the_question(tmp_path: Path) -> None:
    asked = "Which?\nOptions:\n(A) x\n(B) y"
    folder = load(
        tmp_path,
        {"question": asked, "answer": "y"},
        {"question": asked + "\n(C) z", "answer": "(D)"},
        {"question": "Any?", "answer": "(D)"},
        {"question": "None?", "answer": "y"},
        answer={"kind": "choice"},
    )
    assert [row.answer for row in folder.rows] == ["(B)", "(D)"]
    assert found(folder) == [
        (ProblemKind.ANSWER_NO_OPTION, 2, "answer"),
        (ProblemKind.ANSWER_NO_OPTION, 4, "answer"),
    ]


@pytest.mark.parametrize(
    ("kind", "answer"),
    [
        ({"kind": "number"}, "five"),
        ({"kind": "regex", "pattern": r"answer is (\d+)"}, "five"),
        ({"kind": "regex", "pattern": r"answer is (\d)"}, "55"),
    ],
)
def test_an_answer_that_its_own_checker_rejects_is_an_error(
    tmp_path: Path, kind: dict[str, str], answer: str
) -> None:
    folder = load(tmp_path, GOOD | {"answer": answer}, GOOD | {"answer": 5}, answer=kind)
    assert [row.answer for row in folder.rows] == ["5"]
    assert found(folder) == [(ProblemKind.ANSWER_REJECTED, 1, "answer")]


@pytest.mark.parametrize(
    ("rationale", "doubt"),
    [
        ("So the answer is A.", "no step before the final response"),
        ("Hm.\n(1) One.\n(Final response) So the answer is A.", "before its first label"),
        ("(1) One.\n(1) Two.", "step (1) 2 times"),
        ("(2) One.", "begins with step (2)"),
    ],
)
def test_a_rationale_of_doubtful_form_is_a_warning(
    tmp_path: Path, rationale: str, doubt: str
) -> None:
    folder = load(tmp_path, GOOD | {"rationale": rationale})
    assert len(folder.rows) == 1
    (problem,) = folder.problems
    assert (problem.kind, problem.severity) == (ProblemKind.RATIONALE_FORM, Severity.WARNING)
    assert doubt in problem.message


def test_unseen_rows_that_no_test_asks_are_a_warning(tmp_path: Path) -> None:
    folder = load(tmp_path, *numbered(40, subtask="unseen"))
    (problem,) = folder.problems
    unused = sum(row.its_split is not Split.TEST for row in folder.rows)
    assert (problem.kind, problem.severity) == (ProblemKind.UNSEEN_UNUSED, Severity.WARNING)
    assert problem.message.startswith(f"{unused} rows")
    assert load(tmp_path, *numbered(40, subtask="unseen", split="test")).problems == ()


text = st.text(st.characters(exclude_categories=["C"]), min_size=1).map(str.strip).filter(bool)


@given(
    st.builds(
        Row,
        question=text,
        answer=text,
        rationale=st.none() | text,
        id=st.none() | text,
        options=st.just(()),
        subtask=text,
        split=st.none() | st.sampled_from(Split),
    )
)
def test_a_row_that_is_written_is_read(row: Row) -> None:
    read, problems = read_row(json.loads(json.dumps(as_json(row))), "items.jsonl", 1)
    assert (read, problems) == (row, [])


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=5,
)
row_like = st.dictionaries(
    st.sampled_from(["question", "answer", "id", "rationale", "options", "subtask", "split", "x"]),
    json_values,
)
lines = st.lists(
    st.binary() | (row_like | json_values).map(lambda value: json.dumps(value).encode())
).map(b"\n".join)


@given(lines, st.sampled_from(["exact", "number", "choice", "words"]))
def test_whatever_the_bytes_each_line_is_a_row_or_a_problem(raw: bytes, kind: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        loaded = load_folder(write_task(Path(folder), raw, answer={"kind": kind}))
        assert loaded.rows or loaded.problems
        troubled = {p.line for p in loaded.problems if p.line}
        if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
            return  # UTF-16: no line can be told from another
        filled = {n for n, line in enumerate(raw.split(b"\n"), 1) if line.strip()}
        assert len(loaded.rows) >= len(filled - troubled)
        assert all(isinstance(p, Problem) and p.render().isprintable() for p in loaded.problems)
        for row in loaded.rows:
            assert len(parse_body(row.asked, row.rationale or "", "").turns) == 1
            row.asked.encode()


def test_fifty_thousand_rows_are_all_there(tmp_path: Path) -> None:
    write_task(tmp_path, numbered(50_000))
    folder = load_folder(tmp_path)
    assert len(folder.rows) == 50_000
    assert folder.problems == ()
