"""The students that come with the package, one for each task that has one, and how they were made.

python -m engine.embedded.build multistep_arithmetic OUT
"""

from pathlib import Path

_STUDENTS = Path(__file__).parent / "students"


SCHOOLED_TASKS = ("multistep_arithmetic", "word_sorting")
"""Names of the tasks that have a student."""


def student_folder(task: str) -> Path:
    """Folder of a task's student, loadable by transformers."""
    return _STUDENTS / task
