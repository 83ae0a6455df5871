"""The signs that stand beside a word, and what they become where only ASCII is shown.

A sign never stands alone: whoever cannot see or tell it apart reads the word.
"""

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Glyphs:
    """One sign for each meaning; all are one cell wide."""

    running: str
    paused: str
    stopping: str
    stopped: str
    finished: str
    failed: str
    silent: str
    waiting: str
    warning: str
    arrow: str
    dot: str
    dash: str
    ellipsis: str
    bar_full: str
    bar_empty: str
    enter: str

    def of_state(self, word: str) -> str:
        """The sign of a state word such as ``paused`` or ``no heartbeat 34 s``."""
        if word.startswith("no heartbeat"):
            return self.silent
        signs = {
            "running": self.running,
            "pausing": self.stopping,
            "paused": self.paused,
            "waiting for review": self.paused,
            "starting": self.stopping,
            "stopping": self.stopping,
            "stopped": self.stopped,
            "finished": self.finished,
            "failed": self.failed,
        }
        return signs.get(word, self.waiting)


UNICODE = Glyphs(
    running="●",
    paused="‖",
    stopping="◐",
    stopped="■",
    finished="✓",
    failed="✗",
    silent="?",
    waiting="○",
    warning="!",
    arrow="→",
    dot="·",
    dash="–",
    ellipsis="…",
    bar_full="━",
    bar_empty="─",
    enter="⏎",
)

ASCII = Glyphs(
    running="*",
    paused="=",
    stopping="~",
    stopped="#",
    finished="+",
    failed="x",
    silent="?",
    waiting="o",
    warning="!",
    arrow=">",
    dot="-",
    dash="-",
    ellipsis="~",
    bar_full="#",
    bar_empty=".",
    enter="enter",
)


_SIGNS = str.maketrans({"–": "-", "—": "-", "→": ">", "…": "~", "·": "-", "×": "x", "’": "'"})


def signs_in_ascii(text: str) -> str:
    """A text in which ours and that of others are mixed: only the signs that we write change."""
    return text.translate(_SIGNS)


def to_ascii(text: str) -> str:
    """Our own texts in ASCII; what has no likeness becomes ``?``."""
    return text.translate(_SIGNS).encode("ascii", "replace").decode("ascii")


def wants_ascii(
    environ: Mapping[str, str] = os.environ,
    encoding: str | None = None,
    wish: bool | None = None,
) -> bool:
    """Tell whether to show ASCII alone: asked for by TRIPOST_ASCII, or the terminal knows no more.

    ``encoding`` is the terminal's, that of standard output when not given. ``wish`` is what a
    person has set: it holds where the environment does not say.
    """
    if (asked := environ.get("TRIPOST_ASCII")) is not None:
        return asked not in ("", "0")
    if wish is not None:
        return wish
    encoding = encoding or getattr(sys.__stdout__, "encoding", None) or "utf-8"
    return "utf" not in encoding.lower()
