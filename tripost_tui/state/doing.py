"""What an engine says of the work at hand, beside how far it is."""

import re
from collections.abc import Iterable

from db.records import Event, Level, Stage
from engine.run_view import RunView
from tripost_tui.state.wording import shorten
from tripost_tui.text import one_line

_COUNTS = re.compile(r"[a-z]+ [0-9]+/[0-9]+(?P<more> · |)")
"""What begins a note that tells numbers; they, and a loss after them, are shown otherwise."""

_MOST_CHARS = 2_000


def doing(view: RunView, width: int = 300) -> list[str]:
    """Lines of at most ``width`` characters, one for each expert; none where there is no more.

    An expert's name may be long: what is left out is in the middle, as what it does comes last.
    """
    if view.run is None or view.run.status.terminal or not view.engine.alive:
        return []
    said = one_line(view.note, _MOST_CHARS)
    if counts := _COUNTS.match(said):
        said = said[counts.end() :] if counts["more"] else ""
    return [shorten(part, width) for part in said.split(" · ") if part]


def says_a_step(view: RunView) -> bool:
    """Whether it says what it does now, as in a hand-over of memory, and not how far it is."""
    return bool(doing(view)) and not _COUNTS.match(view.note)


def newest_alert(events: Iterable[Event], stages: Iterable[Stage] = ()) -> Event | None:
    """The last warning or error, if it is not from before the newest of ``stages``."""
    since = max((stage.started_at for stage in stages), default=0.0)
    found = [one for one in events if one.level is not Level.INFO and one.at >= since]
    return found[-1] if found else None
