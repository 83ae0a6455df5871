"""Scores of experts on planted errors: of a perfect one, a lazy one and a broken one."""

import json
from collections.abc import Callable
from dataclasses import replace

import pytest

from db.records import Split, Subtask
from engine.experts.bench import (
    Fbk,
    Finding,
    Fix,
    Imp,
    bench,
    score_feedback,
    score_improve,
    summary,
)
from engine.experts.planting import Planted, as_reply, plant
from engine.experts.replies import (
    read_feedback,
    read_improvement,
)
from engine.experts.trial import Part, one_item_trial
from engine.statistics import Share
from engine.tasks import TASKS
from engine.tasks.base import CannotImprove, CannotJudge, Outcome
from engine.trajectory import Attempt, Feedback, Step, correct, incorrect

TASK = TASKS["multistep_arithmetic"]()
ITEMS = TASK.generate(Split.DEV, list(Subtask), 10, seed=4)
ERRORS = list(plant(TASK, ITEMS, 20))
ERROR = ERRORS[0]


def lazy(question: str, attempt: Attempt) -> Feedback:
    return incorrect("1", attempt.steps[0].text, "it is")


def gives_up(question: str, attempt: Attempt) -> Feedback:
    raise CannotJudge("(1) is right", Outcome.GAVE_UP)


def broken(question: str, attempt: Attempt) -> Feedback:
    raise CannotJudge("This is not one JSON object.")


def unchanged(question: str, attempt: Attempt, feedback: Feedback) -> Attempt:
    return attempt


def breaks_off(question: str, attempt: Attempt, feedback: Feedback) -> Attempt:
    return Attempt(TASK.rationale(question).steps[:-1])


def gives_up_improving(question: str, attempt: Attempt, feedback: Feedback) -> Attempt:
    raise CannotImprove("too hard", Outcome.GAVE_UP)


def broken_improving(question: str, attempt: Attempt, feedback: Feedback) -> Attempt:
    raise CannotImprove("no steps")


@pytest.mark.parametrize("name", sorted(TASKS))
def test_the_scripts_are_perfect_experts(name: str) -> None:
    task = TASKS[name]()
    errors = plant(task, task.generate(Split.DEV, list(Subtask), 10, seed=4), 20)

    def fbk(question: str, attempt: Attempt) -> Feedback:
        said = read_feedback(as_reply(task.feedback(question, attempt)), attempt)
        assert isinstance(said, Feedback)
        return said

    def imp(question: str, attempt: Attempt, feedback: Feedback) -> Attempt:
        update = task.improve(question, attempt, feedback)
        new = update.steps[len(attempt.before(feedback.step or "")) :]
        steps = [{"label": step.label, "text": step.text} for step in new]
        return read_improvement(json.dumps({"steps": steps}), attempt, feedback)

    found = summary(list(bench(task, errors, fbk, imp)))
    assert found.items == 20
    assert found.feedback is not None
    assert found.improve is not None
    every, none = Share(20, 20), Share(0, 20)
    judged, improved = found.feedback, found.improve
    assert (judged.step, judged.span_overlapping, judged.span_exact) == (every, every, every)
    assert (judged.gave_up, judged.unusable, improved.gave_up, improved.unusable) == (none,) * 4
    assert improved.fixed == every
    assert sum(share.of for share in judged.by_kind.values()) == 20
    assert all(share.value == 1 for share in improved.by_kind.values())


def test_a_lazy_expert_is_right_about_first_steps_alone() -> None:
    found = summary(list(bench(TASK, ERRORS, lazy, unchanged)))
    assert found.feedback is not None
    assert found.improve is not None
    first = [error for error in ERRORS if error.truth.step == "1"]
    assert 0 < len(first) < 20
    assert found.feedback.step == found.feedback.span_overlapping == Share(len(first), 20)
    assert found.feedback.span_exact.count < len(first)
    assert found.improve.fixed == Share(0, 20)


@pytest.mark.parametrize(("fbk", "finding"), [
    (TASK.feedback, Finding.EXACT), (gives_up, Finding.GAVE_UP), (broken, Finding.UNUSABLE),
    (lambda _, attempt: correct(attempt), Finding.CORRECT),
])  # fmt: skip
def test_what_fbk_makes_of_an_error_has_a_name(fbk: Fbk, finding: Finding) -> None:
    assert score_feedback(ERROR, fbk).finding is finding


