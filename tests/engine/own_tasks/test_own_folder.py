"""A folder's rows: valid ones are never lost, and what is wrong with others is named and placed."""

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from own_folders import found, json_lines, numbered, write_task

from db.records import Split
from engine.tasks.own import ProblemKind, Severity, TaskFolder, load_folder
from engine.tasks.own.rows import MOST_CHARS, Row, as_json, read_row

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
