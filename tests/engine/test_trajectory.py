"""A trajectory is written as text and read back the same; any text can be read."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from patience import patience

from db.records import TurnKind, Verdict
from engine.tasks.multistep_arithmetic import MultistepArithmetic
from engine.trajectory import (
    ANSWER_PREFIX,
    FINAL_RESPONSE,
    UPDATE_PREFIX,
    Attempt,
    Author,
    Feedback,
    Step,
    Trajectory,
    Turn,
    correct,
    feedback_prompt,
    incorrect,
    parse,
    parse_attempt,
    parse_body,
    parse_feedback,
    prompt,
    raw_pieces,
    render,
    render_body,
    update_prompt,
)

HINT = MultistepArithmetic.hint
BECAUSE = '" is incorrect. This is because '

# Pieces of the format itself, where they are most likely to be taken for something else.
PIECES = [
    "(1) ", "(2)", "(3.2.1) x", "(Final response) ", "\n", "\n\n", " ", "\r\n", "\x00", '"', ".",
    "Feedback:", "\nFeedback:", " Feedback: ", "Updated Answer:", "\nUpdated Answer:",
    f"\n{UPDATE_PREFIX}", HINT, f"\n{UPDATE_PREFIX}{HINT}\n", f"{ANSWER_PREFIX}\n", "Q: ",
    'In step (1) the part "', BECAUSE, 'In step (2) the part "a" is incorrect. This is because b.',
    "Step (1) is correct. The final response is also correct.", "So the answer is 3.",
]  # fmt: skip

lines = st.text(st.characters(exclude_characters="\n", exclude_categories=["Cs"]), max_size=20)
wild = st.lists(st.sampled_from(PIECES) | st.text(max_size=8), max_size=12).map("".join)
labels = st.sampled_from(["1", "2", "10", "3.2.1", FINAL_RESPONSE])


def _opens_nothing(line: str) -> bool:
    return not line.startswith(("(", "Feedback:", "Updated Answer:"))


continuations = lines.filter(_opens_nothing)
step_texts = st.builds(
    lambda first, more, last: "\n".join([first, *more, *last]),
    lines,
    st.lists(continuations, max_size=2),
    st.lists(continuations.filter(bool), min_size=1, max_size=1) | st.just([]),
).filter(lambda text: not text.endswith("\n"))
attempts = st.lists(st.builds(Step, labels, step_texts), max_size=4).map(
    lambda steps: Attempt(tuple(steps))
)
spans = wild.filter(lambda text: BECAUSE not in text)
verdicts = st.builds(incorrect, labels, spans, wild) | st.builds(
    lambda n: Feedback(Verdict.CORRECT, steps_right=n), st.integers(1, 999_999_999)
)
workings = st.lists(st.sampled_from(("Check (1): 1 + 1 = 3? 2.", "Step (1) is correct.", "Hm.")))
feedbacks = st.builds(
    lambda verdict, working: replace(verdict, working=" ".join(working)), verdicts, workings
)
questions = wild.filter(lambda text: f"\n{ANSWER_PREFIX}" not in text)


def _is_one_turn(text: str) -> bool:
    return text == text.strip() and not any(
        f"\n{marker}" in text for marker in ("Feedback:", "Updated Answer:")
    )


feedback_texts = (feedbacks.map(Feedback.render) | wild).filter(_is_one_turn)
turns = st.builds(
    lambda attempt, text: Turn(attempt, None if text is None else parse_feedback(text), text),
    attempts,
    feedback_texts | st.none(),
)
trajectories = st.builds(
    lambda question, turns: Trajectory(question, tuple(turns)),
    questions,
    st.lists(turns, min_size=1, max_size=4),
)


@given(attempts)
def test_attempts_are_read_back(attempt: Attempt) -> None:
    assert parse_attempt(attempt.text) == attempt


@given(feedbacks)
def test_feedback_is_read_back(feedback: Feedback) -> None:
    assert parse_feedback(feedback.render()) == feedback


@given(trajectories, st.sampled_from([HINT, ""]))
def test_trajectories_are_read_back(trajectory: Trajectory, hint: str) -> None:
    assert parse(render(trajectory, hint), hint) == trajectory


@given(questions, wild)
def test_whatever_a_student_wrote_is_kept_as_it_was_read(question: str, written: str) -> None:
    read = parse_body(question, written, HINT)
    assert parse(render(read, HINT), HINT) == read


@given(wild)
def test_text_that_is_read_and_written_stays_the_same(written: str) -> None:
    text = render(parse_body("1 + 1 =", written, HINT), HINT)
    again = parse(text, HINT)
    assert again is not None
    assert render(again, HINT) == text


@given(questions, st.lists(turns, min_size=2, max_size=2))
def test_the_prompts_are_how_the_text_begins(question: str, turns: list[Turn]) -> None:
    first, second = turns
    said = first.feedback_text or "x"
    first = replace(first, feedback=parse_feedback(said), feedback_text=said)
    whole = render(Trajectory(question, (first, second)), HINT)
    attempt = first.attempt.text
    assert whole.startswith(prompt(question, HINT) + attempt)
    assert whole.startswith(f"{''.join(feedback_prompt(question, HINT, attempt))} {said}")
    assert whole.startswith(
        "".join((*update_prompt(question, HINT, attempt, said), second.attempt.text))
    )


def test_a_trajectory_reads_as_in_the_paper() -> None:
    wrong = Attempt((Step("1", "1 + 1 = 3."), Step(FINAL_RESPONSE, "So the answer is 3.")))
    right = Attempt((Step("1", "1 + 1 = 2."), Step(FINAL_RESPONSE, "So the answer is 2.")))
    flagged = incorrect("1", "1 + 1 = 3", "1 + 1 = 2")
    trajectory = Trajectory("1 + 1 =", (Turn.of(wrong, flagged), Turn.of(right, correct(right))))
    assert render(trajectory, " Count.") == (
        "Q: 1 + 1 =\n"
        "Answer: Let's think step by step. Count.\n"
        "(1) 1 + 1 = 3.\n"
        "(Final response) So the answer is 3.\n"
        'Feedback: In step (1) the part "1 + 1 = 3" is incorrect. This is because 1 + 1 = 2.\n'
        "Updated Answer: Let's think step by step. Count.\n"
        "(1) 1 + 1 = 2.\n"
        "(Final response) So the answer is 2.\n"
        "Feedback: Step (1) is correct. The final response is also correct."
    )
    assert (trajectory.updates, trajectory.first, trajectory.last) == (1, wrong, right)


def test_the_students_own_text_can_stand_for_its_attempts() -> None:
    turns = [Turn(Attempt(()), None, "x"), Turn(Attempt(()))]
    assert render_body(turns, " Hm.", ["a", "b"]) == (f"a\nFeedback: x\n{UPDATE_PREFIX} Hm.\nb")


@pytest.mark.parametrize(
    ("text", "steps"),
    [
        ("", 0),
        ("no label", 0),
        ("so:\n(1) a\n(Final response) b", 2),
        ("\n\n(1) a\n\n", 1),
        ("(1)a", 1),
        ("(1)", 1),
        ("(a) b\n( 1) c\n (2) d\n1) e", 0),
        ("(1.) a\n(.1) b\n(1..2) c\n(final response) d", 0),
    ],
)
def test_steps_are_lines_with_a_label(text: str, steps: int) -> None:
    assert len(parse_attempt(text).steps) == steps


def test_a_line_without_label_belongs_to_the_step_before() -> None:
    attempt = parse_attempt("(1) a\nb\n\n(Final response) c")
    assert attempt.steps == (Step("1", "a\nb\n"), Step(FINAL_RESPONSE, "c"))


def test_the_final_response_is_the_last_step() -> None:
    assert parse_attempt("(1) a\n(Final response) b").final_response == "b"
    assert parse_attempt("(Final response) b\n(1) a").final_response is None
    assert Attempt(()).final_response is None


def test_the_steps_before_one() -> None:
    attempt = parse_attempt("(1) a\n(2) b\n(2) c\n(Final response) d")
    assert attempt.before("2") == attempt.steps[:1]
    assert attempt.before("1") == ()
    assert attempt.before(FINAL_RESPONSE) == attempt.steps[:3]
    assert attempt.before("7") == attempt.steps


@pytest.mark.parametrize(
    ("text", "steps_right"),
    [
        ("Step (1) is correct. The final response is also correct.", 1),
        ("Steps (1) to (4) are correct. The final response is also correct.", 4),
        ("Steps (1) to (4) are correct and the final response is also correct.", 4),
        ("Steps (1) to (4) are correct, and the final response is also correct.", 4),
        (" Steps (1) to (3.2) are correct. The final response is also correct.\n", 3),
    ],
)
def test_positive_feedback_may_be_worded_so(text: str, steps_right: int) -> None:
    assert parse_feedback(text) == Feedback(Verdict.CORRECT, steps_right=steps_right)


def test_negative_feedback_may_first_say_what_is_right() -> None:
    text = 'Step (1) is correct. In step (2) the part "a" is incorrect. This is because b.'
    assert parse_feedback(text) == replace(incorrect("2", "a", "b"), working="Step (1) is correct.")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Correct.",
        "Steps (1) to (4) are correct.",
        "Steps (1) to (4) are correct. The final response is also correct. Or not.",
        "Steps (1) to (x) are correct. The final response is also correct.",
        f"Steps (1) to ({'9' * 5000}) are correct. The final response is also correct.",
        'In step (1) the part "a" is incorrect.',
        'In step (1) the part "a" is incorrect. This is because b',
        'In step (x) the part "a" is incorrect. This is because b.',
        'In step (1) the part "a is incorrect. This is because b.',
    ],
)
def test_any_other_feedback_has_no_meaning(text: str) -> None:
    assert parse_feedback(text) is None


def test_a_diagnosis_is_a_place_whatever_the_reason() -> None:
    flagged = incorrect("1", "a", "b")
    assert flagged.same_diagnosis(incorrect("1", "a", "c"))
    assert not flagged.same_diagnosis(incorrect("2", "a", "b"))
    assert not flagged.same_diagnosis(incorrect("1", "b", "b"))
    assert not flagged.same_diagnosis(correct(parse_attempt("(1) a")))


def test_an_update_without_feedback_is_a_turn_whose_forerunner_has_none() -> None:
    read = parse_body("q", f"(1) a\n{UPDATE_PREFIX}{HINT}\n(1) b\nFeedback: c", HINT)
    assert [turn.feedback_text for turn in read.turns] == [None, "c"]
    assert [turn.attempt.text for turn in read.turns] == ["(1) a", "(1) b"]


def test_only_the_first_of_two_feedbacks_counts() -> None:
    read = parse_body("q", "(1) a\nFeedback: b\nFeedback: c", HINT)
    assert read.turns == (Turn(parse_attempt("(1) a"), None, "b"),)


def test_what_was_read_is_the_students() -> None:
    read = parse_body("q", f"(1) a\nFeedback: b\n{UPDATE_PREFIX}{HINT}\n(1) c", HINT)
    assert {turn.attempt_author for turn in read.turns} == {Author.STUDENT}
    assert {turn.feedback_author for turn in read.turns} == {Author.STUDENT}


@pytest.mark.parametrize("text", ["", "Q: 1 + 1 =", "Answer: 2", f"{ANSWER_PREFIX}\nQ: 1"])
def test_text_without_question_and_answer_is_no_trajectory(text: str) -> None:
    assert parse(text, HINT) is None


@pytest.mark.parametrize(
    "piece",
    [
        *PIECES,
        "(1" + ".1" * 10,
        "9",
        "(1) a\n",
        "\nx",
        'In step (1) the part "a" is incorrect. This is because ',
        f"In step (1) the part {BECAUSE}",
        f"\nFeedback: a\n{UPDATE_PREFIX}",
    ],
)
@patience()
def test_a_megabyte_is_read_in_linear_time(piece: str) -> None:
    text = piece * (1_000_000 // len(piece))
    parse_feedback(f'In step (1) the part "{text}')
    parse_feedback(f'In step (1) the part "{text}.')
    parse_feedback(f"Steps (1) to ({text}) are correct. The final response is also correct.")
    parse_attempt(f"(1) {text}")
    parse_attempt(f"({text})")
    parse_body("q", f"(1) a{text}", HINT)
    assert parse(f"Q: {text}", HINT) is None or f"\n{ANSWER_PREFIX}" in text


@given(st.lists(st.sampled_from(PIECES), max_size=8).map("".join))
def test_raw_pieces_are_the_turns_and_leave_nothing_out(text: str) -> None:
    pieces = raw_pieces(text, HINT)
    attempts = [piece for kind, piece in pieces if kind is TurnKind.ATTEMPT]
    turns = parse_body("", text, HINT).turns
    assert [parse_attempt(piece) for piece in attempts] == [turn.attempt for turn in turns]
    told = "".join(piece for _, piece in pieces)
    marks = ("Feedback:", f"{UPDATE_PREFIX}{HINT}", "Updated Answer:")
    for mark in marks:
        text, told = text.replace(mark, ""), told.replace(mark, "")
    assert "".join(told.split()) == "".join(text.split())


def test_raw_pieces_keep_what_is_no_step() -> None:
    text = f"I think\n(1) a\nFeedback: no\n{UPDATE_PREFIX}{HINT}\nnothing else"
    assert raw_pieces(text, HINT) == [
        (TurnKind.ATTEMPT, "I think\n(1) a"),
        (TurnKind.FEEDBACK, "no"),
        (TurnKind.ATTEMPT, "nothing else"),
    ]
