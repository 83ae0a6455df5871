"""Where the student is: the package's own for the task, a folder, or a model hub's id.

Apart from `engine.student.loading`, which loads it: whether it can be there is told without torch.
"""

from __future__ import annotations

from pathlib import Path

from engine.embedded import SCHOOLED_TASKS, student_folder
from engine.errors import StudentError
from engine.settings import StudentSettings
from engine.tasks import label

EMBEDDED = "embedded"


def student_place(settings: StudentSettings, task: str) -> str:
    """Return what transformers loads the student from; ``task`` is the task's name."""
    return str(student_folder(task)) if settings.path == EMBEDDED else settings.path


def check_student(settings: StudentSettings, task: str) -> None:
    """Find out cheaply whether the student can be there at all; ``task`` is the task's name.

    Raises:
        StudentError: it cannot; or the package has no student for the task.
    """
    if settings.path == EMBEDDED and task not in SCHOOLED_TASKS:
        raise StudentError(
            f'student.path is "embedded", but the package has no student for {label(task)}, only '
            f"for {', '.join(SCHOOLED_TASKS)}. Name a folder that transformers can load, or a hub "
            "id.",
            "No embedded student for this task",
        )
    path = student_place(settings, task)
    folder = Path(path).expanduser()
    looks_local = settings.path == EMBEDDED or folder.exists() or path.startswith((".", "/", "~"))
    if looks_local and not (folder / "config.json").is_file():
        raise StudentError(
            f"student.path is {settings.path!r}, but there is no model: {folder / 'config.json'} "
            'is missing. Name a folder that transformers can load, or "embedded".',
            "The student is missing",
        )
