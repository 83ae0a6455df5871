"""`tripost projects`: what Home shows, without the app."""

import click

from tripost_tui.commands.arguments import json_option


@click.command()
@json_option
def projects(as_json: bool) -> None:
    """List the projects of this machine and their runs, as Home does.

    A project is on the list once it was made or opened here; the one opened last comes first.
    """
    import time

    from tripost_tui.home_text import home_facts, home_text
    from tripost_tui.progress import write_json
    from tripost_tui.state.reading import HomeReader

    rows = HomeReader().read()
    if as_json:
        for row in rows:
            write_json(home_facts(row))
    else:
        click.echo(home_text(rows, time.time()))
