"""What is told of a process that ended."""

import signal
from io import BytesIO

import pytest

from engine.ended import why_ended


@pytest.mark.parametrize(
    ("code", "told"),
    [
        (-signal.SIGKILL, "It was killed (signal 9), as the system does where memory runs out."),
        (-signal.SIGSEGV, "It was ended by signal 11 (SIGSEGV)."),
        (3, "It ended with exit code 3."),
    ],
)
def test_how_it_ended_is_told_and_where_it_said_nothing_no_more(code: int, told: str) -> None:
    assert why_ended(code, BytesIO(b" \n")) == told


def test_its_last_lines_are_told_whatever_bytes_they_are() -> None:
    errors = BytesIO(b"x" * 30_000 + b"\n" + b"".join(b"line %d\xff\n" % at for at in range(9)))
    assert why_ended(1, errors).splitlines() == [
        "It ended with exit code 1. Its last words:",
        *(f"line {at}\N{REPLACEMENT CHARACTER}" for at in range(3, 9)),
    ]
