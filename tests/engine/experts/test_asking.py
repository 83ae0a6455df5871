"""Language models as FBK and IMP, at the port: what is asked, read, asked again, given up."""

import json
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1]))

from perfect_expert import reply as perfect_reply
from stand_in_expert import Notebook, StandInExpert

from db.records import Item, Split, Subtask
from engine.config import Settings, with_values
from engine.editing import Dropped, DropReason, Kept, Opinion, Rewriting
from engine.experts.asking import Asking
from engine.experts.chain import FeedbackChain, ImproveChain
from engine.experts.feedback import ExpertFeedback, elected
from engine.experts.improve import ExpertImprove
from engine.experts.prompts import load_prompts
from engine.experts.replies import GiveUp
from engine.experts.team import Team
from engine.tasks.base import CannotImprove, CannotJudge, Outcome
from engine.tasks.multistep_arithmetic import MultistepArithmetic
from engine.trajectory import (
    Attempt,
    Author,
    Feedback,
    Step,
    Trajectory,
    Turn,
    correct,
    incorrect,
    parse_attempt,
)
from local_experts.calling import Caller, Patience
from local_experts.errors import CallFailed, ExpertRefused, ExpertUnreachable, PromptTooLong
from local_experts.protocol import Finish, Reply, Request, Role

TASK = MultistepArithmetic()
PROMPTS = load_prompts(TASK.name)
QUESTION = "((1 + 2) * (3 + 4)) ="
GOLD = TASK.rationale(QUESTION)
WRONG = Attempt(
    tuple(Step(s.label, s.text.replace("= 3.", "= 5.").replace("21", "35")) for s in GOLD.steps)
)
TRUTH = TASK.feedback(QUESTION, WRONG)
ITEM = Item(
    task=TASK.name,
    split=Split.TRAIN,
    subtask=Subtask.SEEN,
    question=QUESTION,
    answer="21",
    rationale=GOLD.text,
)
NONE = {"check": "I see none.", "step": "none", "span": "", "reason": ""}
FOUND = {"check": "…", "step": TRUTH.step, "span": TRUTH.span, "reason": TRUTH.reason}


def expert(*replies: object) -> StandInExpert:
    """Replies one after the other, the last one for ever; text, JSON values or errors."""
    left = list(replies)

    def answer(_: Request) -> Reply:
        reply = left.pop(0) if len(left) > 1 else left[0]
        if isinstance(reply, Exception):
            raise reply
        if isinstance(reply, Reply):
            return reply
        return Reply(text=reply if isinstance(reply, str) else json.dumps(reply))

    return StandInExpert(answer)


def asking(expert: StandInExpert, role: str = "feedback", **values: object) -> Asking:
    experts = {f"experts.{key}": value for key, value in values.items()}
    settings = with_values(Settings(), experts).experts
    caller = Caller(expert, Notebook(), patience=Patience(tries=1))
    temperatures = {
        "feedback": settings.feedback_temperature, "improve": settings.improve_temperature
    }  # fmt: skip
    return Asking(caller, role, temperatures[role], settings, seed=5)


def judged(*replies: object, gold: str | None = None, **values: object) -> Opinion:
    return ExpertFeedback(asking(expert(*replies), **values), PROMPTS, gold)(QUESTION, WRONG)


def failure(*replies: object, **values: object) -> CannotJudge:
    with pytest.raises(CannotJudge) as caught:
        judged(*replies, **values)
    return caught.value


def test_the_first_wrong_step_is_taken_as_named() -> None:
    assert judged(FOUND) == Opinion(
        incorrect(TRUTH.step or "", TRUTH.span or "", TRUTH.reason or ""), "expert:stand-in"
    )


def test_the_gold_answer_is_shown_only_where_that_is_set() -> None:
    for gold in (None, "21"):
        one = expert(FOUND)
        ExpertFeedback(asking(one), PROMPTS, gold)(QUESTION, WRONG)
        last = one.asked[0].messages[-1].content
        assert ("<gold>21</gold>" in last) == (gold is not None)


