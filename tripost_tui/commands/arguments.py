"""Arguments and options that several commands share."""

from pathlib import Path

import click

_FOLDER = click.Path(path_type=Path)

project_argument = click.argument("folder", metavar="DIR", type=_FOLDER)
demo_argument = click.argument("folder", metavar="[DIR]", required=False, type=_FOLDER)
task_argument = click.argument("name", metavar="NAME|DIR")
detach_option = click.option("--detach", is_flag=True, help="Start the engine and return at once.")
json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON, one object a line.")
plain_option = click.option("--plain", is_flag=True, help="Print plain lines, no live progress.")
