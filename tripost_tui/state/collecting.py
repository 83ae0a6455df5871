"""What the collect screen shows, from readings of the database; knows nothing of Textual."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from db.records import DropStage, Stage, StageStatus
from engine.methods import Attempts, facts_in, is_by_expert
from tripost_tui.actions.keymap import fill
from tripost_tui.situation import Situation
from tripost_tui.state.collect_reading import CollectReading, Counters, Shown
from tripost_tui.state.expert_traffic import ExpertRow, Spending
from tripost_tui.state.expert_trouble import ExpertTrouble
from tripost_tui.state.stages import DropRow, drop_rows
from tripost_tui.state.standing import Standing
from tripost_tui.state.trajectory import Passage, Tone, passages, plain, shown_text
from tripost_tui.state.wording import counted, duration, roughly, shorten
from tripost_tui.text import clean_text, one_line

_NAME_CHARS = 200


@dataclass(frozen=True, slots=True)
class Count:
    """One line of the way from the student to what is kept: ``share`` is of what was sampled."""

    who: str
    n: int
    text: str
    share: float | None = None


class CollectState(Standing[CollectReading]):
    """What an iteration collects, kept up to date by readings.

    ``wanted`` is the iteration that a person chose; None follows the newest. ``refusal`` is why
    no engine could be started for an expert's sake, until one is.
    """

    PAUSES = "collect.pause"

    def __init__(self, name: str, *, latest: bool = True) -> None:
        super().__init__(name, latest=latest)
        self.wanted: int | None = None
        self.refusal: ExpertTrouble | None = None
        self._passages: tuple[object, list[Passage]] = (None, [])

    def forget(self) -> None:
        self.wanted = self.refusal = None

    def apply(self, reading: CollectReading) -> None:
        super().apply(reading)
        if reading.view.engine.alive:
            self.refusal = None

    @property
    def shown(self) -> int:
        return self.reading.shown if self.reading else 0

    @property
    def counters(self) -> Counters:
        return self.reading.counters if self.reading else Counters()

    @property
    def live(self) -> Shown:
        return self.reading.live if self.reading else Shown()

    @property
    def experts(self) -> Sequence[ExpertRow]:
        return self.reading.experts if self.reading else ()

    @property
    def spending(self) -> Spending:
        return self.reading.spending if self.reading else Spending()

    @property
    def offline(self) -> ExpertTrouble | None:
        """Why the run does not go on, where an expert is the reason."""
        if self.alive or not self.latest or self.busy:
            return None
        return self.refusal or (self.reading.offline if self.reading else None)

    @property
    def offline_name(self) -> str | None:
        """The expert to be replaced; None where it is not known."""
        return self.offline.expert if self.offline else None

    def choose(self, by: int) -> bool:
        """Show an earlier or later iteration; False where there is none."""
        known = self.reading.iterations if self.reading else ()
        if self.shown not in known:
            return False
        at = known.index(self.shown) + by
        if not 0 <= at < len(known):
            return False
        self.wanted = None if at == len(known) - 1 else known[at]
        return True

    def title(self) -> str:
        if not self.shown or self.reading is None:
            return "Collected"
        others = len(self.reading.iterations) > 1
        ways = fill(" (keys {collect.earlier} and {collect.later} show others)") if others else ""
        return f"Collected, iteration {self.shown}{ways}"

    def empty(self) -> str:
        """Why there is nothing to see; empty where there is."""
        if self.reading is None:
            return "" if self.trouble else "Reading the run."
        if self.run is None:
            return fill("There is no run yet. {collect.pause} starts it.")
        if self.counters.sampled:
            return ""
        facts = facts_in(self.run.config)
        if facts.attempts is Attempts.NOBODY:
            return f"Nothing is collected by this method: {facts.title}. {self.whereabouts()}"
        return f"Nothing is collected yet. {self.whereabouts()}"

    def counts(self) -> list[Count]:
        """From the student, or an expert, by way of FBK and IMP to what is kept."""
        one = self.counters
        config = self.run.config if self.run else {}
        corrects = facts_in(config).corrects
        if not one.sampled:
            return []

        def of_sampled(n: int) -> float:
            return n / one.sampled

        own = one.right_by_itself
        waiting = one.sampled - one.judged
        judged = "judged" + (f", {waiting:,} to come" if waiting else "")
        kept = "kept" + (f", {one.wanted:,} wanted" if one.wanted else "")
        sent = f"sent, {counted(one.updates, 'update')}"
        by_itself = [Count("", own, "after its own update", of_sampled(own))] if own else []
        correctors = [
            Count("FBK", one.judged, judged, of_sampled(one.judged)),
            Count("IMP", one.sent, sent, of_sampled(one.sent)),
        ]
        return [
            Count("expert" if is_by_expert(config) else "student", one.sampled, "attempts"),
            Count("", one.right_at_once, "right at once", of_sampled(one.right_at_once)),
            *by_itself,
            *(correctors if corrects else ()),
            Count("kept", one.kept_in_all, kept, of_sampled(one.kept_in_all)),
            *(Count("", n, origin.value) for origin, n in one.kept.items() if corrects),
            Count("dropped", one.dropped, "dropped", of_sampled(one.dropped)),
        ]

    def stage_lines(self) -> list[str]:
        """How far sampling and editing are, how fast, and how long they may take still."""
        stages = self.reading.stages_of if self.reading else ()
        return [self._stage_line(one) for one in sorted(stages, key=lambda one: one.started_at)]

    def _stage_line(self, stage: Stage) -> str:
        line = f"{stage.name.value} {stage.done:,}/{stage.total:,}"
        view = self.view
        here = view is not None and self.stage == stage.name and view.iteration == stage.iteration
        if stage.status is StageStatus.DONE:
            return f"{line}, done in {duration(stage.seconds)}"
        if not here or view is None:
            return f"{line}, {'waits' if self.alive else 'interrupted'}"
        if view.rate:
            line += f", {view.rate:.1f}/s" if view.rate >= 0.1 else f", {60 * view.rate:.1f}/min"
        if view.eta_s is not None:
            line += f", ETA {roughly(view.eta_s)}"
        return line

    def drops(self) -> list[DropRow]:
        """Why attempts were dropped in editing, the most frequent reason first."""
        found = {(1, DropStage.EDIT, reason): n for reason, n in self.counters.drops.items()}
        return drop_rows(found, 1)

    def passages(self) -> list[Passage]:
        """The trajectory that is shown; made anew only where it is another one."""
        live = self.live
        what = live.trajectory or live.attempt
        if what is not self._passages[0]:
            self._passages = (what, _passages(live))
        return self._passages[1]

    def live_title(self) -> str:
        live = self.live
        if live.trajectory is None:
            return "Newest attempt" if live.attempt else "Trajectory"
        which = "Held" if live.held else "Newest trajectory"
        return f"{which}, {live.place:,} of {live.of:,}"

    def plain(self) -> str:
        """What is shown, for the clipboard."""
        live = self.live
        if live.trajectory is not None:
            return plain(live.question, live.trajectory)
        if live.attempt is None:
            return ""
        return f"Question\n{clean_text(live.question)}\n\n{clean_text(live.attempt.text)}\n"

    def notices(self) -> list[tuple[str, str, str]]:
        """As for other screens, save that an expert that is offline is told with what to do."""
        offline = self.offline
        if offline is None:
            return super().notices()
        shown = [one for one in super().notices() if one[1] not in ("The run failed", "Stopped")]
        name = f": {shorten(one_line(offline.expert, _NAME_CHARS), 60)}" if offline.expert else ""
        one = self.counters
        kept = f"Kept: {one.judged:,} judged attempts, {one.kept_in_all:,} trajectories. "
        ways = ["{collect.report} asks again", "{collect.switch} another expert"]
        if self.reading is not None and self.reading.has_scripts:
            ways.append("{collect.stop} the task's scripts")
        said = shorten(one_line(offline.message, 2000), 240)
        title = f"{one_line(offline.title, 100)}{name}"
        return [("error", title, said), ("info", kept + fill(", ".join(ways)), ""), *shown]

    def situation(self) -> Situation:
        reading = self.reading
        return replace(
            super().situation(),
            has_trajectory=bool(self.live.trajectory or self.live.attempt),
            iterations=len(reading.iterations) if reading else 0,
            held=self.live.held,
            expert_offline=self.offline is not None,
            has_scripts=reading is None or reading.has_scripts,
        )


def _passages(live: Shown) -> list[Passage]:
    if live.trajectory is not None:
        return passages(live.question, live.trajectory)
    if live.attempt is None:
        return []
    return [
        Passage("Question", shown_text(live.question), Tone.QUESTION),
        Passage("Attempt, by student, not judged yet", shown_text(live.attempt.text), Tone.ATTEMPT),
    ]
