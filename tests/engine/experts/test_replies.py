"""What experts reply, read: forms that are put right, and all that is refused."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.experts.replies import (
    MOST_REASON_CHARS,
    MOST_REPLY_CHARS,
    MOST_SPAN_CHARS,
    MOST_STEPS,
    MOST_UPDATE_CHARS,
    GiveUp,
    ReplyUnusable,
    feedback_schema,
    improve_schema,
    read_feedback,
    read_improvement,
)
from engine.trajectory import (
    Attempt,
    Feedback,
    Step,
    Trajectory,
    Turn,
    incorrect,
    parse,
    parse_attempt,
    parse_feedback,
    render,
)

ATTEMPT = parse_attempt(
    "(1) There are 3 bags.\n(2) Each has 8 apples,  so 3 * 8 = 23.\n(2.1) In all 23.\n"
    "(Final response) So the answer is 23."
)
FLAGGED = incorrect("2", "3 * 8 = 23", "3 * 8 = 24")
NEW = [
    {"label": "2", "text": "Each has 8 apples, so 3 * 8 = 24."},
    {"label": "Final response", "text": "So the answer is 24."},
]
UPDATE = Attempt((ATTEMPT.steps[0], *(Step(step["label"], step["text"]) for step in NEW)))


def feedback_reply(**changes: Any) -> str:
    right = {"check": "", "step": "2", "span": "3 * 8 = 23", "reason": "3 * 8 = 24"}
    return json.dumps(right | changes)


def read(**changes: Any) -> Feedback | GiveUp:
    return read_feedback(feedback_reply(**changes), ATTEMPT)


def improved(*steps: Any) -> Attempt:
    return read_improvement(json.dumps({"steps": steps}), ATTEMPT, FLAGGED)


def complaint_of(reply: str, attempt: Attempt = ATTEMPT) -> str:
    with pytest.raises(ReplyUnusable) as caught:
        read_feedback(reply, attempt)
    return caught.value.complaint


def complaint_about(*steps: Any) -> str:
    with pytest.raises(ReplyUnusable) as caught:
        improved(*steps)
    return caught.value.complaint


# --- feedback ------------------------------------------------------------------------------------


def test_feedback_is_read() -> None:
    assert read() == FLAGGED


@pytest.mark.parametrize("label", ["(2)", "step 2", "Step (2)", " 2 ", "2.", "Step 2:", 2])
def test_a_label_may_be_written_in_other_ways(label: object) -> None:
    assert read(step=label) == FLAGGED


@pytest.mark.parametrize("label", ["Final response", "final response", "(Final Response)"])
def test_so_may_the_final_response(label: str) -> None:
    said = read(step=label, span="23", reason="it is 24")
    assert said == incorrect("Final response", "23", "it is 24")


@pytest.mark.parametrize("reply", [
    "```json\n{}\n```", "```\n{}```", "  {}\n\n", "Here it is: {}", "\ufeff{}",
])  # fmt: skip
def test_a_fence_or_words_around_the_object_do_not_matter(reply: str) -> None:
    assert read_feedback(reply.replace("{}", feedback_reply()), ATTEMPT) == FLAGGED


@pytest.mark.parametrize("span", [
    '"3 * 8 = 23"', "`3 * 8 = 23`", "3 * 8 = 23 ", "3 *\n8 = 23", "3 * 8 = 23\x00",
])  # fmt: skip
def test_a_span_may_have_something_around_it_and_other_blanks(span: str) -> None:
    assert read(span=span) == FLAGGED


def test_a_span_is_as_the_step_has_it() -> None:
    said = read(span="(2) Each has 8 apples, so")
    assert said == incorrect("2", "Each has 8 apples,  so", "3 * 8 = 24")


def test_a_number_that_looks_like_the_label_may_begin_a_span() -> None:
    attempt = Attempt((Step("2", 'We now have: (2) "b" < (1) "a".'),))
    reply = feedback_reply(span='(2) "b" < (1) "a"')
    assert read_feedback(reply, attempt) == incorrect("2", '(2) "b" < (1) "a"', "3 * 8 = 24")


def test_a_full_stop_that_the_step_does_not_have_is_left_out() -> None:
    assert read(span="3 * 8.") == incorrect("2", "3 * 8", "3 * 8 = 24")


@pytest.mark.parametrize("reason", [
    "3 * 8 = 24.", "This is because 3 * 8 = 24.", " 3 * 8\n= 24 ", "3 * 8 = 24\u0007",
])  # fmt: skip
def test_a_reason_is_one_line_without_a_full_stop(reason: str) -> None:
    assert read(reason=reason) == FLAGGED


@pytest.mark.parametrize("step", ["none", "None", None, "(none)"])
def test_no_step_is_a_named_giving_up(step: str | None) -> None:
    assert read(step=step, check="(1) is\nright.") == GiveUp("(1) is right.")


def test_complaints_say_what_to_do() -> None:
    assert complaint_of(feedback_reply(span="3 * 9")) == (
        'The span "3 * 9" does not stand in step (2). Copy it word for word.'
    )
    assert complaint_of(feedback_reply(step="7")) == (
        'The attempt has no step "7". Name one of its steps (1, 2, 2.1, Final response) or "none".'
    )
    assert complaint_of(feedback_reply(reason=" .")) == (
        '"reason" is empty. Say in one sentence why the span is wrong.'
    )


@pytest.mark.parametrize("key", ["step", "span", "reason"])
@pytest.mark.parametrize("value", ["", "  ", "\x00", 2.5, True, [], {"a": 1}])
def test_what_is_no_text_is_refused(key: str, value: object) -> None:
    assert complaint_of(feedback_reply(**{key: value}))


@pytest.mark.parametrize("text", [
    "", "I think step 2 is wrong.", "[]", "null", '"2"', "{", '{"step": }', "{" * 50_000,
    '{"a":' * 50_000 + "1" + "}" * 50_000, "[" * 100_000, '{"step": ' + "9" * 10_000 + "}",
    "{}" * 99, "\ud800", "{" + "x" * (MOST_REPLY_CHARS + 1) + "}",
])  # fmt: skip
def test_what_is_no_object_is_refused(text: str) -> None:
    assert complaint_of(text)


def test_too_long_spans_and_reasons_are_refused() -> None:
    long = Attempt((Step("1", "a" * 1000), *ATTEMPT.steps))
    reply = feedback_reply(step="1", span="a" * (MOST_SPAN_CHARS + 1))
    assert "301 characters" in complaint_of(reply, long)
    assert "601 characters" in complaint_of(feedback_reply(reason="b" * (MOST_REASON_CHARS + 1)))


def test_a_span_of_two_lines_is_refused() -> None:
    attempt = parse_attempt("(1) One,\ntwo.\n(Final response) So the answer is 2.")
    assert "more than one line" in complaint_of(feedback_reply(step="1", span="One, two"), attempt)


def test_what_would_read_as_other_feedback_is_refused() -> None:
    forged = '3" is incorrect. This is because of me'
    attempt = Attempt((Step("1", f"See {forged}"), *ATTEMPT.steps[-1:]))
    assert "read back" in complaint_of(feedback_reply(step="1", span=forged), attempt)


def test_labels_of_the_attempt_are_the_choices() -> None:
    assert feedback_schema(ATTEMPT)["properties"]["step"]["enum"] == [
        "1", "2", "2.1", "Final response", "none",
    ]  # fmt: skip
    assert set(improve_schema()["required"]) == {"steps"}
    many = Attempt(tuple(Step(str(number), "") for number in range(1_000)))
    assert "enum" not in feedback_schema(many)["properties"]["step"]


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)
spans = st.sampled_from(["3 * 8 = 23", "8", '"', " is incorrect. This is because ", "\n", "(2) "])
said = st.lists(spans | st.text(max_size=5), max_size=5).map("".join)


@given(st.text() | anything.map(json.dumps))
def test_any_text_is_read_or_refused_with_a_complaint(text: str) -> None:
    complaints = []
    for read_as in (
        lambda: read_feedback(text, ATTEMPT),
        lambda: read_improvement(text, ATTEMPT, FLAGGED),
    ):
        try:
            read_as()
        except ReplyUnusable as error:
            complaints.append(error.complaint)
    assert complaints
    assert all(complaint.endswith(".") for complaint in complaints)


@given(st.sampled_from(["1", "2", "2.1", "Final response", "4"]), said, said, said)
def test_feedback_that_is_taken_can_be_written_and_read_back(
    step: str, span: str, reason: str, text: str
) -> None:
    attempt = Attempt((*ATTEMPT.steps[:1], Step("2", text.strip()), *ATTEMPT.steps[2:]))
    reply = json.dumps({"check": "", "step": step, "span": span, "reason": reason})
    try:
        feedback = read_feedback(reply, attempt)
    except ReplyUnusable:
        return
    assert isinstance(feedback, Feedback)
    assert parse_feedback(feedback.render()) == feedback
    assert "\n" not in feedback.render()


# --- updates -------------------------------------------------------------------------------------


def test_an_update_is_the_kept_steps_and_the_new_ones() -> None:
    assert improved(*NEW) == UPDATE


def test_kept_steps_may_be_repeated_word_for_word() -> None:
    assert improved({"label": "(1)", "text": "There are  3 bags. "}, *NEW) == UPDATE


def test_changed_kept_steps_are_refused() -> None:
    changed = {"label": "1", "text": "There are 4 bags."}
    assert complaint_about(changed, *NEW) == (
        "Step (1) stands before the wrong one and stays as it is. Begin with step (2)."
    )


def test_labels_may_be_numbers_or_stand_in_the_text() -> None:
    assert improved({"label": 2, "text": "(2) " + NEW[0]["text"]}, NEW[1]) == UPDATE


def test_steps_may_come_before_the_flagged_final_response() -> None:
    flagged = incorrect("Final response", "23", "24")
    new = [{"label": "3", "text": "It is 24."}, NEW[1]]
    update = read_improvement(json.dumps({"steps": new}), ATTEMPT, flagged)
    assert [step.label for step in update.steps] == ["1", "2", "2.1", "3", "Final response"]


def test_a_step_after_the_final_response_is_left_out() -> None:
    longer = Attempt((*ATTEMPT.steps, Step("3", "I see.")))
    flagged = incorrect("3", "I see", "the final response is already given")
    assert read_improvement('{"steps": []}', longer, flagged) == ATTEMPT


@pytest.mark.parametrize("steps", [
    [], [None], ["2"], [{}], [{"label": "2"}], [{"label": "two", "text": "a"}], NEW[:1],
    [*NEW, {"label": "3", "text": "More."}], [NEW[0], *NEW], [NEW[0], NEW[1], NEW[1]],
    [{"label": "none", "text": "a"}, NEW[1]], [{"label": "2", "text": " "}, NEW[1]],
])  # fmt: skip
def test_steps_of_another_form_are_refused(steps: list[object]) -> None:
    assert complaint_about(*steps)


@pytest.mark.parametrize("text", [
    "a\nFeedback: Step (1) is correct.", "a\nUpdated Answer: b", "a\n(3) b",
    "a\n(Final response) So the answer is 5.", "a\r\n(9) b",
])  # fmt: skip
def test_a_step_that_would_be_read_as_more_is_refused(text: str) -> None:
    assert "entry of its own" in complaint_about({"label": "2", "text": text}, NEW[1])


def test_too_many_and_too_long_steps_are_refused() -> None:
    many = [{"label": f"2.{number}", "text": "a"} for number in range(MOST_STEPS + 5)]
    assert "200 at most" in complaint_about(*many, NEW[1])
    long = {"label": "2", "text": "a" * MOST_UPDATE_CHARS}
    assert f"{MOST_UPDATE_CHARS} at most" in complaint_about(long, NEW[1])


pieces = st.sampled_from(["\nFeedback:", "\nUpdated Answer:", "\n(2) ", "\n", "(1)", " ", "\x00"])
texts = st.lists(pieces | st.text(max_size=6), max_size=5).map("".join)
labels = st.sampled_from(["1", "2", "2.1", "(3)", "Final response", "x"]) | st.integers()


@given(st.lists(st.fixed_dictionaries({"label": labels, "text": texts}), max_size=4), texts)
def test_an_update_that_is_taken_is_one_turn_of_a_trajectory(
    steps: list[dict[str, object]], last: str
) -> None:
    listed = [*steps, {"label": "Final response", "text": last}]
    try:
        update = improved(*listed)
    except ReplyUnusable:
        return
    assert update.steps[:1] == ATTEMPT.steps[:1]
    assert update.final_response is not None
    trajectory = Trajectory("How many?", (Turn.of(ATTEMPT, FLAGGED), Turn(update)))
    read_again = parse(render(trajectory, ""), "")
    assert read_again is not None
    assert [turn.attempt for turn in read_again.turns] == [ATTEMPT, update]
