"""How much of the disk the runs of a study will take, told before they are started."""

from __future__ import annotations

from pathlib import Path

from engine.errors import ProjectError, TripostError
from engine.files import free_bytes
from engine.student_place import find_student
from engine.study.plan import PlannedRun

_DATABASE_BYTES_AN_ITEM = 12_000
"""A question with an attempt, its trajectory, its examples and its test: about so much."""
_SPARE_BYTES = 50_000_000
_STATES = 4
"""While an iteration trains: a state with two moments, and the one before it until it is whole."""
_ADAPTER_SHARE = 0.05


def bytes_of_run(run: PlannedRun) -> int:
    """Estimate what a run leaves on the disk at most, from its sizes; weights are not shared."""
    settings = run.settings
    each = (
        settings.collect.questions
        * max(1, settings.collect.passes if settings.collect.target else 1)
        + settings.task.test_items
    )
    items = settings.task.train_items + settings.task.test_items
    rows = each * (settings.run.iterations + 1) + items // 4
    return _DATABASE_BYTES_AN_ITEM * rows + _weights(run) * (settings.run.iterations + _STATES)


def _weights(run: PlannedRun) -> int:
    """The size of what an iteration saves; 0 where the student is not here to be weighed."""
    try:
        place = find_student(run.settings.student, run.task)
        if not place.is_here:
            return 0
        size = sum(file.stat().st_size for file in Path(place.model).glob("*.safetensors"))
    except (TripostError, OSError):
        return 0
    whole = run.settings.student.adapter == "full" or run.student == "embedded"
    return size if whole else int(size * _ADAPTER_SHARE)


def check_room(folder: Path, needed: int) -> None:
    """Raise ProjectError where the disk has not so many bytes left, and some to spare."""
    free = free_bytes(folder)
    if free is not None and free < needed + _SPARE_BYTES:
        raise ProjectError(
            f"{folder}: {free / 1e9:.1f} GB are free, and the runs that are left need about "
            f"{(needed + _SPARE_BYTES) / 1e9:.1f} GB. Free some space, or name another folder "
            "with --out; what is finished is kept.",
            "The disk has too little room",
        )
