"""Reads what an iteration collects: only what is new, and one trajectory."""

from __future__ import annotations

import queue
from bisect import bisect_left
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from db.live import KeptFacts
from db.records import Attempt, Event, Origin, Run, Stage, StageName, Trajectory
from db.store import Store
from engine.editing import AFTER_IMP
from engine.errors import ConfigError
from engine.expert_settings import ExpertSettings
from engine.project import Project
from engine.tasks import is_folder
from tripost_tui.state.expert_traffic import ExpertRow, ExpertTraffic, Spending
from tripost_tui.state.expert_trouble import ExpertTrouble, expert_trouble
from tripost_tui.state.project_reading import ProjectReader
from tripost_tui.state.standing import StandingReading

_CALLS, _KEPT = 2_000, 5_000
_KINDS = ("experts.calls", "run.failed", "run.stopped")
_STAGES = (StageName.SAMPLE, StageName.EDIT)


@dataclass(frozen=True, slots=True, kw_only=True)
class Counters:
    """What became of an iteration's attempts so far.

    ``right_at_once`` were kept as they are without an update, ``right_by_itself`` after updates
    that the student made. ``sent`` went to IMP, as far as their end tells: what FBK fails at may
    have been there as well. ``updates`` are those of kept trajectories that others than the
    student made. ``wanted`` is how many trajectories are enough, 0 for as many as come.
    """

    sampled: int = 0
    judged: int = 0
    right_at_once: int = 0
    right_by_itself: int = 0
    sent: int = 0
    updates: int = 0
    kept: Mapping[Origin, int] = field(default_factory=dict)
    drops: Mapping[str, int] = field(default_factory=dict)
    wanted: int = 0

    @property
    def kept_in_all(self) -> int:
        return sum(self.kept.values())

    @property
    def dropped(self) -> int:
        return sum(self.drops.values())


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """The trajectory that is shown: the ``place``-th of so many; ``held`` where it stands still.

    ``attempt`` is the newest one as long as no trajectory is kept.
    """

    trajectory: Trajectory | None = None
    attempt: Attempt | None = None
    question: str = ""
    place: int = 0
    of: int = 0
    held: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class CollectReading(StandingReading):
    """What ``shown``, an iteration, has collected; ``iterations`` are all that have begun to."""

    shown: int = 0
    iterations: tuple[int, ...] = ()
    stages_of: tuple[Stage, ...] = ()
    counters: Counters = field(default_factory=Counters)
    experts: tuple[ExpertRow, ...] = ()
    spending: Spending = field(default_factory=Spending)
    live: Shown = field(default_factory=Shown)
    has_scripts: bool = True
    offline: ExpertTrouble | None = None


class _Kept:
    """What is known of one iteration's trajectories."""

    def __init__(self) -> None:
        self.ids: list[int] = []
        self.origins: Counter[Origin] = Counter()
        self.right_at_once = self.right_by_itself = self.updates = 0

    def add(self, facts: KeptFacts) -> None:
        self.ids.append(facts.id)
        self.origins[facts.origin] += 1
        self.updates += facts.by_others
        if facts.origin is Origin.CORRECT:
            self.right_at_once += facts.updates == 0
            self.right_by_itself += facts.updates > 0


