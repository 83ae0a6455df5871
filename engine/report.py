"""What a run did and whether it helped, as data; `engine.report_formats` writes it down.

Everything comes from the store, so a report can be made of a run that is under way, has failed,
or has no evaluation yet. Accuracy is the share of test items answered right: strictly (the
answer in the form that the task asks for) or flexibly (any statement of it).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from db.records import (
    DropStage,
    EvaluatedItem,
    Event,
    ExampleKind,
    Origin,
    Run,
    Stage,
    StageName,
    StageStatus,
    Subtask,
)
from db.store import Store
from engine.comparing import outcome
from engine.config import ChangedSetting, settings_changed
from engine.control import EXPERTS_CHANGED
from engine.methods import Facts, facts_in
from engine.postprocess import share_of_improving
from engine.report_experts import ExpertWork, expert_work
from engine.report_reviews import Reviews, reviews_of
from engine.report_stage_two import ChangedValues, changed_values
from engine.statistics import Interval, Share, bootstrap_difference, mcnemar
from engine.task_setup import hint_of
from engine.tasks import label
from engine.trajectory import parse_body

ALL = "all"


@dataclass(frozen=True, slots=True)
class Accuracy:
    """How often first attempts and final answers of a group of items are right."""

    first: Share
    final: Share
    first_flexible: Share
    final_flexible: Share


@dataclass(frozen=True, slots=True)
class Comparison:
    """Final answers of an iteration against those of iteration 0, paired by item.

    ``fixed`` items were wrong and are right, ``broken`` the other way round, of ``pairs``.
    ``p`` is McNemar's, exact and two-sided; ``interval`` is the bootstrap 95% interval of the
    difference. Differences are shares, not points.
    """

    pairs: int
    fixed: int
    broken: int
    p: float
    interval: Interval

    @property
    def difference(self) -> float:
        return (self.fixed - self.broken) / self.pairs

    @property
    def sentence(self) -> str:
        """The outcome in plain words."""
        return outcome(self.difference, self.p, "the start")


@dataclass(frozen=True, slots=True)
class IterationEvaluation:
    """The test after one iteration; 0 is the starting student.

    ``accuracy`` is by ``seen``, ``unseen`` (where there are such items) and ``all``. Of all
    items ``updated`` have at least one update, ``wrong_to_right`` and ``right_to_wrong`` compare
    the first attempt with the final answer. Of the updated ones, ``unchanged`` end with the
    answer they began with, and ``collapsed`` repeat their first attempt word for word (None
    where the task that could read them is unknown). ``against_start`` is None for the start and
    where the two have no items in common. ``wanted`` items are to be evaluated.
    """

    iteration: int
    accuracy: Mapping[str, Accuracy]
    updated: Share
    wrong_to_right: Share
    right_to_wrong: Share
    unchanged: Share
    collapsed: Share | None
    cut_off: Share
    against_start: Comparison | None
    complete: bool
    wanted: int

    @property
    def n(self) -> int:
        return self.updated.of


@dataclass(frozen=True, slots=True)
class Collection:
    """What one iteration sampled, kept, dropped and made examples of.

    ``kept`` counts trajectories by origin, ``dropped`` attempts that editing gave up on by
    reason. Of the examples made, ``examples`` are trained on, by kind; ``left_out`` are not, by
    reason.
    """

    iteration: int
    attempts: int
    kept: Mapping[Origin, int]
    dropped: Mapping[str, int]
    examples: Mapping[ExampleKind, int]
    left_out: Mapping[str, int]

    @property
    def trajectories(self) -> int:
        return sum(self.kept.values())

    @property
    def improving(self) -> Share:
        """p: the share of improving examples in what is trained on."""
        return Share(self.examples.get(ExampleKind.IMPROVING, 0), sum(self.examples.values()))


@dataclass(frozen=True, slots=True)
class Training:
    """One iteration's training. ``last_loss`` is None where it was not a number.

    ``memory_bytes`` is the most that a step had in use, ``share_of_peak`` of the device's FLOPs;
    None where nobody told.
    """

    iteration: int
    steps: int
    tokens: int
    weighted_tokens: int
    first_loss: float | None
    last_loss: float | None
    seconds: float
    micro_tokens: int | None = None
    memory_bytes: int | None = None
    share_of_peak: float | None = None

    @property
    def tokens_per_s(self) -> float | None:
        """Tokens a second, padding not counted."""
        return self.tokens / self.seconds if self.seconds else None


@dataclass(frozen=True, slots=True)
class Report:
    """A run's report. ``wanted_p`` is r / (r + 2), None when rebalancing is off or unknown.

    ``experts`` is None for a run that scripts alone corrected, ``reviews`` where nobody has
    reviewed anything. ``experts_changed`` tells when others were asked from then on.
    """

    run: Run
    method: str
    task: str
    evaluations: Sequence[IterationEvaluation]
    collections: Sequence[Collection]
    trainings: Sequence[Training]
    stages: Sequence[Stage]
    changed: Sequence[ChangedSetting]
    wanted_p: float | None
    experts: ExpertWork | None
    reviews: Reviews | None = None
    changed_values: Sequence[ChangedValues] = ()
    experts_changed: Sequence[Event] = ()

    @property
    def seconds(self) -> float:
        """Working time of all stages, without pauses."""
        return sum(stage.seconds for stage in self.stages)

    @property
    def facts(self) -> Facts:
        """What the run's method does."""
        return facts_in(self.run.config)

    @property
    def headline(self) -> str:
        """The outcome in a sentence or two."""
        if not self.evaluations:
            return "No evaluation yet."
        last = self.evaluations[-1]
        final = last.accuracy[ALL].final
        after = (
            "The starting student"
            if last.iteration == 0
            else f"After {last.iteration} iteration{'s' if last.iteration > 1 else ''} the student"
        )
        text = f"{after} answers {share_text(final.value)} of {final.of} test items right"
        if not last.complete:
            text += f" (so far: the evaluation has done {last.n} of {last.wanted})"
        if last.against_start is None:
            return f"{text}."
        return f"{text}: {last.against_start.sentence}."