def test_a_reply_that_makes_no_sense_is_asked_for_again_with_what_is_wrong() -> None:
    one = expert({**FOUND, "span": "no such part"}, FOUND)
    opinion = ExpertFeedback(asking(one), PROMPTS)(QUESTION, WRONG)
    assert opinion.feedback.step == TRUTH.step
    first, second = one.asked
    assert second.messages[: len(first.messages)] == first.messages
    said, complaint = second.messages[len(first.messages) :]
    assert (said.role, complaint.role) == (Role.ASSISTANT, Role.USER)
    assert "no such part" in said.content
    assert "Copy it word for word" in complaint.content


@pytest.mark.parametrize(
    "reply",
    ["", "I think step 2.", "{", "[]", {**FOUND, "step": "9"}, "\x1b[2J", "x" * 1_000_000],
    ids=["empty", "prose", "cut", "list", "no such step", "escape", "1 MB"],
)
def test_what_stays_without_sense_is_unusable(reply: object) -> None:
    assert failure(reply).outcome is Outcome.UNUSABLE


def test_how_often_to_ask_again_is_a_setting() -> None:
    one = expert("?")
    with pytest.raises(CannotJudge):
        ExpertFeedback(asking(one, reasks=3), PROMPTS)(QUESTION, WRONG)
    assert len(one.asked) == 4


def test_a_reply_that_was_cut_is_no_reply() -> None:
    cut = Reply(text=json.dumps(FOUND), finish=Finish.LENGTH)
    assert "2048 tokens" in str(failure(cut, cut))


def test_naming_no_step_is_giving_up() -> None:
    error = failure(NONE)
    assert error.outcome is Outcome.GAVE_UP
    assert "I see none." in str(error)


@pytest.mark.parametrize(
    "error",
    [
        PromptTooLong("9000"),
        CallFailed("slow"),
        ExpertRefused("filtered", 400),
        ExpertRefused("withheld", 200),
    ],
)
def test_what_cannot_be_asked_is_no_end_of_the_run(error: Exception) -> None:
    assert failure(error).outcome is Outcome.FAILED


def test_an_expert_that_is_gone_ends_the_run() -> None:
    with pytest.raises(ExpertUnreachable):
        judged(ExpertUnreachable("gone"))


def vote(step: str, span: str = "x") -> Feedback:
    return incorrect(step, span, "so")


def test_the_step_with_most_votes_wins_and_its_most_named_part() -> None:
    votes = [vote("1"), vote("2", "a"), vote("2", "b"), GiveUp("?"), vote("2", "b")]
    assert elected(votes) == vote("2", "b")


@pytest.mark.parametrize(
    "votes",
    [
        [vote("1"), vote("2")],
        [GiveUp("?"), vote("2")],
        [GiveUp("?"), GiveUp("?"), vote("2")],
        [GiveUp("?")],
    ],
)
def test_votes_that_settle_nothing_are_giving_up(votes: list[Feedback | GiveUp]) -> None:
    with pytest.raises(CannotJudge) as caught:
        elected(votes)
    assert caught.value.outcome is Outcome.GAVE_UP


def test_votes_are_other_samples_and_unusable_ones_do_not_count() -> None:
    one = expert(FOUND, "?", NONE, FOUND)
    fbk = ExpertFeedback(asking(one, votes=4, reasks=0, feedback_temperature=1.0), PROMPTS)
    assert fbk(QUESTION, WRONG).feedback.step == TRUTH.step
    assert len({request.seed for request in one.asked}) == 4


def improved(*replies: object, **values: object) -> Rewriting:
    imp = ExpertImprove(asking(expert(*replies), "improve", **values), PROMPTS)
    return imp(QUESTION, WRONG, TRUTH)


