"""Attempts in JSON lines: each line is a row, or named; none costs another."""

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.attempt_rows import MOST_LINE_BYTES, Unreadable, read_attempts
from engine.errors import ConfigError
from engine.judging import AttemptJudge
from engine.tasks.multistep_arithmetic import MultistepArithmetic
from engine.tasks.own.problems import ProblemKind

GOOD = b'{"question": "q", "attempt": "a"}'


@pytest.mark.parametrize(
    ("line", "kind", "message"),
    [
        (b'{"question": "q", "attempt": "\xff"}', "NOT_UTF8", "byte 31 of the line"),
        (b'{"question": "q", "attempt": "\x00"}', "NOT_JSON", "control character at column 31"),
        (b"\x00\x00", "NOT_JSON", "Expecting value at column 1"),
        (b'{"question": "q", "attempt": "a"', "NOT_JSON", "column 33"),
        (b'{"question": "q", "attempt": "a"} {}', "NOT_JSON", "Extra data at column 35"),
        (b'{"question": "q", "attempt": "a", "x": NaN}', "NOT_JSON", "NaN is no number"),
        (b'{"question": "q", "attempt": "a", "x": 1e999}', "NOT_JSON", "1e999 is no number"),
        (
            b'{"question": "q", "attempt": "a", "x": ' + b"9" * 5000 + b"}",
            "NOT_JSON",
            "5,000 digits",
        ),
        (b"[" * 100_000, "NOT_JSON", "nested too deeply"),
        (b"[" * 300 + b"]" * 300, "NOT_JSON", "nested too deeply"),
        (b"[1, 2]", "NOT_A_ROW", "must be an object"),
        (b'"question"', "NOT_A_ROW", "must be an object"),
        (b"null", "NOT_A_ROW", "must be an object"),
        (b'{"question": "q"}', "KEY_MISSING", "attempt: missing"),
        (b'{"attempt": "a"}', "KEY_MISSING", "question: missing"),
        (b'{"question": "q", "attempt": 5}', "WRONG_TYPE", "attempt: must be text"),
        (b'{"question": null, "attempt": "a"}', "WRONG_TYPE", "question: must be text"),
        (b'{"question": "q", "attempt": "a", "target": true}', "WRONG_TYPE", "target: must be"),
        (b'{"question": "q", "attempt": "a", "target": []}', "WRONG_TYPE", "target: must be"),
    ],
    ids=lambda value: value[:40].decode("latin-1") if isinstance(value, bytes) else value,
)
def test_a_line_that_is_no_row_is_named_and_costs_no_other(
    line: bytes, kind: str, message: str
) -> None:
    before, found, after = read_attempts(io.BytesIO(b"\n".join((GOOD, line, GOOD))))
    assert isinstance(found, Unreadable)
    assert (found.line, found.kind) == (2, ProblemKind[kind])
    assert message in found.message
    assert not isinstance(before, Unreadable)
    assert before == after
    lines = io.BytesIO(b"\n".join((GOOD, line, GOOD)))
    (_, error, _) = AttemptJudge(MultistepArithmetic()).judge(read_attempts(lines))
    assert error == {"line": 2, "error": {"kind": found.kind.value, "message": found.message}}


def test_a_line_of_four_megabytes_is_too_long_and_one_below_the_limit_is_read() -> None:
    room = MOST_LINE_BYTES - len(GOOD) - 1
    longest = b'{"question": "q", "attempt": "' + b"a" * room + b'a"}'
    assert len(longest + b"\n") == MOST_LINE_BYTES
    endless = b"x" * (3 * MOST_LINE_BYTES)
    raw = b"\n".join((endless, GOOD, b" " + longest, longest, GOOD))
    found = list(read_attempts(io.BytesIO(raw)))
    assert [row.kind if isinstance(row, Unreadable) else None for row in found] == [
        ProblemKind.LINE_TOO_LONG,
        None,
        ProblemKind.LINE_TOO_LONG,
        None,
        None,
    ]
    assert [row.line for row in found if isinstance(row, Unreadable)] == [1, 3]


@pytest.mark.parametrize("end", [b"", b"\n", b"\r\n"])
def test_marks_line_ends_and_blank_lines_are_no_rows(end: bytes) -> None:
    bad = b"x"
    raw = b"\xef\xbb\xbf" + b"\r\n".join((GOOD, b"", b" \t", GOOD, bad)) + end
    first, second, third = read_attempts(io.BytesIO(raw))
    assert first == second
    assert isinstance(third, Unreadable)
    assert third.line == 5


def test_no_line_is_no_row() -> None:
    for raw in (b"", b"\n\n", b"\xef\xbb\xbf", b" \r\n"):
        assert list(read_attempts(io.BytesIO(raw))) == []


def test_utf_16_is_refused_as_a_whole() -> None:
    with pytest.raises(ConfigError, match="Save them as UTF-8"):
        list(read_attempts(io.BytesIO(GOOD.decode().encode("utf-16"))))


@given(st.binary() | st.lists(st.binary() | st.just(GOOD)).map(b"\n".join))
def test_whatever_the_bytes_each_line_is_a_row_or_named(raw: bytes) -> None:
    lines = [line for line in raw.removeprefix(b"\xef\xbb\xbf").split(b"\n") if line.strip()]
    try:
        found = list(read_attempts(io.BytesIO(raw)))
    except ConfigError:
        assert raw[:2] in (b"\xff\xfe", b"\xfe\xff")
        return
    assert len(found) == len(lines)
