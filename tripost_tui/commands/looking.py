"""`tripost look`."""

from __future__ import annotations

import click

from tripost_tui.commands.the_app import open_app


@click.command()
@click.option("--fresh", is_flag=True, help="Begin with a new copy; the earlier one is put aside.")
@click.option("--path", "path_only", is_flag=True, help="Print where the copy is; open no app.")
@click.pass_context
def look(ctx: click.Context, fresh: bool, path_only: bool) -> None:
    """Look around in a recorded run, without starting anything.

    The app opens on a copy of a short demo run. What you review in it stays in that copy. With
    --path other commands can look at it, too: tripost report $(tripost look --path)
    """
    from tripost_tui.recording import open_recording

    if fresh or path_only:
        project = open_recording(fresh=fresh)
        if path_only:
            click.echo(project.path)
            return
    open_app(ctx, look=True)
