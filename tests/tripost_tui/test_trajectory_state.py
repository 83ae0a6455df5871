"""A trajectory as passages, with what feedback flags."""

import re

import recorded

from db.records import (
    Origin,
    Trajectory,
    Turn,
    TurnKind,
    Verdict,
)
from engine.tasks.multistep_arithmetic import MultistepArithmetic
from engine.trajectory import parse_attempt
from tripost_tui.state.trajectory import LONGEST, MOST_LINES, Tone, find_span, passages, plain

TASK = MultistepArithmetic()


def trajectory(*turns: Turn) -> Trajectory:
    return Trajectory(
        run_id=1, iteration=1, attempt_id=1, item_id=1, origin=Origin.EDITED,
        text="", updates=1, turns=turns,
    )  # fmt: skip


def attempt(text: str) -> Turn:
    return Turn(kind=TurnKind.ATTEMPT, author="student", text=text)


def flag(span: str | None, step: str | None = None) -> Turn:
    return Turn(
        kind=TurnKind.FEEDBACK,
        author="script",
        text="wrong",
        verdict=Verdict.INCORRECT,
        step=step,
        span=span,
    )


def test_question_and_turns_in_reading_order() -> None:
    shown = passages(recorded.QUESTION, trajectory(*recorded.TURNS))
    assert [passage.heading for passage in shown] == [
        "Question",
        "Attempt, by student",
        "Feedback: incorrect at step (2), by script",
        "Update, by script",
        "Feedback: correct, by script",
    ]
    assert [passage.tone for passage in shown][-1] is Tone.RIGHT


def test_each_check_of_a_working_and_the_verdict_have_a_line() -> None:
    wrong = parse_attempt(recorded.TURNS[0].text)
    feedback = TASK.feedback(recorded.QUESTION, wrong, show_working=True)
    right = TASK.feedback(
        recorded.QUESTION, TASK.improve(recorded.QUESTION, wrong, feedback), show_working=True
    )
    for said, verdict in ((feedback, "In step (2)"), (right, "Steps (1) to ")):
        turn = Turn(
            kind=TurnKind.FEEDBACK, author="script", text=said.render(), verdict=said.verdict
        )
        *checks, last = passages("q", trajectory(turn))[1].text.split("\n")
        assert checks
        assert all(re.fullmatch(r"Check \(\d+\): .* is (right|wrong)\.", one) for one in checks)
        assert last.startswith(verdict)
        assert " ".join([*checks, last]) == said.render()


def test_the_flagged_span_is_found_in_its_step() -> None:
    (passage,) = [
        one
        for one in passages(recorded.QUESTION, trajectory(*recorded.TURNS))
        if one.tone is Tone.ATTEMPT
    ]
    ((start, end),) = passage.flagged
    assert passage.text[start:end] == "(-14 - 4) = -10"


def test_a_span_is_looked_for_in_the_flagged_step_first() -> None:
    text = "(1) so 2 + 2 = 5.\n(2) again 2 + 2 = 5.\n(Final response) 5"
    start, _ = find_span(text, "2", "2 + 2 = 5") or (0, 0)
    assert start > text.index("(2)")
    assert find_span(text, "9", "2 + 2 = 5") == find_span(text, None, "2 + 2 = 5")


def test_a_span_that_stands_nowhere_flags_nothing() -> None:
    assert find_span("(1) fine", "1", "other") is None
    assert find_span("(1) fine", "1", "") is None
    shown = passages("q", trajectory(attempt("(1) fine"), flag("other", "1")))
    assert shown[1].flagged == ()


def test_a_span_with_controls_is_found_in_the_clean_text() -> None:
    shown = passages("q", trajectory(attempt("(1) a\x1b[31mbad"), flag("\x1b[31mbad", "1")))
    ((start, end),) = shown[1].flagged
    assert shown[1].text[start:end] == "[31mbad"


def test_a_very_long_text_is_cut_and_says_so() -> None:
    shown = passages("q", trajectory(attempt("x" * 1_000_000)))
    assert len(shown[1].text) < LONGEST + 60
    assert "994,000 more characters" in shown[1].text


def test_a_text_of_very_many_lines_is_cut_too() -> None:
    shown = passages("q", trajectory(attempt("x\n" * 1000)))
    assert shown[1].text.count("\n") < MOST_LINES
    assert "more characters" in shown[1].text


def test_what_is_copied_is_whole_and_clean() -> None:
    text = plain("a\x1bb", trajectory(attempt("x" * 50_000), flag(None)))
    assert "x" * 50_000 in text
    assert "\x1b" not in text
