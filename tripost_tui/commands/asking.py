"""`tripost ask`: the Playground without the app."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tripost_tui.commands.arguments import json_option, project_argument

if TYPE_CHECKING:
    from engine.play.outlook import Outlook, TestItem


class _Weights(click.ParamType[int]):
    """``start`` or the number of an iteration."""

    name = "weights"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        text = str(value)
        if text == "start":
            return 0
        if not (text.isascii() and text.isdigit() and len(text) < 6):
            self.fail(f'{text!r} is neither "start" nor the number of an iteration.', param, ctx)
        return int(text)


@click.command()
@project_argument
@click.argument("question", metavar="[QUESTION]", required=False)
@click.option(
    "--iteration", type=_Weights(), metavar="N|start", help="Which weights.  [default: the last]"
)
@click.option("--both", is_flag=True, help="Ask the student as it started as well.")
@click.option("--item", type=click.IntRange(1), metavar="ID", help="Ask the test item ID.")
@click.option("--random", "by_chance", is_flag=True, help="Ask a test item by chance.")
@click.option(
    "--subtask", type=click.Choice(["seen", "unseen"]), help="With --random: of which difficulty."
)
@click.option(
    "--temperature",
    type=click.FloatRange(0, 5),
    default=0.0,
    help="Sample at a temperature.  [default: 0, greedy]",
)
@click.option("--seed", type=click.IntRange(0), default=0, help="Seed of sampling.")
@click.option(
    "--updates",
    type=click.IntRange(0, 20),
    help="How many updates it may write.  [default: as in the evaluation]",
)
@click.option("--anyway", is_flag=True, help="Load it even where memory may not suffice.")
@json_option
def ask(
    folder: Path,
    question: str | None,
    iteration: int | None,
    both: bool,
    item: int | None,
    by_chance: bool,
    subtask: str | None,
    temperature: float,
    seed: int,
    updates: int | None,
    anyway: bool,
    as_json: bool,
) -> None:
    """Ask a project's student, and see it answer and correct itself.

    The question is in the task's own words; without one (and without --item or --random) it is
    read from stdin. What is known of the answer is told: the right one, and what the task's script
    says of each attempt.
    """
    from contextlib import closing

    from engine.play.child import PlayProcess
    from engine.play.messages import START, Ask
    from engine.play.outlook import check_there, look
    from tripost_tui.asking import JsonAnswers, PlainAnswers, ask_until_done

    _check(question, item, by_chance, subtask)
    outlook = look(folder.expanduser().absolute())
    wanted = outlook.latest if iteration is None else iteration
    weights = tuple(dict.fromkeys([START, wanted])) if both else (wanted,)
    for one in weights:
        check_there(outlook, one)
    asked = _test_item(outlook, item, by_chance, subtask)
    text = _question(question) if asked is None else asked.question
    if asked is None:
        asked = next((one for one in outlook.items if one.question == text), None)
    elif not as_json:
        _note(f"test item {asked.id or ''}, {asked.subtask}: {asked.question}\n")
    _warn(outlook, anyway)
    display = JsonAnswers() if as_json else PlainAnswers(_write, _note)
    with closing(PlayProcess(folder.expanduser().absolute())) as process:
        request = Ask(
            id=1,
            question=text,
            weights=weights,
            temperature=temperature,
            seed=seed,
            max_updates=updates,
            answer=asked.answer if asked else None,
            item_id=asked.id if asked else None,
        )
        ask_until_done(process, request, display)


def _check(question: str | None, item: int | None, by_chance: bool, subtask: str | None) -> None:
    if sum((question is not None, item is not None, by_chance)) > 1:
        raise click.UsageError("Give one of QUESTION, --item and --random.")
    if subtask and not by_chance:
        raise click.UsageError("--subtask goes with --random.")


def _test_item(
    outlook: Outlook, item: int | None, by_chance: bool, subtask: str | None
) -> TestItem | None:
    import random

    if item is not None:
        found = next((one for one in outlook.items if one.id == item), None)
        if found is None:
            ids = [one.id for one in outlook.items if one.id is not None]
            there = f"They are {min(ids)} to {max(ids)}." if ids else "A run makes them."
            raise click.BadParameter(f"there is no test item {item}. {there}", param_hint="--item")
        return found
    if not by_chance:
        return None
    items = [one for one in outlook.items if subtask in (None, one.subtask.value)]
    if not items:
        raise click.UsageError(f"The project has no {subtask or ''} test items.".replace("  ", " "))
    return random.choice(items)


def _question(question: str | None) -> str:
    """The question as given, or all of stdin."""
    import io
    import sys

    if question is None:
        if sys.stdin.isatty():
            _note("The question, then ctrl+d:\n")
        elif isinstance(sys.stdin, io.TextIOWrapper):
            sys.stdin.reconfigure(errors="replace")
        question = sys.stdin.read()
    question = question.strip("\n")
    if not question.strip():
        raise click.UsageError("There is no question.")
    return question


def _warn(outlook: Outlook, anyway: bool) -> None:
    from engine.errors import StudentError

    if not outlook.fits and not anyway:
        busy = f" An engine is at work: {', '.join(outlook.at_work)}." if outlook.at_work else ""
        raise StudentError(
            f"{outlook.memory}{busy} --anyway loads it all the same.", "Memory may not suffice"
        )
    if outlook.at_work:
        _note(
            f"an engine is at work ({', '.join(outlook.at_work)}): both share memory and "
            "processor, and the training slows down\n"
        )


def _write(text: str) -> None:
    click.echo(text, nl=False)


def _note(text: str) -> None:
    from tripost_tui.text import clean_text

    click.echo(clean_text(text), nl=False, err=True)
