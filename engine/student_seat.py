"""The student's place in memory, which it can leave for an expert and take again."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from engine.student.device import free_cached
from engine.student.model import Student
from engine.training.checkpoints import load_weights


class StudentSeat:
    """Holds the student, and knows how it comes back: as it was loaded, or with newer weights."""

    def __init__(self, load: Callable[[], Student]) -> None:
        self._load = load
        self._student: Student | None = None
        self._weights: Path | None = None

    @property
    def student(self) -> Student:
        """The student, loaded where it is not there. Raises StudentError."""
        if self._student is None:
            student = self._load()
            if self._weights is not None:
                load_weights(student, self._weights)
            self._student = student
        return self._student

    @property
    def is_taken(self) -> bool:
        """Whether the student is in memory."""
        return self._student is not None

    def restore(self, weights: Path | None) -> None:
        """Give the student the weights in a folder, now and whenever it comes back.

        None leaves it as it was loaded, which it must be. Raises StudentError.
        """
        self._weights = weights
        if weights is not None and self._student is not None:
            load_weights(self._student, weights)

    def vacate(self) -> None:
        """Let the student go, with all memory that it has on its device."""
        if self._student is None:
            return
        device = self._student.device
        self._student = None
        free_cached(device)
