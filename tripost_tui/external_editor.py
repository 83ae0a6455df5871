"""A text in the editor that the person has chosen for their terminal."""

import os
import shlex
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path

from engine.errors import TripostError
from tripost_tui.actions.keymap import key_of


class EditorError(TripostError):
    """The editor could not be started, or ended with an error; the text is as it was."""

    title = "The editor did not work"


def edit_text(text: str, environ: Mapping[str, str] = os.environ) -> str:
    """Have a person edit ``text`` with $VISUAL, $EDITOR or vi; return what they saved.

    The terminal has to be theirs meanwhile. Raises EditorError.
    """
    named = environ.get("VISUAL") or environ.get("EDITOR") or "vi"
    with tempfile.TemporaryDirectory(prefix="tripost-") as folder:
        path = Path(folder) / "update.txt"
        try:
            command = [*shlex.split(named), str(path)]
            path.write_text(f"{text}\n", encoding="utf-8")
            done = subprocess.run(command, check=False)
            if done.returncode:
                raise EditorError(
                    f"{named!r} ended with {done.returncode}: nothing is changed. "
                    f"{key_of('review.edit')} edits here."
                )
            return path.read_text(encoding="utf-8", errors="replace").removesuffix("\n")
        except (OSError, ValueError) as error:
            raise EditorError(
                f"{named!r}: {error}. Set EDITOR to a program; {key_of('review.edit')} edits here."
            ) from error
