"""A message comes through a pipe as it was, whatever text it holds."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.play.messages import (
    Answered,
    Ask,
    Cancel,
    Done,
    Part,
    PartDone,
    Piece,
    Unreadable,
    Verdict,
    encode,
    read_event,
    read_request,
)

texts = st.text(max_size=50)


@given(texts, st.lists(st.integers(0, 100), max_size=3), st.none() | texts)
def test_a_question_comes_through(text: str, weights: list[int], answer: str | None) -> None:
    request = Ask(id=3, question=text, weights=tuple(weights), answer=answer, temperature=0.7)
    line = encode(request)
    assert line.count(b"\n") == 1
    assert read_request(line) == request
    assert read_request(encode(Cancel(id=3))) == Cancel(id=3)


@given(texts)
def test_an_event_comes_through(text: str) -> None:
    part = PartDone(
        id=1,
        weights=2,
        part=Part.FEEDBACK,
        number=0,
        text=text,
        tokens=3,
        first_s=0.1,
        seconds=0.2,
        verdict=Verdict.INCORRECT,
        step="2",
        span=text,
    )
    answered = Answered(
        id=1,
        weights=0,
        end="no feedback",
        text=text,
        tokens=1,
        seconds=1.0,
        updates=0,
        first_answer=None,
        final_answer=text,
    )
    for event in (part, answered, Piece(id=1, weights=0, text=text), Done(id=1)):
        assert read_event(encode(event)) == event


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"[]",
        b"{}",
        b'{"kind": "piece"}',
        b'{"kind": "cancel", "id": 1}',
        b"\xff",
        b"[" * 99999,
    ],
)
def test_anything_else_is_unreadable(line: bytes) -> None:
    with pytest.raises(Unreadable):
        read_event(line)


def test_what_is_unknown_is_unreadable() -> None:
    with pytest.raises(Unreadable):
        read_event(b'{"kind": "done", "id": 1, "more": 2}')
    with pytest.raises(Unreadable):
        read_event(b'{"kind": "part", "id": 1, "weights": 0, "part": "poem", "number": 0}')
