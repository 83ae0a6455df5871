"""A Playground: what there is to ask, how the model's process stands, what was asked."""

from __future__ import annotations

import random
from collections.abc import Sequence
from enum import StrEnum

from db.records import Subtask
from engine.play.messages import Ask, Cancel, Doing, Ended, Event, Failed, Ready
from engine.play.outlook import Outlook, TestItem, Weights, weights_name
from tripost_tui.actions.keymap import fill, key_of
from tripost_tui.situation import Situation
from tripost_tui.state.new_project import Choice
from tripost_tui.state.playing import Asked, Column
from tripost_tui.state.run import Trouble
from tripost_tui.text import clean_text, one_line

TEMPERATURES = (0.0, 0.3, 0.7, 1.0)
MOST_UPDATES = 20
NOTHING = "nothing"
"""What stands in the list of models for a column that is not wanted."""


class Phase(StrEnum):
    """How the model's process stands."""

    LOOKING = "looking"
    EMPTY = "not loaded"
    LOADING = "loading"
    READY = "ready"
    ANSWERING = "answering"
    ENDED = "ended"
    FAILED = "failed"

    @property
    def is_over(self) -> bool:
        """There is no process, and something was in its way."""
        return self in (Phase.ENDED, Phase.FAILED)


class Playground:
    """It outlives its screen, and the process: who comes back finds what was asked before."""

    def __init__(self) -> None:
        self.phase = Phase.LOOKING
        self.outlook: Outlook | None = None
        self.trouble: Trouble | None = None
        self.doing = ""
        self.since = 0.0
        self.ready: Ready | None = None
        self.chosen: tuple[int, ...] = ()
        self.temperature = 0.0
        self.max_updates: int | None = None
        self.asked: list[Asked] = []
        self.at: int | None = None
        """Which of them is shown; None for the newest, with a draft in the field."""
        self.draft = ""
        self._pending = False
        """What is open has yet to be asked of the process."""
        self._picked = False
        self._by_question: dict[str, TestItem] = {}
        self._random = random.Random()

    # --- before anything is asked ----------------------------------------------------------

    def begin_look(self) -> None:
        """The process is gone, or not there yet: what there is has to be looked at."""
        self.phase, self.trouble, self.ready = Phase.LOOKING, None, None

    def take(self, outlook: Outlook) -> None:
        """What there is to ask."""
        self.outlook, self.phase, self.trouble = outlook, Phase.EMPTY, None
        self._by_question = {item.question: item for item in outlook.items}
        there = {weights.iteration for weights in outlook.weights if not weights.problem}
        if not self._picked or not set(self.chosen) <= there:
            self.chosen = (0, outlook.latest) if outlook.latest else (0,)
        if self.max_updates is None:
            self.max_updates = outlook.max_updates

    def fail(self, trouble: Trouble) -> None:
        """It cannot be looked at, or not be started."""
        self.phase, self.trouble = Phase.FAILED, trouble
        self._give_up(cancelled=False)

    def begin_load(self, now: float) -> None:
        """A process was started at ``now``, in seconds of any clock."""
        self.phase, self.since, self.doing = Phase.LOADING, now, "starting"

    @property
    def loads_by_itself(self) -> bool:
        """Nothing is in the way, and nobody is disturbed."""
        return self.outlook is not None and self.outlook.fits and not self.outlook.at_work

    # --- models, items, settings -----------------------------------------------------------

    def choices(self, *, right: bool) -> list[Choice]:
        """The models for a column, by their names."""
        found = [] if self.outlook is None else self.outlook.weights
        lines = [
            Choice(weights.name, weights.problem or _about(weights.iteration)) for weights in found
        ]
        return [*lines, Choice(NOTHING, "one column only")] if right else lines

    def choose(self, left: str, right: str) -> str:
        """Take two models by their names; say why not, or nothing."""
        found = {w.name: w for w in self.outlook.weights} if self.outlook else {}
        wanted = [found[name] for name in (left, right) if name in found]
        for weights in wanted:
            if weights.problem:
                return f"{weights.name}: {weights.problem}"
        self.chosen = tuple(dict.fromkeys(weights.iteration for weights in wanted)) or (0,)
        self._picked = True
        return ""

    def next_temperature(self) -> None:
        later = [t for t in TEMPERATURES if t > self.temperature]
        self.temperature = later[0] if later else TEMPERATURES[0]

    def change_updates(self, by: int) -> None:
        self.max_updates = max(0, min(MOST_UPDATES, (self.max_updates or 0) + by))

    def draw(self, subtask: Subtask | None) -> TestItem | None:
        """A test item by chance, another than the newest asked where there is one."""
        items: Sequence[TestItem] = self.outlook.items if self.outlook else ()
        wanted = [item for item in items if subtask is None or item.subtask is subtask]
        last = self.asked[-1].question if self.asked else ""
        others = [item for item in wanted if item.question != last]
        return self._random.choice(others or wanted) if wanted else None

    def item_of(self, question: str) -> TestItem | None:
        """The test item that asks this very question."""
        return self._by_question.get(question)

    # --- asking and history ----------------------------------------------------------------

    def ask(self, question: str) -> None:
        """Ask the chosen models, when there is a process to ask; each asking has its own seed."""
        number = len(self.asked) + 1
        item = self.item_of(question)
        updates = self.max_updates or 0
        columns = [Column(weights) for weights in self.chosen]
        self.asked.append(Asked(number, question, item, self.temperature, updates, columns))
        self.at, self.draft = None, ""
        self._pending = True

    def request(self) -> Ask | None:
        """What is to be asked of the process now, once; None where nothing is."""
        asked = self.open
        if self.phase is not Phase.READY or not self._pending or asked is None:
            return None
        self.phase, self._pending = Phase.ANSWERING, False
        if not asked.columns:
            # It was asked before it was known whom.
            asked.columns = [Column(weights) for weights in self.chosen]
            asked.item, asked.max_updates = self.item_of(asked.question), self.max_updates or 0
        return Ask(
            id=asked.id,
            question=asked.question,
            weights=tuple(column.weights for column in asked.columns),
            temperature=asked.temperature,
            seed=asked.id,
            max_updates=asked.max_updates,
            answer=asked.item.answer if asked.item else None,
            item_id=asked.item.id if asked.item else None,
        )

    def cancel(self) -> Cancel | None:
        """Give up the question at hand; what is returned is to be asked of the process."""
        asked = self.open
        if asked is None:
            return None
        if not self._pending:
            return Cancel(id=asked.id)
        self._give_up(cancelled=True)
        return None

    def _give_up(self, *, cancelled: bool) -> None:
        self._pending = False
        for asked in self.asked:
            if not asked.over:
                asked.over, asked.cancelled = True, cancelled

    @property
    def shown(self) -> Asked | None:
        """The question whose answers are shown."""
        if not self.asked:
            return None
        return self.asked[-1 if self.at is None else self.at]

    @property
    def open(self) -> Asked | None:
        """The question that is being answered, or waits for the model."""
        return self.asked[-1] if self.asked and not self.asked[-1].over else None

    def earlier(self, typed: str) -> str | None:
        """The question before the one in the field, ``typed``; None where there is none."""
        draft, place = self.draft, len(self.asked) if self.at is None else self.at
        if self.at is None:
            newest = self.asked[-1].question if self.asked else None
            draft = "" if typed == newest else typed
            place -= typed == newest
        if place < 1:
            return None
        self.at, self.draft = place - 1, draft
        return self.asked[place - 1].question

    def later(self) -> str | None:
        """The question after the one in the field, at last the draft; None where there is none."""
        if self.at is None:
            return None
        if self.at + 1 < len(self.asked):
            self.at += 1
            return self.asked[self.at].question
        self.at = None
        draft, self.draft = self.draft, ""
        return draft or self.asked[-1].question

    # --- the process -----------------------------------------------------------------------

    def apply(self, event: Event) -> None:
        """Take in what the process says."""
        match event:
            case Doing():
                self.doing = event.text
            case Ready():
                self.ready, self.phase = event, Phase.READY
            case Ended():
                self._end(event)
            case Failed(id=None):
                pass  # its end follows, which says it
            case _:
                asked = next((one for one in self.asked if one.id == event.id), None)
                if asked is not None:
                    asked.take(event)
                if self.phase is Phase.ANSWERING and self.open is None:
                    self.phase = Phase.READY

    def _end(self, event: Ended) -> None:
        self.phase, self.ready = Phase.ENDED, None
        title = event.title or "The model's process has ended"
        self.trouble = Trouble(title, event.message)
        self._give_up(cancelled=False)

    def left(self) -> None:
        """The screen is left, and the process with it."""
        self._give_up(cancelled=True)
        self.at = None

    # --- showing ---------------------------------------------------------------------------

    def word(self, now: float) -> str:
        if self.phase is Phase.LOADING:
            return f"loading {max(0.0, now - self.since):.0f} s"
        return self.phase.value

    def way(self) -> str:
        """How it is asked: ``greedy``, or a temperature."""
        return "greedy" if not self.temperature else f"temperature {self.temperature:g}"

    def names(self) -> str:
        return " | ".join(weights_name(weights) for weights in self.chosen)

    def notices(self) -> list[tuple[str, str, str]]:
        """What a person has to know: (severity, title, message) each."""
        found: list[tuple[str, str, str]] = []
        if self.trouble is not None:
            message = f"{self.trouble.message} {key_of('playground.ask')} tries again.".lstrip()
            found.append(("error", self.trouble.title, clean_text(message)))
        outlook = self.outlook
        if self.phase is Phase.LOADING:
            found.append(("info", "Loading", f"{self.doing}; what you ask now is answered then"))
        if outlook is None:
            return found
        if outlook.at_work:
            asks = fill("{playground.ask} loads it all the same; ")
            asks = asks if self.phase is Phase.EMPTY else ""
            names = ", ".join(one_line(name, 40) for name in outlook.at_work[:3])
            text = f"{asks}both share memory and processor, and the training slows down"
            found.append(("warning", f"An engine is at work ({names})", text))
        if self.phase is Phase.EMPTY and not outlook.fits:
            found.append(("warning", "Memory may not suffice", outlook.memory))
        found += _gone([one for one in outlook.weights if one.problem])
        if self.ready is not None and self.ready.note:
            found.append(("info", "Asked in plain text, not as a chat", one_line(self.ready.note)))
        return found

    @property
    def nothing(self) -> str:
        """What to say where it is not known what there is to ask."""
        if self.phase is Phase.LOOKING:
            return "Looking what there is to ask."
        return fill("There is nothing to ask: see above. {playground.ask} looks again, esc leaves.")

    def situation(self) -> Situation:
        busy = None
        if self.open is not None:
            busy = "It is answering: esc cancels."
        elif self.phase is Phase.LOOKING:
            busy = "It is still being looked at what there is to ask."
        return Situation(
            selected=True,
            readable=self.outlook is not None,
            busy=busy,
            has_trajectory=self.shown is not None,
            has_choices=bool(self.outlook and self.outlook.items),
        )


def _gone(weights: Sequence[Weights]) -> list[tuple[str, str, str]]:
    """That weights cannot be asked, in one notice however many they are."""
    if not weights:
        return []
    first = clean_text(weights[0].problem)
    if len(weights) == 1:
        return [("warning", f"No {weights[0].name}", first)]
    others = "" if all(one.problem == weights[0].problem for one in weights) else "; so on for each"
    numbers = ", ".join(str(one.iteration) for one in weights)
    return [("warning", f"No iterations {numbers}", first + others)]


def _about(iteration: int) -> str:
    return f"after training in iteration {iteration}" if iteration else "before all training"
