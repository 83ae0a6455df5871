"""The weights of a run's iterations, which take turns in one loaded student.

So two of them can be asked one after the other in the memory of one. What was in place once is kept
in RAM where there is room, else read again: an adapter is small, a whole model may not be.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import psutil  # type: ignore[import-untyped]
import torch
from torch import Tensor

from engine.errors import StudentError
from engine.play.messages import START
from engine.student.model import Student
from engine.student_seat import StudentSeat
from engine.training.checkpoints import folder_hash, load_weights

_ROOM = 2
"""So many times what a set takes has to be free for it to be kept."""


@dataclass(frozen=True, slots=True)
class SavedWeights:
    """Where the weights of an iteration are, and the hash that their folder had."""

    folder: Path
    sha256: str


class WeightSets:
    """Puts the weights of an iteration into the student in ``seat``, as the evaluation does."""

    def __init__(self, seat: StudentSeat, saved: Mapping[int, SavedWeights]) -> None:
        self._seat = seat
        self._saved = saved
        self._kept: dict[int, dict[str, Tensor]] = {}
        self._now = START

    def put(self, iteration: int) -> Student:
        """Return the student with the weights of ``iteration``.

        Raises:
            StudentError: they are missing or damaged; those before stay in place.
        """
        student = self._seat.student
        if iteration == self._now:
            return student
        if self._now not in self._kept:
            self._keep(student)
        if iteration in self._kept:
            with torch.no_grad():
                for name, weight in student.trained_weights().items():
                    weight.copy_(self._kept[iteration][name])
        elif iteration == START:
            self._seat.vacate()
            self._seat.restore(None)
            del student
            student = self._seat.student
        else:
            load_weights(student, self._checked(iteration))
        self._now = iteration
        return student

    def _checked(self, iteration: int) -> Path:
        saved = self._saved.get(iteration)
        if saved is None or not saved.folder.is_dir():
            where = f": {saved.folder}" if saved else ""
            raise StudentError(
                f"The weights of iteration {iteration} are gone{where}. Restore the folder, or "
                "choose another iteration.",
                "The weights are gone",
            )
        if folder_hash(saved.folder) != saved.sha256:
            raise StudentError(
                f"The weights of iteration {iteration} are not as they were saved: {saved.folder}. "
                "Restore the folder, or choose another iteration.",
                "A checkpoint is damaged",
            )
        return saved.folder

    def _keep(self, student: Student) -> None:
        weights = student.trained_weights()
        size = sum(weight.nbytes for weight in weights.values())
        if psutil.virtual_memory().available > _ROOM * size:
            self._kept[self._now] = {
                name: weight.detach().to("cpu", copy=True) for name, weight in weights.items()
            }
