"""What is told of a plan, as text of at most 80 columns; safe to print."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from engine.planning.lookup import FoundModel
from engine.planning.machine import Machine
from engine.planning.memory import Memory
from engine.planning.plan import Plan
from engine.planning.workload import Workload
from tripost_tui.text import clean_text, one_line

_WIDTH = 80
_GIB = 2**30
_ESTIMATE = (
    "Memory is calculated: a training step's tensors were checked on a CPU, what CUDA takes beside "
    "them is assumed. Speeds and hours are estimates that nobody measured."
)


def plan_text(found: FoundModel, plan: Plan) -> str:
    """Tell all of one plan."""
    machine, model = plan.machine, plan.model
    verdict = "fits" if plan.fits else "does not fit"
    name = one_line(found.name, 60)
    blocks = [
        [f"{name} on {_machine(machine)}: {verdict}"],
        ["Model", *_pairs(_model_rows(found, plan))],
        ["Settings", *_filled(_settings(plan.work))],
        [f"Training, {plan.work.at_once_tokens:,} tokens at once", *_memory(plan.training)],
        [f"Sampling, {plan.work.batch_size} texts at once", *_memory(plan.generation)],
        [f"At most, in {machine.usable_bytes / _GIB:.1f} GiB", *_pairs(_limits(plan))],
        ["Speed, estimated", *_pairs(_speeds(plan))],
    ]
    if plan.levers:
        blocks.append(
            ["What would help", *(line for lever in _levers(plan) for line in _filled(lever))]
        )
    notes = [*model.notes, *_own_notes(found, plan), _ESTIMATE]
    blocks.append(["Notes", *(line for note in notes for line in _filled(note))])
    return clean_text("\n\n".join("\n".join(block) for block in blocks))


def catalogue_text(machine: Machine, rows: Sequence[Mapping[str, Any]]) -> str:
    """Tell of each model in a line."""
    header = f"{'':<14}{'training, GiB':>15}{'at once':>10}{'texts':>7}{'tokens/s':>15}{'hours':>8}"
    under = f"{'model':<14}{'1k':>8}{'2k':>7}{'tokens':>10}{'':>7}{'train':>8}{'sample':>7}{'':>8}"
    lines = [
        f"{_machine(machine)}: {_settings_in_short(rows[0]['settings'])}",
        "",
        header.rstrip(),
        under.rstrip(),
    ]
    lines += [_row(row) for row in rows]
    lines += [
        "",
        *textwrap.wrap(
            "Training with so many tokens at once; the most tokens and texts that fit (- where "
            "nothing does); hours of a run of 3 iterations with 600 questions each. " + _ESTIMATE,
            _WIDTH,
        ),
        "One model in full: tripost plan NAME",
    ]
    return clean_text("\n".join(lines))


def _row(row: Mapping[str, Any]) -> str:
    hours = row["hours"]["total"] if row["hours"] else None
    return (
        f"{row['model']:<14}"
        f"{row['training_bytes_at_1024'] / _GIB:>8.1f}{row['training_bytes_at_2048'] / _GIB:>7.1f}"
        f"{_count(row['largest_micro_tokens'], '-'):>10}"
        f"{_count(row['largest_generation_batch'], '-'):>7}"
        f"{_count(row['training_tokens_per_s']):>8}{_count(row['generation_tokens_per_s']):>7}"
        f"{'?' if hours is None else f'{hours:.1f}':>8}"
    )


def _machine(machine: Machine) -> str:
    size = f"{machine.memory_bytes / _GIB:.1f} GiB of {machine.memory_name}"
    return f"{one_line(machine.card.name, 40)}, {size}"


def _model_rows(found: FoundModel, plan: Plan) -> list[tuple[str, str]]:
    model = plan.model
    head = "tied to them" if model.tied else f"{model.head_parameters:,}"
    rows = [
        ("parameters", f"{model.parameters:,}"),
        ("linear layers", f"{model.linear_parameters:,}"),
        ("embeddings", f"{model.embedding_parameters:,}"),
        ("head", head),
        ("norms and biases", f"{model.norm_parameters + model.bias_parameters:,}"),
    ]
    if plan.work.adapter == "lora":
        rows.append(("adapter", f"{model.lora_parameters(plan.work.lora_rank):,}"))
    rows.append(("from", one_line(found.place, 50)))
    return rows


def _settings(work: Workload) -> str:
    adapter = f"LoRA rank {work.lora_rank}" if work.adapter == "lora" else "all weights trained"
    weights = "4-bit weights (NF4)" if work.quantisation == "nf4" else f"{work.precision} weights"
    optimizer = {
        "adamw": "AdamW",
        "adamw_8bit": "8-bit AdamW",
        "paged_adamw_8bit": "paged 8-bit AdamW",
    }[work.optimizer]
    checkpointing = "with" if work.gradient_checkpointing else "without"
    return (
        f"{weights}, {adapter}, computing in {work.precision}, {optimizer}, {checkpointing} "
        f"gradient checkpointing; examples of up to {work.max_tokens:,} tokens, "
        f"{'packed' if work.packed else 'padded'} to {work.micro_tokens:,}"
    )


def _settings_in_short(settings: Mapping[str, Any]) -> str:
    quantised = settings["quantisation"] == "nf4"
    weights = "4-bit weights" if quantised else f"{settings['precision']} weights"
    trained = "LoRA" if settings["adapter"] == "lora" else "all weights trained"
    return f"{weights}, {trained}"


def _memory(memory: Memory) -> list[str]:
    rows = [*memory.items(), ("total", memory.total)]
    lines = [f"  {name:<20}{size / _GIB:>7.2f} GiB" for name, size in rows]
    if memory.movable:
        lines.append(f"  {'of which pageable':<20}{memory.movable / _GIB:>7.2f} GiB")
    return lines


def _limits(plan: Plan) -> list[tuple[str, str]]:
    return [
        ("micro-batch", f"{_count(plan.micro_tokens, 'none')} tokens"),
        ("longest example", f"{_count(plan.longest_tokens, 'none')} tokens"),
        ("texts at once", _count(plan.rows, "none")),
    ]


def _speeds(plan: Plan) -> list[tuple[str, str]]:
    rows = [
        ("training", f"{_count(plan.training_tokens_per_s)} tokens/s"),
        ("sampling", f"{_count(plan.generation_tokens_per_s)} tokens/s"),
    ]
    if (hours := plan.hours) is not None:
        work = plan.work
        what = f"{work.iterations} iterations, {work.questions:,} questions each"
        parts = (
            f"sampling {hours.sampling:.1f}, training {hours.training:.1f}, "
            f"evaluation {hours.evaluation:.1f}"
        )
        rows.append((f"{hours.total:.1f} hours", what))
        rows.append(("", parts))
    return rows


def _levers(plan: Plan) -> list[str]:
    return [
        f"{lever.change}: saves {lever.saved_bytes / _GIB:.1f} GiB, then "
        f"{lever.needed_bytes / _GIB:.1f} GiB, which "
        f"{'fits' if lever.fits else 'is still too much'}"
        for lever in plan.levers
    ]


def _own_notes(found: FoundModel, plan: Plan) -> Iterable[str]:
    model, machine, work = plan.model, plan.machine, plan.work
    if found.gated:
        yield f"Accept its licence on the hub first: {found.gated}."
    if model.context_tokens and work.max_tokens > model.context_tokens:
        yield f"It was made for texts of up to {model.context_tokens:,} tokens."
    if model.eager_attention:
        yield "Its attention holds scores of all pairs of tokens: short rows save much memory."
    if plan.rows is not None and work.batch_size > plan.rows:
        yield f"{work.batch_size} texts at once do not fit in sampling: set a smaller batch_size."
    needed = max(plan.training.needed, plan.generation.needed)
    if machine.free_bytes is not None and needed > machine.free_bytes:
        yield (
            f"Now only {machine.free_bytes / _GIB:.1f} GiB are free: other programs use the rest."
        )


def _pairs(rows: Iterable[tuple[str, str]]) -> list[str]:
    return [f"  {name:<20}{value}".rstrip() for name, value in rows]


def _filled(text: str) -> list[str]:
    # A word of a file may be longer than a line.
    return textwrap.wrap(
        one_line(text, 1000), _WIDTH, initial_indent="  ", subsequent_indent="    "
    )


def _count(number: float | None, missing: str = "?") -> str:
    return missing if number is None else f"{round(number):,}"
