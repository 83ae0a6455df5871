"""What stands in the pane of the item under review: passages, each beside what it changes."""

from dataclasses import dataclass, replace
from enum import StrEnum

from db.records import TurnKind
from engine.trajectory import parse_feedback
from tripost_tui.state.review_port import ReviewItem
from tripost_tui.state.trajectory import Passage, Tone, passages, shown_text
from tripost_tui.text import clean_text


class DiffMode(StrEnum):
    PLAIN = "plain"
    WORDS = "changed words"
    SPLIT = "side by side"

    def after(self) -> "DiffMode":
        """The next one."""
        modes = list(DiffMode)
        return modes[(modes.index(self) + 1) % len(modes)]


@dataclass(frozen=True, slots=True)
class Shown:
    """A passage. ``before`` is the attempt that it is an update of; ``leads_on`` says that there
    is an update of this one."""

    passage: Passage
    before: Passage | None = None
    leads_on: bool = False


def shown_passages(item: ReviewItem) -> list[Shown]:
    """Question, attempts, feedback, the edited update, the reference answer."""
    found: list[Shown] = []
    last: int | None = None
    for passage in passages(item.question, item.trajectory):
        if passage.tone in (Tone.ATTEMPT, Tone.UPDATE):
            before = None
            if last is not None:
                found[last] = replace(found[last], leads_on=True)
                before = found[last].passage
            last = len(found)
            found.append(Shown(passage, before))
        else:
            found.append(Shown(passage))
    if item.edited is not None:
        original = None
        if last is not None:
            original = found[last].passage
            original = replace(original, heading=f"{original.heading} (replaced by the edit)")
            found[last] = replace(found[last], passage=original, leads_on=True)
        text = shown_text(item.edited)
        found.append(Shown(Passage("Edited in review", text, Tone.UPDATE), original))
        if item.edited_feedback is not None:
            read = parse_feedback(item.edited_feedback)
            tone = Tone.RIGHT if read is not None and read.is_correct else Tone.WRONG
            said = shown_text(item.edited_feedback)
            found.append(Shown(Passage("Feedback on the edit", said, tone)))
    found.append(Shown(Passage("Reference answer", shown_text(item.answer), Tone.QUESTION)))
    return found


def last_attempt(item: ReviewItem) -> str:
    """What an edit begins with, clean."""
    if item.edited is not None:
        return clean_text(item.edited)
    attempts = [turn.text for turn in item.trajectory.turns if turn.kind is TurnKind.ATTEMPT]
    return clean_text(attempts[-1]) if attempts else ""
