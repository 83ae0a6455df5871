"""`tripost experts key`: keys of hosted experts in the keyring, by name; a value is never shown."""

from __future__ import annotations

import sys

import click

from tripost_tui.commands.arguments import json_option
from tripost_tui.failures import Commands

_name = click.argument("name", metavar="NAME")


@click.group(cls=Commands)
def key() -> None:
    """Keep the keys of hosted experts in this machine's keyring.

    NAME is that of the environment variable which it replaces, such as OPENAI_API_KEY. What is in
    the environment goes first. A key is sent to its own address alone, and never shown, logged or
    stored elsewhere.
    """


@key.command("list")
@json_option
def list_keys(as_json: bool) -> None:
    """Tell which keys are set and where, never their values."""
    import os

    from local_experts.keys import KEY_OF_HOST, KNOWN_KEYS, key_place, keyring_problem
    from tripost_tui.progress import write_json

    for name in KNOWN_KEYS:
        place = key_place(name, os.environ)
        hosts = [host for host, known in KEY_OF_HOST.items() if known == name]
        if as_json:
            write_json({"key": name, "place": place and str(place), "hosts": hosts})
        else:
            where = f"set ({place})" if place else "not set"
            click.echo(f"{name:<20} {where:<18} {', '.join(hosts)}".rstrip())
    problem = keyring_problem()
    if problem is not None and not as_json:
        click.echo(f"{problem}", err=True)


@key.command("set")
@_name
@json_option
def set_key(name: str, as_json: bool) -> None:
    """Put a key into the keyring.

    It is asked for without being shown; without a terminal it is the first line of stdin.
    """
    import os

    from local_experts.errors import ExpertAddressInvalid
    from local_experts.keys import checked_key, keyring_problem, set_in_keyring
    from tripost_tui.progress import write_json

    _check(name)
    # First, so that nobody types a key in vain.
    problem = keyring_problem()
    if problem is not None:
        raise problem
    if sys.stdin.isatty():
        value = click.prompt(f"{name} (not shown)", hide_input=True, err=True)
    else:
        value = sys.stdin.readline()
    try:
        set_in_keyring(checked_key(name, value.strip()))
    except ExpertAddressInvalid as error:
        raise click.UsageError(f"{error.message} Nothing was stored.") from None
    if as_json:
        write_json({"key": name, "stored": True})
    else:
        click.echo(f"{name} is in the keyring.")
    if os.environ.get(name, "").strip():
        click.echo("The environment has one of this name, too: that one is used.", err=True)


@key.command("delete")
@_name
@json_option
def delete_key(name: str, as_json: bool) -> None:
    """Take a key out of the keyring."""
    from local_experts.keys import delete_from_keyring
    from tripost_tui.progress import write_json

    _check(name)
    deleted = delete_from_keyring(name)
    if as_json:
        write_json({"key": name, "deleted": deleted})
    elif deleted:
        click.echo(f"{name} is no longer in the keyring.")
    else:
        click.echo(f"The keyring has no {name}.", err=True)


def _check(name: str) -> None:
    from local_experts.names import is_key_name

    if not is_key_name(name):
        # What stands there may be a key, by mistake: it is not repeated.
        raise click.BadParameter(
            "this is not the name of a key: letters, digits and _, such as OPENAI_API_KEY. The "
            "key itself is asked for, and belongs on no command line.",
            param_hint="NAME",
        )
