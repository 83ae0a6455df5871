"""Experts at work in one stage: opened, given memory, asked, accounted for, closed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from db.records import Level, Run
from engine.control import EXPERTS_CHANGED
from engine.expert_settings import ExpertSettings
from engine.experts.book import StoreBook
from engine.experts.prompts import Prompts, load_prompts
from engine.experts.team import Team, open_callers, spent
from engine.hand_over import memory_for_experts
from engine.methods import facts_of
from engine.stage import RunContext
from engine.task_setup import prompt_folders
from local_experts.calling import Caller

_STORE_TIMEOUT_S = 60.0
_TOLD = "experts.asked"

_ROLES = {"feedback": "feedback (FBK)", "improve": "improvements (IMP)"}


@contextmanager
def asked(context: RunContext, iteration: int) -> Iterator[Team]:
    """Put together who corrects attempts, for as long as they are asked.

    Raises:
        ConfigError: a file of prompts is wrong.
        ExpertError: an expert cannot be used.
    """
    experts = context.settings.experts
    if not facts_of(context.settings).corrects or not experts.models:
        yield Team(context.task, context.settings)
        return
    prompts = load_prompts(context.task.name, prompt_folders(context.project, context.task))
    _tell_of_prompts(context, prompts)
    team = Team(context.task, context.settings, prompts)
    path, run_id = context.project.db_path, context.run_id
    with (
        StoreBook(path, run_id, iteration, _STORE_TIMEOUT_S) as book,
        open_callers(
            experts.models, experts, book, spent(context.store, run_id, experts), team.cancelled
        ) as callers,
    ):
        team.callers.update(callers)
        try:
            with memory_for_experts(context, [caller.expert for caller in callers.values()]):
                yield team
        finally:
            _tell_of_calls(context, iteration, callers.values())


def tell_of_change(context: RunContext, run: Run) -> None:
    """Store an event where the settings name other experts than the run has had so far."""
    experts = context.settings.experts
    told = context.store.events_of_kind(run.id, EXPERTS_CHANGED)
    first = {**ExpertSettings().model_dump(mode="json"), **run.config.get("experts", {})}
    before = told[-1].data["now"] if told else {role: list(first[role]) for role in _ROLES}
    now = {role: list(getattr(experts, role)) for role in _ROLES}
    changed = [
        f"{what} by {', '.join(now[role])} instead of {', '.join(before[role])}"
        for role, what in _ROLES.items()
        if now[role] != before[role]
    ]
    if changed:
        context.store.add_event(
            run.id,
            EXPERTS_CHANGED,
            f"from now on {'; '.join(changed)}. What was edited before stays as it is",
            level=Level.WARNING,
            data={"before": before, "now": now},
        )


def traffic_note(done: int, total: int, callers: Iterable[Caller]) -> str:
    """Say for the heartbeat what is going on."""
    parts = [f"edit {done}/{total}"]
    for caller in callers:
        seen = caller.traffic
        part = f"{caller.expert.name}: {seen.replies} replies"
        if seen.replies:
            part += f", {seen.seconds / seen.replies:.1f} s each"
        if seen.replayed:
            part += f", {seen.replayed} replayed"
        if seen.under_way:
            part += f", {seen.under_way} under way"
        if seen.failed:
            part += f", {seen.failed} failed ({seen.last_error})"
        if wait_s := caller.gate.closed_for_s:
            part += f", it asked to wait {wait_s:.0f} s"
        parts.append(part)
    return " · ".join(parts)


def _tell_of_prompts(context: RunContext, prompts: Prompts) -> None:
    """Store which prompts are used; say so where they changed since the run's last editing."""
    before = [e for e in context.store.events_of_kind(context.run_id, _TOLD) if e.data]
    if before and before[-1].data.get("prompts") not in (None, prompts.hash):
        context.alert("the prompts for experts changed during the run", prompts=prompts.hash)
    files = ", ".join(map(str, prompts.sources))
    context.tell(_TOLD, f"experts are asked with the prompts in {files}", prompts=prompts.hash)


def _tell_of_calls(context: RunContext, iteration: int, callers: Iterable[Caller]) -> None:
    for caller in callers:
        seen = caller.traffic
        context.tell(
            "experts.calls",
            f"iteration {iteration}: {caller.expert.name}: {seen.replies} replies, "
            f"{seen.replayed} replayed, {seen.failed} failed",
            iteration=iteration,
            expert=caller.expert.name,
            replies=seen.replies,
            replayed=seen.replayed,
            failed=seen.failed,
        )