def steps_of(attempt: Attempt, since: str) -> dict[str, list[dict[str, str]]]:
    rest = attempt.steps[len(attempt.before(since)) :]
    return {"steps": [{"label": step.label, "text": step.text} for step in rest]}


def test_an_update_keeps_what_stands_before_the_flagged_step() -> None:
    assert improved(steps_of(GOLD, "2")) == Rewriting(GOLD, "expert:stand-in")


def test_an_update_that_cannot_be_used_is_asked_for_again() -> None:
    assert improved(steps_of(WRONG, "2"), steps_of(GOLD, "2")).attempt == GOLD
    assert improved(steps_of(WRONG, "2")).attempt == WRONG  # the editor names what is wrong
    with pytest.raises(CannotImprove) as caught:
        improved("?")
    assert caught.value.outcome is Outcome.UNUSABLE


def team(one: StandInExpert, *, prompts: bool = True, **values: object) -> Team:
    wanted = {f"experts.{key}": value for key, value in values.items()}
    settings = with_values(Settings(), wanted)
    caller = Caller(one, Notebook(), patience=Patience(tries=1))
    return Team(TASK, settings, PROMPTS, dict.fromkeys(settings.experts.models, caller))


MODEL = "ollama:m"


def student(attempt: Attempt, feedback: Feedback | None = None) -> Trajectory:
    text = feedback.render() if feedback else None
    return Trajectory(QUESTION, (Turn(attempt, feedback, text),))


def test_a_perfect_expert_edits_as_the_scripts_do() -> None:
    experts = team(
        StandInExpert(lambda request: perfect_reply(TASK, request)),
        feedback=[MODEL],
        improve=[MODEL],
    )
    edited = experts.editor(ITEM, 1).edit(student(WRONG))
    scripted = team(expert("?")).editor(ITEM, 1).edit(student(WRONG))
    assert isinstance(edited, Kept)
    assert isinstance(scripted, Kept)
    assert [turn.attempt for turn in edited.trajectory.turns] == [WRONG, GOLD]
    assert edited.trajectory.turns[0].feedback == TRUTH
    authors = [(t.attempt_author, t.feedback_author) for t in edited.trajectory.turns]
    assert authors == [("student", "expert:stand-in"), ("expert:stand-in", "gold")]
    assert [t.attempt for t in scripted.trajectory.turns] == [WRONG, GOLD]


def test_nobody_is_asked_about_a_right_answer() -> None:
    one = expert("?")
    edited = team(one, feedback=[MODEL], improve=[MODEL]).editor(ITEM, 1).edit(student(GOLD))
    assert isinstance(edited, Kept)
    assert edited.trajectory.turns[0].feedback == correct(GOLD)
    assert edited.trajectory.turns[0].feedback_author == Author.GOLD
    assert one.asked == []


LUCKY = Attempt(tuple(Step(s.label, s.text.replace("= 3.", "= 5.")) for s in GOLD.steps))


@pytest.mark.parametrize("check_right", [False, True])
def test_right_answers_by_wrong_steps_are_found_only_where_that_is_set(check_right: bool) -> None:
    experts = team(
        StandInExpert(lambda request: perfect_reply(TASK, request)),
        feedback=[MODEL],
        check_right=check_right,
    )
    kept = experts.editor(ITEM, 1).edit(student(LUCKY))
    assert isinstance(kept, Kept)
    assert kept.trajectory.updates == int(check_right)
    # An expert that finds nothing does not make a right answer wrong.
    for reply in (NONE, "?"):
        gold = team(expert(reply), feedback=[MODEL], check_right=True).editor(ITEM, 1)
        right = gold.edit(student(GOLD))
        assert isinstance(right, Kept)
        assert right.trajectory.updates == 0