def share_text(value: float | None) -> str:
    """A share for people: ``58.2%``, or a dash where there is none."""
    return "–" if value is None else f"{100 * value:.1f}%"


def build_report(store: Store, run_id: int) -> Report:
    """Read a run's report from the store, all at one moment. Raises StoreError."""
    with store.snapshot():
        run = store.run(run_id)
        stages = store.stages(run_id)
        by_key = {(stage.iteration, stage.name): stage for stage in stages}
        task = _section(run, "task").get("name", "")
        evaluations: list[IterationEvaluation] = []
        start: list[EvaluatedItem] = []
        for iteration in range(run.iterations + 1):
            items = store.evaluations(run_id, iteration)
            if iteration == 0:
                start = items
            if items:
                stage = by_key.get((iteration, StageName.EVALUATE))
                evaluations.append(_evaluation(iteration, items, start, stage, str(task)))
        collections = [_collection(store, run_id, i) for i in range(1, run.iterations + 1)]
        trainings = [_training(store, run_id, i) for i in range(1, run.iterations + 1)]
        experts = expert_work(store, run_id)
        reviews = reviews_of(store, run, stages)
        values = changed_values(store, run_id)
        experts_changed = store.events_of_kind(run_id, EXPERTS_CHANGED)
    ratio = _section(run, "postprocess").get("ratio")
    return Report(
        run=run,
        method=str(_section(run, "run").get("method", "tripost")),
        task=label(str(task)),
        evaluations=evaluations,
        collections=[one for one in collections if one.attempts or one.examples or one.left_out],
        trainings=[one for one in trainings if one.steps],
        stages=stages,
        changed=settings_changed(run.config),
        wanted_p=share_of_improving(ratio)
        if isinstance(ratio, int | float) and ratio > 0 and facts_in(run.config).balances
        else None,
        experts=experts,
        reviews=reviews,
        changed_values=values,
        experts_changed=experts_changed,
    )


def compare(start: Iterable[EvaluatedItem], now: Iterable[EvaluatedItem]) -> Comparison | None:
    """Compare final answers, strictly, over the items that both have; None without any."""
    before = {item.item_id: item.final_correct for item in start}
    pairs = [(before[item.item_id], item.final_correct) for item in now if item.item_id in before]
    if not pairs:
        return None
    counts = Counter(pairs)
    fixed, broken = counts[False, True], counts[True, False]
    interval = bootstrap_difference(fixed, broken, len(pairs))
    return Comparison(len(pairs), fixed, broken, mcnemar(fixed, broken), interval)


