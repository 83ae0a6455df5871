"""`tripost balance`: what of an iteration trains, with which weights; p and weights tried out."""

from __future__ import annotations

import json
from contextlib import closing
from pathlib import Path

import click

from tripost_tui.commands.arguments import json_option, plain_option


@click.command()
@click.argument(
    "folder", metavar="[DIR]", required=False, default=".", type=click.Path(path_type=Path)
)
@click.option(
    "--iteration", type=click.IntRange(1), help="Which; the latest with anything collected."
)
@click.option(
    "--p", "share", metavar="P", help="Try this share of improving examples, 0.43 or off."
)
@click.option(
    "--weights",
    metavar="VALUES",
    default="",
    help='Try these: "w=1.5 wrong=1 change=2 question=0", some or all of them.',
)
@click.option(
    "--save",
    is_flag=True,
    help="Write them into project.toml, for examples that are not made yet.",
)
@click.option(
    "--show", type=click.IntRange(0), default=0, metavar="N", help="Print N examples with weights."
)
@click.option(
    "--rows",
    type=click.Choice(["trains", "dropped", "all"]),
    default="trains",
    show_default=True,
    help="Which examples to print.",
)
@plain_option
@json_option
def balance(
    folder: Path,
    iteration: int | None,
    share: str | None,
    weights: str,
    save: bool,
    show: int,
    rows: str,
    plain: bool,
    as_json: bool,
) -> None:
    """Tell what stage 2 leaves of what the run in DIR has collected, and why.

    Of an iteration whose examples are made it tells what was trained on; of another one what
    would be trained on now. A weight stands in braces behind all that has it: So it is{1} 14{3}.
    """
    from tripost_tui.balance_text import facts_of, lines_of, look
    from tripost_tui.state.balance_store import StoreBalance
    from tripost_tui.state.balance_view import BalanceView
    from tripost_tui.state.balance_words import ValueFault, parse_values, saved_words

    if plain and as_json:
        raise click.UsageError("--plain and --json exclude each other.")
    text = f"{weights} {'' if share is None else f'p={share}'}".strip()
    with closing(StoreBalance(folder)) as port, closing(port.counter()) as counter:
        overview = port.overview()
        if iteration is not None and iteration > overview.iterations:
            raise click.BadParameter(
                f"the run has {overview.iterations} iterations.", param_hint="--iteration"
            )
        try:
            values = parse_values(text, overview.saved)
        except ValueFault as fault:
            raise click.BadParameter(str(fault), param_hint="--p, --weights") from fault
        if save and not values:
            raise click.UsageError("--save needs --p or --weights: what is to be saved.")
        told = look(port, counter, iteration, values, show, rows)
        said = ""
        if save:
            port.save(values)
            kept = {**(overview.saved or overview.began_with), **values}
            said = saved_words(BalanceView(overview=overview, values=kept))
    if as_json:
        click.echo(json.dumps({**facts_of(told), "saved": said or None}, ensure_ascii=False))
        return
    for line in lines_of(told):
        click.echo(line)
    if said:
        click.echo(said)
