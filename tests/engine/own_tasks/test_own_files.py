"""Files of rows, whatever bytes are in them: what cannot be read costs its line alone."""

import json
import os
import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from own_folders import json_lines, numbered, write_task

from engine.tasks.own import Problem, ProblemKind, load_folder
from engine.tasks.own.jsonl import MOST_LINE_BYTES
from engine.trajectory import parse_body


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
