"""`tripost doctor`: what this machine has of what is needed."""

from __future__ import annotations

import click

from tripost_tui.commands.arguments import json_option


@click.command()
@json_option
def doctor(as_json: bool) -> None:
    """Check versions, the machine and which experts are within reach.

    Nothing is changed, no key is shown: the output can be copied into a bug report.
    """
    from engine.doctor import Status, examine, worst
    from local_experts.discovery import discover
    from tripost_tui.expert_checks import expert_checks
    from tripost_tui.preferences import preference_checks, read_preferences
    from tripost_tui.progress import write_json
    from tripost_tui.text import one_line

    checks = examine(more=[*preference_checks(read_preferences()), *expert_checks(discover())])
    for check in checks:
        if as_json:
            write_json(
                {
                    "check": check.name,
                    "status": check.status.value,
                    "detail": check.detail,
                    "fix": check.fix or None,
                }
            )
            continue
        # The word is there for those who see no colour.
        colour = {Status.OK: "green", Status.WARNING: "yellow", Status.ERROR: "red"}[check.status]
        word = click.style(f"{check.status.value:>7}", fg=colour)
        click.echo(f"{word}  {check.name}: {one_line(check.detail, 1000)}")
        if check.fix:
            click.echo(f"{'':>9}{one_line(check.fix, 1000)}")
    if worst(checks) is Status.ERROR:
        click.get_current_context().exit(1)
