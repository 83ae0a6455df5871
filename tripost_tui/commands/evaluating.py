"""`tripost eval`: any model on any test."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tripost_tui.commands.arguments import json_option

if TYPE_CHECKING:
    from db.evals import EvalStore, StoredEvaluation
    from tripost_tui.evaluating import Wish

_PATH = click.Path(path_type=Path)
_SEED = click.IntRange(0, 2**32 - 1)


@click.command("eval")
@click.argument("models", metavar="[MODEL]...", nargs=-1)
@click.option("--task", metavar="NAME|DIR", help="Test questions of a task.")
@click.option(
    "--items",
    "files",
    metavar="FILE",
    type=_PATH,
    multiple=True,
    help="Test questions in a file: JSON lines, BIG-Bench-Hard's JSON, or samples of "
    "lm-eval-harness. Several times for more.",
)
@click.option(
    "--seen", metavar="A,B", help="Difficulties that count as seen, in the task's notation."
)
@click.option("--unseen", metavar="A,B", help="Difficulties that count as unseen.")
@click.option("-n", "--count", type=click.IntRange(1, 100_000), help="Questions.  [default: 300]")
@click.option("--unseen-share", type=click.FloatRange(0, 1), help="Of them unseen.  [default: 0.5]")
@click.option(
    "--task-seed", type=_SEED, help="The same seed gives the same questions.  [default: 1]"
)
@click.option(
    "--temperature",
    type=click.FloatRange(0, 5),
    default=0.0,
    show_default=True,
    help="Sampling temperature; 0 is greedy.",
)
@click.option("--seed", type=_SEED, default=0, show_default=True, help="Seed of sampling.")
@click.option("--max-updates", type=click.IntRange(0, 20), help="Updates at most.")
@click.option(
    "--max-attempt-tokens",
    type=click.IntRange(16, 32_768),
    help="Length limit of one attempt or feedback; of an expert's reply, thinking included.",
)
@click.option("--batch-size", type=click.IntRange(1, 4096), help="Questions answered at once.")
@click.option(
    "--prompt-only",
    is_flag=True,
    help="Ask for feedback and updates by prompt, for models that never learned to give any.",
)
@click.option(
    "--shots",
    type=click.IntRange(0, 32),
    help="Worked examples before each question.  [default: 0; of an expert 3]",
)
@click.option(
    "--votes",
    type=click.IntRange(0, 100),
    default=0,
    help="Also a majority vote over so many first attempts at most, at equal tokens.",
)
@click.option("--vote-temperature", type=click.FloatRange(0.01, 5), default=1.0, show_default=True)
@click.option("--device", type=click.Choice(["auto", "cpu", "cuda", "mps", "xpu"]))
@click.option("--quantisation", type=click.Choice(["none", "nf4"]), help="A student's weights.")
@click.option("--thinking", type=click.Choice(["auto", "on", "off"]), help="Of an expert.")
@click.option("--context-tokens", type=click.IntRange(512, 1_048_576), help="Of a local expert.")
@click.option("--budget-tokens", type=click.IntRange(0), help="What experts may take at most.")
@click.option(
    "--trained-on",
    type=click.Choice(["refuse", "ok"]),
    default="refuse",
    show_default=True,
    help="What to do with questions that the model was trained on; ok marks the result.",
)
@click.option("--rescore", is_flag=True, help="Score what is stored again; generate nothing.")
@click.option("--again", is_flag=True, help="Generate again what is there already.")
@click.option(
    "--against",
    metavar="ID",
    type=click.IntRange(1),
    multiple=True,
    help="Compare with these, too.",
)
@click.option("--list", "listing", is_flag=True, help="List the evaluations that are there.")
@click.option(
    "--out",
    metavar="DIR",
    type=_PATH,
    help="Where results are kept, in eval.db.  [default: evals in the project, else "
    "./tripost-evals]",
)
@click.option("--csv", "as_csv", is_flag=True, help="Print the items as CSV.")
@click.option(
    "--samples", metavar="FILE", type=_PATH, help="Write the items as lm-eval-harness's samples."
)
@json_option
def evaluate(models: tuple[str, ...], **options: Any) -> None:
    """Evaluate models on a test, and compare them.

    MODEL is DIR:ITERATION of a project (start, 1, 2, ..., last, all; DIR:RUN/ITERATION of an older
    run), a folder or a hub id, "embedded", an expert (ollama:MODEL, openai:MODEL@URL, gguf:PATH),
    or samples:FILE, which is what another tool has a model's answers in. Without --task and --items
    the test is the project's own. Of several models each is compared with the first.

    All texts are kept: the same command goes on where it was broken off, and shows what is there.
    """
    from tripost_tui.evaluating import TestWish, Wish

    as_csv, as_json = options["as_csv"], options["as_json"]
    if as_csv and as_json:
        raise click.UsageError("--csv and --json are two ways to print the same: choose one.")
    if options["rescore"] and options["again"]:
        raise click.UsageError("--rescore keeps what is stored, --again does not: choose one.")
    test = TestWish(
        task=_task(options["task"]),
        files=tuple(path.expanduser() for path in options["files"]),
        seen=_listed(options["seen"]),
        unseen=_listed(options["unseen"]),
        count=options["count"],
        unseen_share=options["unseen_share"],
        seed=options["task_seed"],
    )
    decoding = ("temperature", "seed", "max_updates", "max_attempt_tokens", "batch_size")
    out = options["out"]
    wish = Wish(
        test=test,
        decoding={name: options[name] for name in (*decoding, "prompt_only", "shots")},
        student=_given(options, "device", "quantisation"),
        experts=_given(options, "thinking", "context_tokens", "budget_tokens"),
        votes=options["votes"],
        vote_temperature=options["vote_temperature"],
        trained_on_ok=options["trained_on"] == "ok",
        rescore=options["rescore"],
        again=options["again"],
        out=out.expanduser().absolute() if out else None,
    )
    if options["listing"]:
        _list(wish, models, as_json=as_json)
        return
    if not models:
        raise click.UsageError("Which model? For example: tripost eval DIR:start DIR:last")
    _evaluate(models, wish, options)


def _evaluate(models: tuple[str, ...], wish: Wish, options: dict[str, Any]) -> None:
    from tripost_tui.evaluating import carry_out, enter, follow, open_store, prepare

    ready, folder = prepare(models, wish, _note)
    live = sys.stderr.isatty() and not options["as_json"]
    with open_store(folder) as store:
        # All of them before the first takes its hours.
        entered = [enter(store, one, wish) for one in ready]
        done = []
        for evaluation in entered:
            follow(carry_out(folder, evaluation, wish), evaluation.model, _note, live=live)
            done.append(store.evaluation(evaluation.id))
        others = [store.evaluation(number) for number in options["against"]]
        _tell(store, done, others, options)


def _tell(
    store: EvalStore,
    done: list[StoredEvaluation],
    others: list[StoredEvaluation],
    options: dict[str, Any],
) -> None:
    from engine.comparing import NotComparable
    from engine.evals.order import read_order
    from engine.evals.samples import csv_lines
    from engine.evals.summary import summary_json, summary_of
    from tripost_tui.evaluation_text import comparison_facts, comparison_text, summary_text
    from tripost_tui.progress import write_json
    from tripost_tui.text import clean_text

    as_json, as_csv = options["as_json"], options["as_csv"]
    for number, evaluation in enumerate(done):
        if as_csv:
            for line in csv_lines(store, evaluation.id, header=not number):
                click.echo(clean_text(line), nl=False)
            continue
        summary = summary_of(store, evaluation.id)
        if as_json:
            write_json(summary_json(summary))
        else:
            decoding = read_order(evaluation.spec).decoding.text
            click.echo(("\n" if number else "") + summary_text(summary, decoding), nl=False)
    if options["samples"] is not None:
        _write_samples(store, done, options["samples"])
    if as_csv:
        return
    pairs = [(done[0], other) for other in done[1:]]
    pairs += [(other, evaluation) for evaluation in done for other in others]
    refused: NotComparable | None = None
    for one, other in pairs:
        try:
            if as_json:
                write_json(comparison_facts((store, one), (store, other)))
            else:
                text = comparison_text((store, one), (store, other))
                click.echo("\n" + text, nl=False)
        except NotComparable as error:
            refused = error
            _note(f"{error.title}: {error.message}")
    if refused is not None:
        click.get_current_context().exit(refused.exit_code)


def _write_samples(store: EvalStore, done: list[StoredEvaluation], target: Path) -> None:
    from engine.errors import project_error
    from engine.evals.samples import sample_lines
    from engine.files import write_atomically

    if len(done) > 1:
        raise click.UsageError("--samples is a file for one model: evaluate one after the other.")
    target = target.expanduser()
    try:
        write_atomically(target, "".join(sample_lines(store, done[0].id)))
    except OSError as error:
        raise project_error(target, error) from error
    _note(f"written: {target}")


def _list(wish: Wish, models: tuple[str, ...], *, as_json: bool) -> None:
    from db.evals import EvalStore
    from engine.evals.order import database_of, read_order
    from engine.evals.summary import summary_json, summary_of
    from engine.project import SETTINGS_FILE
    from tripost_tui.progress import write_json
    from tripost_tui.text import one_line

    folder = wish.out or Path("tripost-evals").absolute()
    if models and wish.out is None:
        project = Path(models[0].partition(":")[0]).expanduser()
        if (project / SETTINGS_FILE).is_file():
            folder = project / "evals"
    with EvalStore.read(database_of(folder)) as store:
        for evaluation in store.evaluations():
            summary = summary_of(store, evaluation.id)
            if as_json:
                write_json(summary_json(summary))
                continue
            found = summary.all
            share = f"{100 * found.final / found.n:.1f}%" if found.n else "-"
            whole = "" if summary.is_whole else f" (not whole: {found.n} of {summary.questions})"
            marked = " !! trained on some" if evaluation.trained_on else ""
            decoding = read_order(evaluation.spec).decoding.text
            click.echo(
                f"{evaluation.id:>4}  {share:>6}  {one_line(evaluation.model, 48)}  "
                f"{one_line(summary.test_name, 60)}  {decoding}{whole}{marked}"
            )


def _task(name: str | None) -> str | None:
    from engine.tasks import as_named

    return None if name is None else as_named(name)


def _listed(text: str | None) -> tuple[str, ...]:
    return tuple(part.strip() for part in (text or "").split(",") if part.strip())


def _given(options: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: options[name] for name in names if options[name] is not None}


def _note(text: str) -> None:
    from tripost_tui.text import clean_text

    click.echo(clean_text(text), err=True)
