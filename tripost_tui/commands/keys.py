"""`tripost keys`: which key does what in the app."""

from __future__ import annotations

import click

from tripost_tui.commands.arguments import json_option


@click.command()
@json_option
@click.option("--markdown", is_flag=True, help="As a page in Markdown.")
@click.option("--default", "by_default", is_flag=True, help="Leave out what you have changed.")
def keys(as_json: bool, markdown: bool, by_default: bool) -> None:
    """Show the keys of the app, with your own in place of the default ones.

    They are changed in the app's settings, or in the file that this names.
    """
    from tripost_tui.actions import ACTIONS
    from tripost_tui.actions.keymap import Keymap
    from tripost_tui.key_table import key_rows, keys_json, keys_markdown, keys_text
    from tripost_tui.preferences import read_preferences

    if as_json and markdown:
        raise click.UsageError("--json and --markdown exclude each other.")
    reading = read_preferences()
    rows = key_rows(Keymap(ACTIONS) if by_default else reading.preferences.keymap)
    if as_json:
        click.echo(keys_json(rows), nl=False)
    elif markdown:
        click.echo(keys_markdown(rows), nl=False)
    else:
        click.echo(keys_text(rows), nl=False)
        click.echo(f"\nYours are kept in {reading.path}")
    for fault in () if by_default else reading.faults:
        click.echo(f"{reading.path}: {fault}", err=True)
