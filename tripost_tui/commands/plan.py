"""`tripost plan`: what fits on a machine, and how long it takes."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tripost_tui.commands.arguments import json_option

if TYPE_CHECKING:
    from engine.planning.machine import Machine
    from engine.planning.workload import Workload


class _Positive(click.ParamType[float]):
    """A finite number above 0."""

    name = "number"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        try:
            number = float(value)
        except ValueError:
            self.fail(f"{value!r} is no number", param, ctx)
        if not (math.isfinite(number) and 0 < number <= 1e6):
            self.fail(f"{value!r} is not above 0 and at most a million", param, ctx)
        return number


@click.command()
@click.argument("model", metavar="[MODEL]", required=False)
@click.option("--card", metavar="NAME", help="A card of --list-cards, such as 3060.")
@click.option("--vram", type=_Positive(), metavar="GIB", help="A card by its memory, in GiB.")
@click.option("--bandwidth", type=_Positive(), metavar="GB/S", help="Its memory bandwidth.")
@click.option("--tflops", type=_Positive(), metavar="TFLOPS", help="Its dense bf16 TFLOPS.")
@click.option("--cpu", is_flag=True, help="Plan for this machine's CPU and RAM.")
@click.option("--four-bit/--no-four-bit", default=None, help="Weights in 4 bits (NF4) or not.")
@click.option("--precision", type=click.Choice(["fp32", "bf16", "fp16"]), help="Number format.")
@click.option("--adapter", type=click.Choice(["lora", "full"]), help="What is trained.")
@click.option("--rank", type=click.IntRange(1, 1024), help="LoRA rank.")
@click.option(
    "--length", type=click.IntRange(16, 131_072), metavar="TOKENS", help="Longest example."
)
@click.option(
    "--project",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="Plan a project's student with its settings.",
)
@click.option("--list-models", is_flag=True, help="List the students that are known, and exit.")
@click.option("--list-cards", is_flag=True, help="List the cards that are known, and exit.")
@json_option
def plan(
    model: str | None,
    card: str | None,
    vram: float | None,
    bandwidth: float | None,
    tflops: float | None,
    cpu: bool,
    four_bit: bool | None,
    precision: str | None,
    adapter: str | None,
    rank: int | None,
    length: int | None,
    project: Path | None,
    list_models: bool,
    list_cards: bool,
    as_json: bool,
) -> None:
    """Tell what fits on a graphics card, with which settings, and how long it takes.

    MODEL is a student of --list-models (such as "llama 3.2 3b"), a folder with a config.json, that
    file, or a hub id; without it all that are listed are planned. The card is this machine's,
    unless you name one. Nothing is loaded, and no weights are needed. What you do not choose is
    proposed.
    """
    from tripost_tui.planning import Planned, listed_cards, listed_models, planned_catalogue
    from tripost_tui.progress import write_json

    if list_models or list_cards:
        for row in listed_models() if list_models else listed_cards():
            if as_json:
                write_json(row.facts)
            else:
                click.echo(row.text)
        return
    given = {
        "quantisation": None if four_bit is None else ("nf4" if four_bit else "none"),
        "precision": precision,
        "adapter": adapter,
        "lora_rank": rank,
        "max_tokens": length,
    }
    given = {name: value for name, value in given.items() if value is not None}
    _check(given)
    machine = _machine(card, vram, bandwidth, tflops, cpu)
    if model is None and project is None:
        table = planned_catalogue(machine, given)
        for facts in table.rows if as_json else ():
            write_json(facts)
        if not as_json:
            click.echo(table.text)
        return
    base: Workload | None = None
    if project is not None:
        model, base = _of_project(project, model, machine)
    assert model is not None
    planned = Planned.of(model, machine, given, base)
    if as_json:
        write_json(planned.facts)
    else:
        click.echo(planned.text)


def _check(given: dict[str, Any]) -> None:
    if given.get("adapter") == "full" and given.get("quantisation") == "nf4":
        raise click.UsageError("4-bit weights cannot be trained: use --adapter lora.")
    if given.get("adapter") == "full" and "lora_rank" in given:
        raise click.UsageError("--rank is of a LoRA adapter: use --adapter lora.")


def _machine(
    card: str | None,
    vram: float | None,
    bandwidth: float | None,
    tflops: float | None,
    cpu: bool,
) -> Machine:
    """The machine that the options name. Raises UsageError for options that exclude each other."""
    from dataclasses import replace

    from engine.planning.cards import Card, find_card
    from engine.planning.machine import Machine, this_cpu, this_machine

    if sum((card is not None, vram is not None, cpu)) > 1:
        raise click.UsageError("--card, --vram and --cpu exclude each other.")
    if card is not None:
        machine = Machine(find_card(card))
    elif vram is not None:
        machine = Machine(Card(f"a card with {vram:g} GiB", vram, None, None))
    else:
        machine = this_cpu() if cpu else this_machine()
    known = machine.card
    spoken = replace(
        known,
        bandwidth_gb_s=bandwidth or known.bandwidth_gb_s,
        tflops=tflops or known.tflops,
    )
    return replace(machine, card=spoken)


def _of_project(folder: Path, model: str | None, machine: Machine) -> tuple[str, Workload]:
    """A project's student, unless another one is named, and what its settings ask for."""
    from engine.planning.workload import workload_of
    from engine.project import Project
    from engine.student_place import find_student

    settings = Project.open(folder).settings
    if model is None:
        model = find_student(settings.student, settings.task.name).model
    return model, workload_of(settings, machine)
