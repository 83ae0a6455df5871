"""Plans as what is printed: facts for JSON, text for a person."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from engine.planning.architecture import Architecture
from engine.planning.cards import CARDS, Card
from engine.planning.lookup import FoundModel, look_up
from engine.planning.machine import Machine
from engine.planning.memory import Memory, training_memory
from engine.planning.models import MODELS
from engine.planning.plan import Plan, plan, propose
from engine.planning.workload import Workload
from tripost_tui.plan_text import catalogue_text, plan_text

TABLE_TOKENS = (1024, 2048)
"""Tokens at once for which the table of all models tells the memory."""


@dataclass(frozen=True, slots=True)
class Listed:
    """One entry of a list."""

    facts: dict[str, Any]
    text: str


@dataclass(frozen=True, slots=True)
class Planned:
    """A plan for one model."""

    found: FoundModel
    plan: Plan

    @classmethod
    def of(
        cls, model: str, machine: Machine, given: Mapping[str, Any], base: Workload | None = None
    ) -> Planned:
        """Plan a model with the settings ``given``, on top of ``base`` or of what is proposed."""
        found = look_up(model)
        work = replace(base, **given) if base else propose(found.architecture, machine, **given)
        return cls(found, plan(found.architecture, machine, work))

    @property
    def facts(self) -> dict[str, Any]:
        return plan_facts(self.found, self.plan)

    @property
    def text(self) -> str:
        return plan_text(self.found, self.plan)


@dataclass(frozen=True, slots=True)
class PlannedCatalogue:
    """All students of the catalogue, planned for one machine."""

    machine: Machine
    rows: tuple[dict[str, Any], ...]

    @property
    def text(self) -> str:
        return catalogue_text(self.machine, self.rows)


def planned_catalogue(machine: Machine, given: Mapping[str, Any]) -> PlannedCatalogue:
    rows = []
    for model in MODELS:
        architecture = model.architecture
        work = propose(architecture, machine, **given)
        made = plan(architecture, machine, work)
        found = FoundModel(model.name, model.hub_id, architecture, model.gated)
        at = {
            f"training_bytes_at_{tokens}": training_memory(
                architecture,
                replace(work, max_tokens=tokens, micro_tokens=tokens),
                on_cpu=machine.on_cpu,
            ).total
            for tokens in TABLE_TOKENS
        }
        rows.append({**plan_facts(found, made), **at})
    return PlannedCatalogue(machine, tuple(rows))


def listed_models() -> Iterator[Listed]:
    for model in MODELS:
        architecture = model.architecture
        facts = {
            "name": model.name,
            "hub_id": model.hub_id,
            "parameters": architecture.parameters,
            "gated": model.gated or None,
        }
        text = f"{model.name:<14}{architecture.parameters / 1e9:>6.2f} B  {model.hub_id}"
        yield Listed(facts, text + (f"  ({model.gated})" if model.gated else ""))


def listed_cards() -> Iterator[Listed]:
    for card in CARDS:
        note = "" if card.has_bf16 else "  no bf16"
        text = (
            f"{card.name:<20}{card.vram_gib:>6g} GiB {card.bandwidth_gb_s:>6g} GB/s "
            f"{card.tflops:>6g} TFLOPS{note}"
        )
        yield Listed(asdict(card), text)


def plan_facts(found: FoundModel, made: Plan) -> dict[str, Any]:
    """All that a plan says, with units in the names."""
    return {
        "model": found.name,
        "place": found.place,
        "gated": found.gated or None,
        "architecture": _architecture(found.architecture),
        "machine": _machine(made.machine),
        "settings": asdict(made.work),
        "fits": made.fits,
        "training_bytes": _memory(made.training),
        "generation_bytes": _memory(made.generation),
        "largest_micro_tokens": made.micro_tokens,
        "longest_example_tokens": made.longest_tokens,
        "largest_generation_batch": made.rows,
        "training_tokens_per_s": made.training_tokens_per_s,
        "generation_tokens_per_s": made.generation_tokens_per_s,
        "hours": asdict(made.hours) | {"total": made.hours.total} if made.hours else None,
        "levers": [asdict(lever) for lever in made.levers],
        "notes": list(found.architecture.notes),
    }


def _architecture(model: Architecture) -> dict[str, Any]:
    return {
        "model_type": model.model_type,
        "layers": model.layers,
        "hidden": model.hidden,
        "parameters": model.parameters,
        "linear_parameters": model.linear_parameters,
        "embedding_parameters": model.embedding_parameters,
        "head_parameters": model.head_parameters,
        "norm_and_bias_parameters": model.norm_parameters + model.bias_parameters,
        "context_tokens": model.context_tokens,
    }


def _machine(machine: Machine) -> dict[str, Any]:
    card: Card = machine.card
    return {
        "name": card.name,
        "on_cpu": machine.on_cpu,
        "memory_bytes": machine.memory_bytes,
        "usable_bytes": machine.usable_bytes,
        "free_bytes": machine.free_bytes,
        "bandwidth_gb_s": card.bandwidth_gb_s,
        "tflops": card.tflops,
    }


def _memory(memory: Memory) -> dict[str, int]:
    return dict(memory.items()) | {"total": memory.total, "movable": memory.movable}