class CollectReader(ProjectReader[CollectReading]):
    """``iteration``, set from any thread, is the one that is wanted; None is the newest."""

    iteration: int | None = None

    def forget(self) -> None:
        self._kept: dict[int, _Kept] = {}
        self._counted: tuple[object, Counters] | None = None
        self._traffic = ExpertTraffic()
        self._after_call = self._after_told = 0
        self._told: list[Event] = []
        self._steps: queue.SimpleQueue[int] = queue.SimpleQueue()
        self._held: int | None = None
        self._live = Shown()
        self._of = 0
        self._read_settings: tuple[float, ExpertSettings, bool] | None = None

    def step(self, by: int) -> None:
        """Show a trajectory before or after; 0 holds the one that is shown, or lets go of it."""
        self._steps.put(by)

    def _read(self, now: StandingReading, store: Store) -> CollectReading:
        run = now.view.run
        if run is None:
            return CollectReading(**now.shared())
        settings, scripts = self._settings()
        self._read_calls(store, run.id)
        stages = [one for one in now.stages if one.name in _STAGES]
        iterations = tuple(sorted({one.iteration for one in stages}))
        wanted = self.iteration
        shown = wanted if wanted in iterations else max(iterations, default=0)
        own = tuple(one for one in stages if one.iteration == shown)
        return CollectReading(
            **now.shared(),
            shown=shown,
            iterations=iterations,
            stages_of=own,
            counters=self._counters(store, run, shown, own),
            experts=self._experts(now, run, shown, settings),
            spending=Spending(
                self._traffic.tokens,
                self._traffic.cost,
                settings.budget_tokens,
                settings.budget_cost,
            ),
            live=self._shown(store, run.id, shown),
            has_scripts=scripts,
            offline=None if now.view.engine.alive else expert_trouble(run, self._told),
        )

    def _settings(self) -> tuple[ExpertSettings, bool]:
        """Settings of experts, and whether the task has scripts, as the files say now."""
        assert self._project is not None
        try:
            changed_at = self._project.settings_path.stat().st_mtime
        except OSError:
            changed_at = 0.0
        if self._read_settings is None or self._read_settings[0] != changed_at:
            try:
                project = Project.open(self.path)
            except ConfigError:
                # Half written, or wrong: whoever starts an engine is told.
                project = self._project
            self._read_settings = (changed_at, project.settings.experts, _has_scripts(project))
        return self._read_settings[1:]

    def _read_calls(self, store: Store, run_id: int) -> None:
        while page := store.call_facts(run_id, self._after_call, _CALLS):
            for call in page:
                self._traffic.add(call)
            self._after_call = page[-1].id
        while events := store.telling_events(run_id, self._after_told, _KINDS):
            self._told += [one for one in events if one.kind in _KINDS]
            self._after_told = events[-1].id

    def _counters(self, store: Store, run: Run, shown: int, stages: tuple[Stage, ...]) -> Counters:
        # A stage counts its items in the transaction that stores them: else nothing is new.
        key = (shown, stages)
        if self._counted is None or self._counted[0] != key:
            kept = self._kept.setdefault(shown, _Kept())
            while page := store.kept_facts(run.id, shown, (kept.ids or [0])[-1], _KEPT):
                for facts in page:
                    kept.add(facts)
            drops = store.edit_drops(run.id, shown)
            settings = run.config.get("collect", {})
            counters = Counters(
                sampled=store.attempt_count(run.id, shown),
                judged=len(kept.ids) + sum(drops.values()),
                right_at_once=kept.right_at_once,
                right_by_itself=kept.right_by_itself,
                sent=kept.origins[Origin.EDITED]
                + sum(n for reason, n in drops.items() if reason in AFTER_IMP),
                updates=kept.updates,
                kept={origin: kept.origins[origin] for origin in Origin if kept.origins[origin]},
                drops=drops,
                wanted=settings.get("target", 0),
            )
            self._counted = (key, counters)
        return self._counted[1]

    def _experts(
        self, now: StandingReading, run: Run, shown: int, settings: ExpertSettings
    ) -> tuple[ExpertRow, ...]:
        view = now.view
        newest = max((one.iteration for one in now.stages), default=0)
        asks = view.engine.alive and view.stage is StageName.EDIT and view.iteration == shown
        replayed: Counter[str] = Counter()
        for one in self._told:
            if one.kind == "experts.calls" and one.data.get("iteration") == shown:
                replayed[str(one.data.get("expert"))] += int(one.data.get("replayed") or 0)
        return self._traffic.rows(
            shown,
            now.at,
            expected=settings.models if shown == newest else (),
            replayed=replayed,
            note=view.note if asks else "",
        )

    def _shown(self, store: Store, run_id: int, shown: int) -> Shown:
        ids = self._kept[shown].ids if shown in self._kept else []
        if self._of != shown:
            self._held, self._of = None, shown
        self._move(ids)
        if not ids:
            self._live = self._newest_attempt(store, run_id, shown)
            return self._live
        wanted = ids[-1] if self._held is None else self._held
        if self._live.trajectory is None or self._live.trajectory.id != wanted:
            found = store.trajectory(wanted)
            question = store.item(found.item_id).question
            self._live = Shown(trajectory=found, question=question)
        place = bisect_left(ids, wanted) + 1
        held = self._held is not None
        self._live = replace(self._live, place=place, of=len(ids), held=held)
        return self._live

    def _move(self, ids: list[int]) -> None:
        """Do what was asked for since the last reading."""
        while not self._steps.empty():
            by = self._steps.get()
            if not ids:
                continue
            at = len(ids) - 1 if self._held is None else bisect_left(ids, self._held)
            if by == 0:
                self._held = ids[at] if self._held is None else None
            else:
                self._held = ids[max(0, min(len(ids) - 1, at + by))]

    def _newest_attempt(self, store: Store, run_id: int, shown: int) -> Shown:
        found = store.latest_attempt(run_id, shown)
        if found is None:
            return Shown()
        if self._live.attempt is not None and self._live.attempt.id == found.id:
            return self._live
        return Shown(attempt=found, question=store.item(found.item_id).question)


def _has_scripts(project: Project) -> bool:
    if not is_folder(project.settings.task.name):
        return True
    # Late: only tasks of one's own need what takes a tenth of a second to load.
    from engine.task_setup import has_scripts

    return has_scripts(project)
