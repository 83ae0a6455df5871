"""A report with what only a whole page has room for: paired tests, items, all settings, hashes.

`engine.report` has what every rendering shows. All of it is read at one moment.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from db.live import StepFacts
from db.records import CheckpointKind, EvaluatedItem, Level, Split
from db.store import Store
from engine.comparing import Crosstab
from engine.report import ALL, Report, build_report
from engine.report_items import ShownItems, shown_items
from engine.statistics import Interval, Share, bootstrap_difference
from engine.task_setup import hint_of

MOST_WARNINGS = 20


@dataclass(frozen=True, slots=True)
class Transitions:
    """Items of one iteration's test: what its own updates did, and what changed since another.

    ``within`` compares first attempts with final answers; ``since`` the final answers with those
    of iteration ``before``, on the items that both have; None where there is no earlier one.
    """

    iteration: int
    within: Crosstab
    before: int | None
    since: Crosstab | None


@dataclass(frozen=True, slots=True)
class Paired:
    """A group of items at the start and after the last iteration, on the same items.

    ``what`` is "final answers" or "first attempts"; shares are of the pairs.
    """

    group: str
    what: str
    table: Crosstab
    start: Share
    last: Share

    @property
    def interval(self) -> Interval:
        """The bootstrap 95% interval of the difference, as shares."""
        return bootstrap_difference(self.table.fixed, self.table.broken, self.table.pairs)


@dataclass(frozen=True, slots=True)
class Spent:
    """Tokens that the student wrote in an iteration: attempts to be corrected, and its test."""

    iteration: int
    sampled: int
    tested: int
    test_items: int


@dataclass(frozen=True, slots=True)
class ToldSetting:
    key: str
    value: Any
    default: Any
    changed: bool


@dataclass(frozen=True, slots=True)
class Digest:
    """A SHA-256 of something that the figures depend on."""

    what: str
    detail: str
    sha256: str


@dataclass(frozen=True, slots=True)
class WholeReport:
    """A report and all that belongs to it. ``items`` are of the last iteration that was tested.

    ``schema_steps`` brought the database up to date after the run was made; ``told`` are warnings
    and errors of the run, of ``told_in_all``.
    """

    report: Report
    transitions: Sequence[Transitions]
    paired: Sequence[Paired]
    spent: Sequence[Spent]
    steps: Sequence[StepFacts]
    items: ShownItems | None
    hint: str
    settings: Sequence[ToldSetting]
    digests: Sequence[Digest]
    schema_steps: Sequence[str]
    told: Sequence[str]
    told_in_all: int


def build_whole_report(store: Store, run_id: int) -> WholeReport:
    """Read a run's report with all that belongs to it, at one moment. Raises StoreError."""
    with store.snapshot():
        report = build_report(store, run_id)
        run = report.run
        tests = {
            one.iteration: store.evaluations(run_id, one.iteration) for one in report.evaluations
        }
        steps = _all_steps(store, run_id)
        task = _task(run.config)
        digests = [*_weights(store, run_id), *_items(store, task)]
        sampled = store.sampled_tokens(run_id)
        schema_steps = store.schema_steps_after(run.created_at)
        told = [event for event in _telling(store, run_id) if event[0] is not Level.INFO]
    last = max(tests, default=0)
    return WholeReport(
        report=report,
        transitions=_transitions(tests),
        paired=_paired(tests),
        spent=[
            Spent(at, sampled.get(at, 0), sum(item.tokens for item in items), len(items))
            for at in sorted(tests.keys() | sampled.keys())
            for items in (tests.get(at, []),)
        ],
        steps=steps,
        items=shown_items(last, tests[last]) if tests else None,
        hint=hint_of(task) or "",
        settings=_settings(report),
        digests=digests,
        schema_steps=schema_steps,
        told=[message for _, message in told[:MOST_WARNINGS]],
        told_in_all=len(told),
    )


def crosstab(pairs: Iterable[tuple[bool, bool]]) -> Crosstab:
    """Count pairs of (right before, right after)."""
    counts = Counter(pairs)
    return Crosstab(
        both_right=counts[True, True],
        fixed=counts[False, True],
        broken=counts[True, False],
        both_wrong=counts[False, False],
    )