def test_the_next_is_asked_where_one_gives_up() -> None:
    def members(*ends: Outcome | Feedback) -> FeedbackChain:
        def member(end: Outcome | Feedback) -> Callable[[str, Attempt], Opinion]:
            def judge(question: str, attempt: Attempt) -> Opinion:
                if isinstance(end, Feedback):
                    return Opinion(end, "late")
                raise CannotJudge("I cannot", end)

            return judge

        return FeedbackChain([(f"m{n}", member(end)) for n, end in enumerate(ends)])

    assert members(Outcome.GAVE_UP, Outcome.FAILED, TRUTH)(QUESTION, WRONG).author == "late"
    with pytest.raises(CannotJudge) as caught:
        members(Outcome.FAILED, Outcome.GAVE_UP)(QUESTION, WRONG)
    assert caught.value.outcome is Outcome.GAVE_UP
    assert str(caught.value) == "m0: I cannot; m1: I cannot"


def test_an_update_that_cannot_be_used_goes_to_the_next() -> None:
    def writer(update: Attempt | None, name: str) -> Callable[..., Rewriting]:
        def write(question: str, attempt: Attempt, feedback: Feedback) -> Rewriting:
            if update is None:
                raise CannotImprove("no", Outcome.GAVE_UP)
            return Rewriting(update, name)

        return write

    def chain(*updates: Attempt | None) -> ImproveChain:
        return ImproveChain([(str(n), writer(u, str(n))) for n, u in enumerate(updates)])

    assert chain(None, WRONG, GOLD)(QUESTION, WRONG, TRUTH) == Rewriting(GOLD, "2")
    assert chain(WRONG, None)(QUESTION, WRONG, TRUTH) == Rewriting(WRONG, "0")
    with pytest.raises(CannotImprove, match="0: no; 1: no"):
        chain(None, None)(QUESTION, WRONG, TRUTH)


def test_a_model_that_gives_up_escalates_to_the_scripts() -> None:
    one = expert(NONE)
    edited = team(one, feedback=[MODEL, "script"], improve=["script"]).editor(ITEM, 1)
    kept = edited.edit(student(WRONG))
    assert isinstance(kept, Kept)
    assert kept.trajectory.turns[0].feedback_author == Author.SCRIPT


@pytest.mark.parametrize(
    ("values", "replies", "reason"),
    [
        ({"feedback": [MODEL]}, [NONE], DropReason.FEEDBACK_GAVE_UP),
        ({"feedback": [MODEL]}, ["?"], DropReason.FEEDBACK_UNUSABLE),
        ({"improve": [MODEL]}, ["?"], DropReason.IMPROVE_UNUSABLE),
        ({"improve": [MODEL]}, [steps_of(WRONG, "2")], DropReason.UPDATE_UNCHANGED),
        ({"improve": [MODEL]}, [ExpertRefused("filtered", 400)], DropReason.IMPROVE_FAILED),
    ],
)
def test_what_is_of_no_use_is_dropped_with_its_reason(
    values: dict[str, object], replies: list[object], reason: DropReason
) -> None:
    dropped = team(expert(*replies), **values).editor(ITEM, 1).edit(student(WRONG))
    assert isinstance(dropped, Dropped)
    assert dropped.reason is reason


def test_scripts_are_asked_one_at_a_time() -> None:
    inside = threading.Semaphore(1)

    class Alone(MultistepArithmetic):
        def feedback(self, *args: object, **more: object) -> Feedback:
            assert inside.acquire(blocking=False)
            try:
                return super().feedback(*args, **more)  # type: ignore[arg-type]
            finally:
                inside.release()

    alone = Team(Alone(), Settings())

    def edit(_: int) -> bool:
        return isinstance(alone.editor(ITEM, 1).edit(student(WRONG)), Kept)

    with ThreadPoolExecutor(4) as pool:
        assert all(pool.map(edit, range(80)))


def test_the_wrong_attempt_is_what_it_is_meant_to_be() -> None:
    assert parse_attempt(WRONG.text) == WRONG
    assert not TRUTH.is_correct
