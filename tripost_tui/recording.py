"""The recorded run: a short demo that the real engine made, to look around in.

It comes with the package as its database, compressed, and its settings, without weights. One looks
at a copy in the state folder, so that decisions in review have a place of their own. The copy's
name tells which recording it is of: another version's does not replace it.
"""

from __future__ import annotations

import gzip
import hashlib
import os
import shutil
from importlib.resources import files
from pathlib import Path
from tempfile import mkdtemp

from db.store import Store
from engine.errors import project_error
from engine.project import DATABASE_FILE, RECORDING_FILE, SETTINGS_FILE, Project, state_dir
from tripost_tui.demo import put_aside

PACKED_FILE = f"{DATABASE_FILE}.gz"
_PACKED = files("tripost_tui") / "recorded"
_NOTE = """\
This is a recording: a short run of the demo, as the engine stored it, without its weights.
It can be looked at and reviewed. `tripost demo` makes a run that can be gone on with.
"""


def recording_folder() -> Path:
    """Where the copy of this version's recording is, or will be."""
    digest = hashlib.sha256((_PACKED / PACKED_FILE).read_bytes()).hexdigest()
    return (state_dir() / f"recorded-demo-{digest[:8]}").absolute()


def open_recording(*, fresh: bool = False) -> Project:
    """The copy, made where there is none; ``fresh`` puts an earlier one aside.

    Raises ProjectError where it cannot be made.
    """
    folder = recording_folder()
    if fresh:
        put_aside(folder)
    if not (folder / SETTINGS_FILE).exists():
        try:
            _unpack(folder)
        except OSError as error:
            raise project_error(folder, error) from error
    return Project.open(folder)


def _unpack(folder: Path) -> None:
    """Make the copy whole or not at all, also where two do at once."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    made = Path(mkdtemp(prefix=f"{folder.name}.", dir=folder.parent))
    try:
        with (
            (_PACKED / PACKED_FILE).open("rb") as packed,
            gzip.open(packed) as unpacked,
            (made / DATABASE_FILE).open("wb") as database,
        ):
            shutil.copyfileobj(unpacked, database)
        _bring_up_to_date(made)
        for name in ("checkpoints", "logs", "exports"):
            (made / name).mkdir()
        (made / RECORDING_FILE).write_text(_NOTE)
        (made / SETTINGS_FILE).write_bytes((_PACKED / SETTINGS_FILE).read_bytes())
        try:
            os.rename(made, folder)
        except OSError:
            if not (folder / SETTINGS_FILE).exists():
                raise
    finally:
        shutil.rmtree(made, ignore_errors=True)


def _bring_up_to_date(folder: Path) -> None:
    """A recording may be older than the schema: whoever only reads it could not update it.

    The backup that a migration leaves is of no use here: the package has the original.
    """
    Store.open(folder / DATABASE_FILE).close()
    for backup in folder.glob(f"{DATABASE_FILE}.bak*"):
        backup.unlink()
