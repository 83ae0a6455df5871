"""FBK by a language model: asked for the first wrong step of an attempt whose answer is wrong.

TriPosT, section 3.1: the gold answer decides whether FBK is asked at all; FBK does not see it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

from engine.editing import FeedbackModule, Opinion
from engine.experts.asking import Asking, NotAnswerable
from engine.experts.prompts import Prompts
from engine.experts.replies import GiveUp, ReplyUnusable, feedback_schema, read_feedback
from engine.tasks.base import CannotJudge, Outcome, Task
from engine.trajectory import Attempt, Author, Feedback, correct


@dataclass(frozen=True, slots=True)
class ExpertFeedback:
    """A language model's feedback on wrong attempts. ``gold`` is shown to it where given."""

    asking: Asking
    prompts: Prompts
    gold: str | None = None

    def __call__(self, question: str, attempt: Attempt) -> Opinion:
        """Ask as often as there are votes. Raises CannotJudge."""
        messages = self.prompts.feedback_messages(question, attempt, self.gold)
        schema = feedback_schema(attempt)
        votes: list[Feedback | GiveUp] = []
        complaint = ""
        for number in range(self.asking.settings.votes):
            try:
                vote = self.asking.ask(
                    messages,
                    schema,
                    lambda text: read_feedback(text, attempt),
                    variant=f"{number}/{attempt.text}",
                )
            except ReplyUnusable as error:
                complaint = error.complaint
            except NotAnswerable as error:
                raise CannotJudge(str(error)) from error
            else:
                votes.append(vote)
        if not votes:
            raise CannotJudge(complaint, Outcome.UNUSABLE)
        return Opinion(elected(votes), self.asking.author)


def elected(votes: Sequence[Feedback | GiveUp]) -> Feedback:
    """Return the feedback on the step that most votes name, with the part that most name there.

    Naming none is a vote as well. Raises CannotJudge where that wins, or two steps are level.
    """
    steps = Counter(vote.step if isinstance(vote, Feedback) else None for vote in votes)
    (step, most), *others = steps.most_common()
    if others and others[0][1] == most:
        named = ", ".join(str(step) for step, count in steps.items() if count == most)
        raise CannotJudge(f"{most} votes each for {named}", Outcome.GAVE_UP)
    if step is None:
        words = next(vote.check for vote in votes if isinstance(vote, GiveUp))
        raise CannotJudge(f"no step named: {words}", Outcome.GAVE_UP)
    named_it = [vote for vote in votes if isinstance(vote, Feedback) and vote.step == step]
    # Of parts that are named equally often, the one that came first.
    span, _ = Counter(vote.span for vote in named_it).most_common(1)[0]
    return next(vote for vote in named_it if vote.span == span)


@dataclass(frozen=True, slots=True)
class GoldFirst:
    """Takes an attempt as right whose answer is right, and asks ``then`` about any other.

    With ``check_right`` it asks in any case, and takes a right answer's steps as right where no
    error in them is named.
    """

    task: Task
    answer: str
    then: FeedbackModule
    check_right: bool = False

    def __call__(self, question: str, attempt: Attempt) -> Opinion:
        """Raises CannotJudge."""
        said = self.task.answer(attempt)
        if not self.task.is_right(said, self.answer, question=question, attempt=attempt.text):
            return self.then(question, attempt)
        if self.check_right:
            with suppress(CannotJudge):
                return self.then(question, attempt)
        return Opinion(correct(attempt), Author.GOLD)