def _evaluation(
    iteration: int,
    items: Sequence[EvaluatedItem],
    start: Sequence[EvaluatedItem],
    stage: Stage | None,
    task: str,
) -> IterationEvaluation:
    updated = [item for item in items if item.updates > 0]
    groups: dict[str, Sequence[EvaluatedItem]] = {
        subtask.value: [item for item in items if item.subtask is subtask] for subtask in Subtask
    }
    groups[ALL] = items
    complete = stage is None or stage.status is StageStatus.DONE
    return IterationEvaluation(
        iteration=iteration,
        accuracy={name: _accuracy(group) for name, group in groups.items() if group},
        updated=Share(len(updated), len(items)),
        wrong_to_right=_share(items, lambda it: not it.first_correct and it.final_correct),
        right_to_wrong=_share(items, lambda it: it.first_correct and not it.final_correct),
        unchanged=_share(updated, lambda it: it.first_answer == it.final_answer),
        collapsed=_collapsed(updated, task),
        cut_off=_share(items, lambda it: it.finish_reason == "length"),
        against_start=None if iteration == 0 else compare(start, items),
        complete=complete,
        wanted=len(items) if stage is None or complete else max(stage.total, len(items)),
    )


def _accuracy(items: Sequence[EvaluatedItem]) -> Accuracy:
    return Accuracy(
        first=_share(items, lambda item: item.first_correct),
        final=_share(items, lambda item: item.final_correct),
        first_flexible=_share(items, lambda item: item.first_flexible),
        final_flexible=_share(items, lambda item: item.final_flexible),
    )


def _share(items: Sequence[EvaluatedItem], test: Callable[[EvaluatedItem], bool]) -> Share:
    return Share(sum(map(test, items)), len(items))


def _collapsed(updated: Sequence[EvaluatedItem], task: str) -> Share | None:
    """How many updates say again what the first attempt said (SCoRe's behaviour collapse)."""
    hint = hint_of(task)
    if hint is None:
        return None

    def repeats(item: EvaluatedItem) -> bool:
        turns = parse_body(item.question, item.text, hint).turns
        return len(turns) > 1 and turns[0].attempt == turns[1].attempt

    return _share(updated, repeats)


def _collection(store: Store, run_id: int, iteration: int) -> Collection:
    counts = store.collect_counts(run_id, iteration)
    dropped: dict[DropStage, dict[str, int]] = {stage: {} for stage in DropStage}
    for (_, stage, reason), count in store.drop_counts(run_id, iteration).items():
        dropped[stage][reason] = count
    return Collection(
        iteration=iteration,
        attempts=counts.attempts,
        kept=counts.kept,
        dropped=dropped[DropStage.EDIT],
        examples=counts.selected,
        left_out=dropped[DropStage.POSTPROCESS],
    )


def _training(store: Store, run_id: int, iteration: int) -> Training:
    steps = store.train_steps(run_id, iteration)
    seconds = sum(step.seconds for step in steps)
    tokens = sum(step.tokens for step in steps)
    stage = store.stage(run_id, iteration, StageName.TRAIN)
    detail = stage.detail if stage is not None else {}
    peak, flops = detail.get("peak_tflops"), detail.get("flops_per_token")
    share = tokens * flops / (seconds * peak * 1e12) if peak and flops and seconds else None
    return Training(
        iteration=iteration,
        steps=len(steps),
        tokens=tokens,
        weighted_tokens=sum(step.weighted_tokens for step in steps),
        first_loss=steps[0].loss if steps else None,
        last_loss=steps[-1].loss if steps else None,
        seconds=seconds,
        micro_tokens=steps[-1].micro_tokens if steps else None,
        memory_bytes=max((s.memory_bytes for s in steps if s.memory_bytes), default=None),
        share_of_peak=share,
    )


def _section(run: Run, name: str) -> Mapping[str, object]:
    """A section of the stored settings; empty where an older run has none."""
    section = run.config.get(name)
    return section if isinstance(section, Mapping) else {}
