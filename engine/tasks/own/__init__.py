"""Tasks of one's own: a folder with task.toml, rows in JSON lines and, if wanted, scripts.

    from engine.tasks.own import load_task

    with load_task(Path("units")) as task:
        for problem in task.folder.problems:
            print(problem.render())

Scripts of a task are trusted code, NOT a sandbox: `engine.tasks.own.script_process`.
"""

from engine.tasks.own.config import check_task_settings, load_task_settings, task_toml
from engine.tasks.own.folder import TaskFolder, load_folder
from engine.tasks.own.problems import Problem, ProblemKind, Severity
from engine.tasks.own.rows import Row
from engine.tasks.own.script_process import ScriptError, ScriptFailure
from engine.tasks.own.settings import OwnSettings
from engine.tasks.own.task import OwnTask, TooFewRows, load_task

__all__ = [
    "OwnSettings",
    "OwnTask",
    "Problem",
    "ProblemKind",
    "Row",
    "ScriptError",
    "ScriptFailure",
    "Severity",
    "TaskFolder",
    "TooFewRows",
    "check_task_settings",
    "load_folder",
    "load_task",
    "load_task_settings",
    "task_toml",
]
