"""p and weights that an iteration took instead of the run's own: a part of the report."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from db.store import Store
from engine.stage_two import CHANGED


@dataclass(frozen=True, slots=True)
class ChangedValues:
    """An iteration whose examples were made with other values than those of the one before."""

    iteration: int
    said: str
    values: Mapping[str, float]


def changed_values(store: Store, run_id: int) -> list[ChangedValues]:
    """Read which iterations took other values, the first one first. Raises StoreError."""
    found = []
    for event in store.events_of_kind(run_id, CHANGED):
        values = event.data.get("values")
        if isinstance(values, Mapping):
            iteration = int(event.data.get("iteration", 0))
            found.append(ChangedValues(iteration, event.message, dict(values)))
    return found


def changed_note(changed: Sequence[ChangedValues]) -> str:
    """Say it below the run's settings; empty where no iteration had others."""
    if not changed:
        return ""
    said = "; ".join(one.said for one in changed)
    return f"Changed while the run went on, by the examples of: {said}."


def changed_json(changed: Sequence[ChangedValues]) -> dict[str, Any]:
    """Return what JSON has of it: nothing, where no iteration had others."""
    if not changed:
        return {}
    listed = [{"iteration": one.iteration, "settings": dict(one.values)} for one in changed]
    return {"settings_of_iterations": listed}
