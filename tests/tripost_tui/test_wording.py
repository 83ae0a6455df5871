"""Numbers and times as people read them, and signs in ASCII."""

from dataclasses import astuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tripost_tui.glyphs import ASCII, UNICODE, to_ascii, wants_ascii
from tripost_tui.state.wording import age, brief, duration, percent, roughly, shorten, size


@pytest.mark.parametrize(
    ("seconds", "long", "short"),
    [
        (0, "0 s", "0s"),
        (59.4, "59 s", "59s"),
        (59.6, "1 min 00 s", "1m00s"),
        (125, "2 min 05 s", "2m05s"),
        (3840, "1 h 04 min", "1h04m"),
        (180_000, "2 d 2 h", "2d02h"),
        (-3, "0 s", "0s"),
    ],
)
def test_durations(seconds: float, long: str, short: str) -> None:
    assert (duration(seconds), brief(seconds)) == (long, short)


def test_other_times_and_sizes() -> None:
    assert [age(s) for s in (1, 40, 200, 7300, 200_000)] == [
        "just now",
        "40 s ago",
        "3 min ago",
        "2 h ago",
        "2 d ago",
    ]
    assert [roughly(s) for s in (5, 80, 3700)] == ["under 1 min", "1 min", "1 h 01 min"]
    assert [size(n) for n in (12, 812_000, 14_200_000, 3_000_000_000)] == [
        "12 B",
        "812 kB",
        "14.2 MB",
        "3.0 GB",
    ]
    assert [percent(1, 3), percent(0, 0)] == ["33.3", "n/a"]


@given(st.text(max_size=80), st.integers(1, 60))
def test_shortened_text_fits_and_keeps_its_end(text: str, width: int) -> None:
    short = shorten(text, width)
    assert len(short) <= width
    assert short == text or width < 4 or short[-1] == text[-1]


def test_every_sign_is_one_cell_and_has_its_likeness_in_ascii() -> None:
    assert all(len(sign) == 1 for sign in astuple(UNICODE))
    assert all(sign.isascii() for sign in astuple(ASCII))
    states = ["running", "paused", "stopping", "stopped", "finished", "failed", "not started"]
    for glyphs in (UNICODE, ASCII):
        assert len({glyphs.of_state(state) for state in states}) == len(states)


@pytest.mark.parametrize(
    ("environ", "encoding", "wanted"),
    [
        ({}, "UTF-8", False),
        ({}, "ascii", True),
        ({"TRIPOST_ASCII": "1"}, "utf-8", True),
        ({"TRIPOST_ASCII": "0"}, "ascii", False),
        ({"TRIPOST_ASCII": ""}, "utf-8", False),
    ],
)
def test_when_ascii_is_wanted(environ: dict[str, str], encoding: str, wanted: bool) -> None:
    assert wants_ascii(environ, encoding) is wanted


def test_our_texts_have_a_likeness_in_ascii() -> None:
    assert to_ascii("42.5 → 57.5 (42–71) …") == "42.5 > 57.5 (42-71) ~"
