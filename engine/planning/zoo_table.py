"""The table of students in docs/models.md: python -m engine.planning.zoo_table > docs/models.md"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from engine.planning.cards import find_card
from engine.planning.machine import Machine
from engine.planning.memory import training_memory
from engine.planning.models import MODELS, CatalogueModel
from engine.planning.plan import plan, propose
from engine.planning.workload import Workload

TYPICAL_CARDS = ("RTX 4060", "RTX 3060", "RTX 4060 Ti 16 GB", "RTX 3090")
"""One card for each usual size: 8, 12, 16 and 24 GB."""

_TOKENS = (1024, 2048, 4096)
_GIB = 2**30


def table() -> str:
    """Return the whole page in Markdown."""
    return "\n".join([*_introduction(), *_memory(), "", *_cards(), "", *_students()])


def _introduction() -> Iterator[str]:
    work = Workload()
    yield "# Students"
    yield ""
    yield "What `tripost plan` knows, and what it plans for each: 4-bit weights (NF4, double"
    yield f"quantisation), a LoRA adapter of rank {work.lora_rank} on all linear layers, 8-bit"
    yield "AdamW, gradient checkpointing, examples packed."
    yield ""
    yield "Memory is calculated from the shape of the model. What comes and goes in a training step"
    yield "was checked against measurements on a CPU (`benchmarks/planned_memory.md`); what a CUDA"
    yield "process holds by itself is assumed. **Speeds are a roofline with assumed efficiencies,"
    yield "not measured.** Any model with a `config.json` can be planned: `tripost plan ./folder`."
    yield ""


def _memory() -> Iterator[str]:
    """VRAM of training, by tokens at once."""
    yield "## Memory of training, GiB"
    yield ""
    head = [f"{tokens:,} tokens at once" for tokens in _TOKENS]
    yield from _heading(["student", "parameters", *head], left=1)
    for model in MODELS:
        architecture = model.architecture
        works = [replace(Workload(), max_tokens=count, micro_tokens=count) for count in _TOKENS]
        sizes = [training_memory(architecture, work).total / _GIB for work in works]
        cells = [f"{architecture.parameters / 1e9:.2f} B", *(f"{size:.1f}" for size in sizes)]
        yield _row([model.name, *cells])


def _cards() -> Iterator[str]:
    """What fits on a card of each usual size."""
    yield "## What fits"
    yield ""
    yield "The most tokens at once, which is also the longest example; in brackets, the training"
    yield "tokens a second to expect."
    yield ""
    machines = [Machine(find_card(name)) for name in TYPICAL_CARDS]
    names = [f"{machine.card.name}, {machine.card.vram_gib:g} GiB" for machine in machines]
    names = [name.replace(" 16 GB,", ",") for name in names]
    yield from _heading(["student", *names], left=1)
    for model in MODELS:
        yield _row([model.name, *(_fitting(model, machine) for machine in machines)])


def _fitting(model: CatalogueModel, machine: Machine) -> str:
    architecture = model.architecture
    made = plan(architecture, machine, propose(architecture, machine, max_tokens=256))
    if made.micro_tokens is None:
        return "-"
    tokens = made.micro_tokens
    if architecture.context_tokens:
        tokens = min(tokens, architecture.context_tokens)
    return f"{tokens:,} ({made.training_tokens_per_s or 0:,.0f})"


def _students() -> Iterator[str]:
    yield "## Where they are"
    yield ""
    yield from _heading(["student", "on the hub", "licence to accept first"], left=3)
    for model in MODELS:
        yield _row([model.name, f"`{model.hub_id}`", model.gated])


def _heading(names: Sequence[str], left: int) -> Iterator[str]:
    yield _row(names)
    yield _row(["---" if index < left else "---:" for index, _ in enumerate(names)])


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |".replace("|  |", "| |")


if __name__ == "__main__":
    print(table())
