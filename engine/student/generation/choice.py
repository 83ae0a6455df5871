"""The generator that the settings ask for."""

from __future__ import annotations

from collections.abc import Callable

from engine.settings import StudentSettings
from engine.student.generation.batches import Sampler
from engine.student.generation.continuous import ContinuousSampler, check_continuous
from engine.student.generation.memory import budget_bytes
from engine.student.generation.requests import OutOfMemory, TextGenerator
from engine.student.model import Student


def text_generator(
    student: Student,
    settings: StudentSettings,
    temperature: float,
    pulse: Callable[[], None] = lambda: None,
    on_backoff: Callable[[OutOfMemory], None] = lambda _: None,
) -> TextGenerator:
    """Return a generator of the student's texts; ``temperature`` 0 is greedy.

    Raises:
        StudentError: the student cannot be generated from as ``student.generation`` says.
    """
    model, form = student.language_model, student.form
    budget = budget_bytes(model, settings.kv_share)
    if settings.generation == "continuous":
        check_continuous(student)
        return ContinuousSampler(
            model, form, temperature, pulse, budget=budget, on_backoff=on_backoff
        )
    return Sampler(
        model,
        form,
        temperature,
        pulse,
        budget=budget,
        autocast=student.autocast,
        on_backoff=on_backoff,
    )
