"""`tripost new` and `tripost report`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tripost_tui.commands.arguments import project_argument

if TYPE_CHECKING:
    from engine.presets import Preset
    from engine.settings import Settings


def _list_presets(
    context: click.Context, option: click.Parameter, names: tuple[str, ...]
) -> tuple[str, ...]:
    if "list" in names:
        from tripost_tui.preset_text import list_text

        click.echo(list_text())
        context.exit()
    return names


@click.command()
@project_argument
@click.option(
    "--preset",
    "presets",
    metavar="NAME|list",
    multiple=True,
    is_eager=True,
    callback=_list_presets,
    help="A named set of settings: where to begin (default, demo, paper), the method or a "
    "baseline, an ablation. May be given several times; list tells all.",
)
@click.option(
    "--like",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="Begin with the settings of another project, whose run is over, and with as many "
    "training tokens as it took: the same start and test, to compare with.",
)
@click.option(
    "--task",
    metavar="NAME|DIR",
    help="Which task, or the folder of one of your own.  [default: multistep_arithmetic]",
)
@click.option(
    "--expert",
    "experts",
    metavar="NAME",
    multiple=True,
    help="Who gives feedback and improvements, such as ollama:qwen3:8b; see tripost experts list. "
    "Given several times, the next is asked where one gives up.",
)
@click.option(
    "--set",
    "assignments",
    metavar="KEY=VALUE",
    multiple=True,
    help="A setting, such as run.seed=3 or train.epochs=2. May be given several times.",
)
def new(
    folder: Path,
    presets: tuple[str, ...],
    like: Path | None,
    task: str | None,
    experts: tuple[str, ...],
    assignments: tuple[str, ...],
) -> None:
    """Make a project in a new or empty folder.

    All settings are in its project.toml, each with a line of help. With a task of your own, no
    more questions are asked for than it has rows.

    \b
    A baseline of the run in a, with its start, its test and its budget:
      tripost new b --like a --preset lmsi
    """
    from engine.config import with_values
    from engine.presets import same_budget, with_presets
    from engine.project import Project
    from local_experts.names import BackEnd, with_whole_path
    from tripost_tui.commands.remembering import remember

    base, methods, tokens = _begun(presets, like, task)
    values = _task_values(task, base) if task is not None else {}
    if experts:
        experts = tuple(
            with_whole_path(name) if name.startswith(BackEnd.GGUF) else name for name in experts
        )
        values |= {"experts.feedback": experts, "experts.improve": experts}
    assigned = dict(_assignment(text) for text in assignments)
    # Presets reckon with what is wanted otherwise, such as the number of questions.
    settings = with_presets(with_values(base, values | assigned, "command line"), methods)
    if tokens:
        settings = same_budget(settings, tokens)
    project = Project.create(folder, with_values(settings, assigned, "command line"))
    remember(project)
    click.echo(
        f"{project.path}: a new project. Its settings: {project.settings_path}\n"
        f"Start it: tripost run {folder}"
    )


def _begun(
    presets: tuple[str, ...], like: Path | None, task: str | None
) -> tuple[Settings, list[Preset], int]:
    """Where to begin, the presets to set on top, and the budget to take over, 0 for none.

    Raises ConfigError, ProjectError, StoreError.
    """
    from engine.config import Settings, with_values
    from engine.presets import Group, begin, preset_named, trained_tokens
    from engine.project import Project

    named = [preset_named(name) for name in presets]
    begins = [preset for preset in named if preset.group is Group.BEGIN]
    others = [preset for preset in named if preset.group is not Group.BEGIN]
    if like is None:
        if len(begins) > 1:
            names = " and ".join(preset.name for preset in begins)
            raise click.BadParameter(f"{names} both say where to begin", param_hint="--preset")
        name = begins[0].name if begins else "default"
        return begin(name, task or Settings().task.name), others, 0
    if begins or task is not None:
        what = "--task" if task is not None else f"--preset {begins[0].name}"
        raise click.UsageError(f"{what} goes not with --like, which says where to begin.")
    project = Project.open(like)
    tokens = trained_tokens(project)
    # What the other has of a method is not to be had in this one.
    plain = with_values(project.settings, {"run.name": "", "collect.keep_failed": False})
    return plain, others, tokens


def _task_values(name: str, base: Settings) -> dict[str, Any]:
    """Settings for a task. Raises ConfigError for a folder that is none."""
    from engine.task_setup import fitting_values
    from engine.tasks import as_named, is_folder

    if is_folder(as_named(name)):
        return fitting_values(Path(name), base)
    return {"task.name": name}


def _assignment(text: str) -> tuple[str, Any]:
    """A key and its value, which is TOML, or text where it is not. Raises BadParameter."""
    import tomllib

    key, equals, value = text.partition("=")
    if not equals or "." not in key:
        raise click.BadParameter(f"{text!r} is not section.key=value", param_hint="--set")
    try:
        parsed = tomllib.loads(f"value = {value}")
    except tomllib.TOMLDecodeError:
        parsed = {}
    # A newline could smuggle in more than a value.
    return key.strip(), parsed["value"] if parsed.keys() == {"value"} else value


@click.command()
@project_argument
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "md", "json"]),
    default="text",
    show_default=True,
    help="How to print it.",
)
@click.option(
    "--html",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Write it as one HTML page with figures and examples, and print nothing.",
)
@click.option(
    "--markdown",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Write the same without the figures' pictures, as Markdown.",
)
def report(folder: Path, form: str, html: Path | None, markdown: Path | None) -> None:
    """Print the report of a project's latest run, also of one that is under way.

    Accuracy with intervals, updates, a test against the start, what was collected and dropped,
    and where the time went. With --html or --markdown it is a file that needs nothing else, with
    what was shown and what was not in words, and examples of what the student wrote.
    """
    from engine.project import Project
    from tripost_tui.reporting import print_report_of, write_report_of

    project = Project.open(folder)
    if html is None and markdown is None:
        print_report_of(project, form)
    for path, file_form in ((html, "html"), (markdown, "md")):
        if path is not None:
            write_report_of(project, file_form, path)
            click.echo(f"Written: {path}")