@pytest.mark.parametrize(("imp", "fix"), [
    (TASK.improve, Fix.FIXED), (unchanged, Fix.STILL_WRONG), (breaks_off, Fix.UNJUDGED),
    (gives_up_improving, Fix.GAVE_UP), (broken_improving, Fix.UNUSABLE),
])  # fmt: skip
def test_what_imp_makes_of_an_error_has_a_name(imp: Imp, fix: Fix) -> None:
    assert score_improve(TASK, ERROR, imp).fix is fix


@pytest.mark.parametrize(("said", "finding"), [
    ("1 + 1 = 3", Finding.EXACT), ("3. So", Finding.OVERLAPPING), ("= 3", Finding.OVERLAPPING),
    ("We have 1", Finding.OVERLAPPING), ("3", Finding.OVERLAPPING), ("We have ", Finding.STEP),
    (". So it is 3.", Finding.STEP), ("no part of it", Finding.STEP),
])  # fmt: skip
def test_spans_are_compared_by_where_they_stand(said: str, finding: Finding) -> None:
    attempt = Attempt((Step("1", "We have 1 + 1 = 3. So it is 3."),))
    error = Planted(ITEMS[0], attempt, incorrect("1", "1 + 1 = 3", "it is 2"), "a number")
    assert score_feedback(error, lambda *_: incorrect("1", said, "so")).finding is finding


def test_give_ups_and_unusable_replies_count_as_neither_found_nor_fixed() -> None:
    def by_turns(fbk: list[Fbk]) -> Callable[[str, Attempt], Feedback]:
        return lambda question, attempt: fbk.pop()(question, attempt)

    fbk = by_turns([gives_up] * 4 + [broken] * 6 + [TASK.feedback] * 10)
    found = summary(list(bench(TASK, ERRORS, fbk)))
    assert found.improve is None
    assert found.feedback is not None
    assert found.feedback.gave_up == Share(4, 20)
    assert found.feedback.unusable == Share(6, 20)
    assert found.feedback.step == Share(10, 20)
    assert found.feedback.step.value == 0.5
    assert 0.29 < found.feedback.step.interval.low < 0.3


def test_scores_come_one_by_one() -> None:
    asked: list[str] = []

    def fbk(question: str, attempt: Attempt) -> Feedback:
        asked.append(question)
        return lazy(question, attempt)

    scores = bench(TASK, ERRORS, fbk)
    assert not asked
    assert next(scores).planted is ERROR
    assert asked == [ERROR.item.question]


def test_nothing_scored_is_nothing_known() -> None:
    nothing = summary([])
    assert (nothing.items, nothing.feedback, nothing.improve) == (0, None, None)
    assert Share(0, 0).value is None


# --- one item, told ------------------------------------------------------------------------------


def test_a_trial_is_told_in_order_and_before_anything_is_asked() -> None:
    told = one_item_trial(TASK, ERROR, broken, broken_improving)
    assert [next(told).part for _ in range(3)] == [Part.QUESTION, Part.ATTEMPT, Part.TRUTH]
    finding, verdict = told
    assert (finding.part, finding.good) == (Part.FINDING, False)
    assert finding.text == "no usable feedback: This is not one JSON object."
    assert (verdict.part, verdict.good) == (Part.VERDICT, False)
    assert verdict.text == "no usable update: no steps"


def test_a_trial_of_the_scripts_ends_well() -> None:
    told = list(one_item_trial(TASK, ERROR, TASK.feedback, TASK.improve))
    assert [one.part for one in told] == list(Part)
    assert [one.good for one in told] == [None, None, None, None, True, None, True]
    assert told[3].text == ERROR.truth.render()


def test_a_trial_says_what_is_still_wrong() -> None:
    *_, verdict = one_item_trial(TASK, ERROR, imp=unchanged)
    assert verdict.text == f"the script finds an error in the update: {ERROR.truth.render()}"


def test_a_step_that_agrees_is_good_though_the_span_is_another() -> None:
    other = replace(ERROR.truth, span="no part of it")
    *_, finding = one_item_trial(TASK, ERROR, lambda *_: other)
    assert (finding.text, finding.good) == ("step agrees, another span", True)
