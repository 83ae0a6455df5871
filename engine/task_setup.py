"""The task of a project, ready for a run; and settings that fit the rows of one's own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from db.records import Split, Subtask
from engine.errors import ConfigError
from engine.expert_settings import SCRIPT
from engine.methods import Attempts, Gold, attempts_by, facts_of
from engine.project import Project
from engine.settings import Settings
from engine.tasks import TASKS, is_folder, make_task
from engine.tasks.base import Task
from engine.tasks.own import OwnTask
from engine.tasks.own.config import TASK_FILE, load_task_settings

PROMPTS = "prompts"
"""The folder of a person's own prompts for experts, in a project or in a task of one's own."""


def project_task(project: Project, *, run_scripts: bool = True) -> Task:
    """Return the task of a project, which is to be closed after use.

    A relative folder is taken from the project's own. Without ``run_scripts`` nothing of the
    person's is run while it is read.

    Raises:
        ConfigError: the folder is no task, or the task lacks what the run's method needs.
    """
    wanted = project.settings.task
    try:
        name = _resolved(wanted.name, project.path)
        task = make_task(name, wanted.seen, wanted.unseen, run_scripts=run_scripts)
    except ValueError as error:
        raise ConfigError(f"{project.settings_path}: task.seen, task.unseen: {error}.") from error
    if isinstance(task, OwnTask):
        try:
            _check(task, project.settings)
        except BaseException:
            task.close()
            raise
    return task


def _resolved(name: str, base: Path) -> str:
    return str(base / Path(name).expanduser()) if is_folder(name) else name


def _check(task: OwnTask, settings: Settings) -> None:
    """Find out before the run what would end it, or leave it nothing to learn."""
    file = task.folder.path / TASK_FILE
    more = f"What is wrong with it: tripost task check {task.folder.path}"
    train = task.rows(Split.TRAIN, Subtask.SEEN)
    if not train:
        raise ConfigError(f"{file}: no valid row to train on. {more}", "The task has no rows")
    facts = facts_of(settings)
    has_rationales = any(row.rationale for row in train)
    if facts.corrects:
        _check_correctors(task, settings)
        if attempts_by(settings) is Attempts.EXPERT:
            _check_demonstrator(task, settings, has_rationales=has_rationales)
    elif facts.gold is not Gold.NONE and not has_rationales:
        raise ConfigError(
            f'{file}: no row to train on has a "rationale", which is what the method '
            f"{settings.run.method} trains on.",
            "The task has no rationales",
        )


def _check_correctors(task: OwnTask, settings: Settings) -> None:
    file, experts = task.folder.path / TASK_FILE, settings.experts
    lacking = [
        name
        for name in ("feedback", "improve")
        if getattr(task.folder.settings, name) is None and getattr(experts, name) == (SCRIPT,)
    ]
    if lacking:
        wanted = " and ".join(f'[{name}] with script = "…"' for name in lacking)
        asked = " and ".join(f"experts.{name}" for name in lacking)
        raise ConfigError(
            f"{file}: nobody gives {' or '.join(_ROLES[name] for name in lacking)}. Add "
            f"{wanted} (an example: tripost task new example), or let a language model do it: "
            f"{asked} in the project's settings.",
            "The task has no scripts to correct attempts",
        )


def _check_demonstrator(task: OwnTask, settings: Settings, *, has_rationales: bool) -> None:
    """Errors are planted in rationales that the task's own script of FBK looks at."""
    if settings.experts.improve[0] != SCRIPT:
        return
    lacking = ["a script of FBK"] if task.folder.settings.feedback is None else []
    lacking += [] if has_rationales else ['rows with a "rationale"']
    if lacking:
        raise ConfigError(
            f"{task.folder.path / TASK_FILE}: nobody can write demonstrations: errors are planted "
            f"in gold rationales, for which the task lacks {' and '.join(lacking)}. Let a language "
            "model write them: experts.improve in the project's settings.",
            "The task cannot be demonstrated",
        )


def has_scripts(project: Project) -> bool:
    """Tell whether the task gives feedback and improvements itself; nothing of it is run."""
    name = project.settings.task.name
    if not is_folder(name):
        return True
    try:
        own = load_task_settings(Path(_resolved(name, project.path)))
    except ConfigError:
        return False
    return own.feedback is not None and own.improve is not None


def prompt_folders(project: Project, task: Task) -> tuple[Path, ...]:
    """Return where a person's own prompts for experts may be: the project's, then the task's."""
    folders = (project.path / PROMPTS,)
    return (*folders, task.folder.path / PROMPTS) if isinstance(task, OwnTask) else folders


_ROLES = {"feedback": "feedback (FBK)", "improve": "improvements (IMP)"}


def left_out(task: Task) -> str:
    """Say which rows of one's own are of no use; empty where all are."""
    if not isinstance(task, OwnTask) or not task.folder.errors:
        return ""
    folder = task.folder
    return (
        f"what is wrong in the task's files is left out ({folder.error_count}, first "
        f"{folder.errors[0].render()}). All of it: tripost task check {folder.path}"
    )


def fitting_values(folder: Path, defaults: Settings) -> dict[str, Any]:
    """Return settings, by key, for a project on the task in ``folder``: no more than it has.

    The settings name the folder by its absolute path. Nothing of the person's is run.

    Raises:
        ConfigError: the folder is no task, or has no row to train on.
    """
    path = folder.expanduser().absolute()
    task = make_task(str(path), run_scripts=False)
    assert isinstance(task, OwnTask)
    with task:
        counts = task.row_counts()
    train, dev = (counts[split][Subtask.SEEN] for split in (Split.TRAIN, Split.DEV))
    test = sum(counts[Split.TEST].values())
    if not train:
        raise ConfigError(
            f"{path / TASK_FILE}: no valid row to train on. See: tripost task check {folder}",
            "The task has no rows",
        )
    questions = min(defaults.collect.questions, train)
    return {
        "task.name": str(path),
        "task.train_items": min(defaults.task.train_items, train),
        "task.dev_items": min(defaults.task.dev_items, dev),
        "task.test_items": min(defaults.task.test_items, test),
        "collect.questions": questions,
        "collect.minimum": min(defaults.collect.minimum, (questions + 1) // 2),
    }


def hint_of(name: str) -> str | None:
    """Return what follows the question in a task's prompts; None where that is not known."""
    if name in TASKS:
        return TASKS[name].hint
    if not is_folder(name):
        return None
    try:
        return load_task_settings(Path(name).expanduser()).prompt_hint
    except ConfigError:
        return None
