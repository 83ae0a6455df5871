"""IMP by a language model: continues an attempt from the flagged step."""

from __future__ import annotations

from dataclasses import dataclass

from engine.editing import Dropped, Rewriting, fault_of_update
from engine.experts.asking import Asking, NotAnswerable
from engine.experts.prompts import Prompts
from engine.experts.replies import ReplyUnusable, improve_schema, read_improvement
from engine.tasks.base import CannotImprove, Outcome
from engine.trajectory import Attempt, Feedback


class _Faulty(ReplyUnusable):
    """An update that can be read, but not be used."""

    def __init__(self, update: Attempt, fault: Dropped) -> None:
        part = f': "{fault.detail}"' if fault.detail else ""
        super().__init__(f"This cannot be used, since the {fault.reason}{part}.")
        self.update = update


@dataclass(frozen=True, slots=True)
class ExpertImprove:
    """A language model's updates. ``gold`` is the right answer, shown to it where given."""

    asking: Asking
    prompts: Prompts
    gold: str | None = None

    def __call__(self, question: str, attempt: Attempt, feedback: Feedback) -> Rewriting:
        """Ask for the steps from the flagged one on. Raises CannotImprove.

        An update that stays as it was, or otherwise cannot be used, is asked for again, and then
        returned: whoever edits names what is wrong with it.
        """

        def read(text: str) -> Attempt:
            update = read_improvement(text, attempt, feedback)
            if fault := fault_of_update(attempt, feedback, update):
                raise _Faulty(update, fault)
            return update

        try:
            update = self.asking.ask(
                self.prompts.improve_messages(question, attempt, feedback, self.gold),
                improve_schema(),
                read,
                variant=attempt.text,
            )
        except _Faulty as error:
            update = error.update
        except ReplyUnusable as error:
            raise CannotImprove(error.complaint, Outcome.UNUSABLE) from error
        except NotAnswerable as error:
            raise CannotImprove(str(error)) from error
        return Rewriting(update, self.asking.author)
