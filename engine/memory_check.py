"""Whether the memory that is free now suffices for a run, told before an engine is started."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from engine.errors import StudentError
from engine.planning.architecture import Architecture
from engine.planning.fit import fits_machine
from engine.planning.levers import levers
from engine.planning.machine import Machine, this_cpu, this_machine
from engine.planning.model_config import architecture_of
from engine.planning.models import find_model
from engine.planning.workload import workload_of
from engine.settings import Settings
from engine.student_place import Place
from engine.weight_files import read_json

_MARGIN = 1.1
"""A plan may be wrong by a tenth: what is missing has to be more than that."""


def check_memory(settings: Settings, place: Place, machine: Machine | None = None) -> None:
    """Check that the least that a run can do fits: one example, and one question, at a time.

    What does not fit beside that is done in smaller batches. A model of a shape that cannot be
    planned is not checked, nor one that is yet to be fetched and not in the catalogue.

    Raises:
        StudentError: memory does not suffice; it says by how much, and what would help.
    """
    machine = machine or (this_cpu() if settings.student.device == "cpu" else this_machine())
    shape = shape_of(place)
    if shape is None or machine.free_bytes is None:
        return
    work = replace(workload_of(settings, machine), micro_tokens=1, batch_size=1)
    fit = fits_machine(shape, work, machine.free_bytes, on_cpu=machine.on_cpu)
    if fit.needed_bytes <= _MARGIN * fit.free_bytes:
        return
    changes = [lever.change for lever in levers(shape, machine, work)]
    advice = f" What would help: {'; '.join(changes)}." if changes else ""
    raise StudentError(
        f"{place.model}: {fit.text} Close other programs that hold memory, or change the "
        f"settings.{advice} See: tripost plan {place.model}",
        f"Too little {machine.memory_name}",
    )


def shape_of(place: Place) -> Architecture | None:
    """The shape of a student by its config.json, or by the catalogue; None where neither tells."""
    listed = None if place.is_here else find_model(place.model)
    if listed is not None:
        return listed.architecture
    try:
        return architecture_of(read_json(Path(place.model) / "config.json"), place.model)
    except StudentError:
        return None