def _task(config: Mapping[str, Any]) -> str:
    section = config.get("task")
    return str(section.get("name", "")) if isinstance(section, Mapping) else ""


def _all_steps(store: Store, run_id: int) -> list[StepFacts]:
    """Steps in their order; of those that were replayed after a resume the later ones."""
    found: dict[tuple[int, int], StepFacts] = {}
    after = 0
    while page := store.step_facts(run_id, after):
        found |= {(step.iteration, step.step): step for step in page}
        after = page[-1].id
    return [found[key] for key in sorted(found)]


def _telling(store: Store, run_id: int) -> list[tuple[Level, str]]:
    found: list[tuple[Level, str]] = []
    after = 0
    while page := store.telling_events(run_id, after):
        found += [(event.level, event.message) for event in page]
        after = page[-1].id
    return found


def _weights(store: Store, run_id: int) -> list[Digest]:
    return [
        Digest(f"Weights after iteration {one.iteration}", one.path, one.sha256)
        for one in store.checkpoints(run_id)
        if one.kind is CheckpointKind.ITERATION
    ]


_ITEMS = {Split.TRAIN: "Training items", Split.DEV: "Development items", Split.TEST: "Test items"}


def _items(store: Store, task: str) -> list[Digest]:
    """Hashes of questions with their answers, whatever their order in the database."""
    found = []
    for split, name in _ITEMS.items():
        items = store.items(task, split)
        if not items:
            continue
        rows = sorted(f"{i.subtask}\x1f{i.question}\x1f{i.answer}\x1e" for i in items)
        digest = hashlib.sha256()
        for row in rows:
            digest.update(row.encode("utf-8", "surrogatepass"))
        found.append(Digest(name, f"{len(items):,} of {task}", digest.hexdigest()))
    return found


def _transitions(tests: Mapping[int, Sequence[EvaluatedItem]]) -> list[Transitions]:
    found = []
    before: int | None = None
    for at, items in sorted(tests.items()):
        within = crosstab((item.first_correct, item.final_correct) for item in items)
        since = None if before is None else crosstab(_pairs(tests[before], items, _final))
        found.append(Transitions(at, within, before, since))
        before = at
    return found


def _paired(tests: Mapping[int, Sequence[EvaluatedItem]]) -> list[Paired]:
    last = max(tests, default=0)
    if last == 0 or 0 not in tests:
        return []
    found = []
    for what, right in (("final answers", _final), ("first attempts", _first)):
        for group in (ALL, *sorted({item.subtask.value for item in tests[last]})):
            now = [item for item in tests[last] if group in (ALL, item.subtask.value)]
            table = crosstab(_pairs(tests[0], now, right))
            if table.pairs:
                start = Share(table.both_right + table.broken, table.pairs)
                after = Share(table.both_right + table.fixed, table.pairs)
                found.append(Paired(group, what, table, start, after))
    return found


def _first(item: EvaluatedItem) -> bool:
    return item.first_correct


def _final(item: EvaluatedItem) -> bool:
    return item.final_correct


def _pairs(
    before: Sequence[EvaluatedItem],
    now: Sequence[EvaluatedItem],
    right: Callable[[EvaluatedItem], bool],
) -> list[tuple[bool, bool]]:
    known = {item.item_id: right(item) for item in before}
    return [(known[item.item_id], right(item)) for item in now if item.item_id in known]


def _settings(report: Report) -> list[ToldSetting]:
    changed = {one.key: one for one in report.changed}
    flat: list[tuple[str, Any]] = []
    for section, values in report.run.config.items():
        if isinstance(values, Mapping):
            flat += [(f"{section}.{name}", value) for name, value in values.items()]
        else:
            flat.append((section, values))
    return [
        ToldSetting(key, value, changed[key].default if key in changed else value, key in changed)
        for key, value in flat
    ]


def setting_text(value: object) -> str:
    """A setting's value for people."""
    return "–" if value is None else json.dumps(value, ensure_ascii=False)
