"""The last words of an engine that ended before it could store why."""

from engine.project import Project
from engine.run_view import RunView
from tripost_tui.text import one_line

_TAIL_BYTES = 4096
_SLACK_S = 5.0
"""An engine that ends in good order still writes a line after the run's row."""


def last_words(project: Project, view: RunView) -> str:
    """The last line of ``logs/engine.log`` where it tells more than the run's row; else empty.

    That is when an engine was there later than what the row says: it failed while it loaded, or
    was ended from outside.
    """
    if view.engine.alive or view.state == "finished":
        return ""
    path = project.logs / "engine.log"
    try:
        if path.stat().st_mtime < _since(view):
            return ""
        with path.open("rb") as log:
            log.seek(max(0, path.stat().st_size - _TAIL_BYTES))
            lines = log.read().decode("utf-8", "replace").splitlines()
    except OSError:
        return ""
    return one_line(next((line for line in reversed(lines) if line.strip()), ""), 400)


def _since(view: RunView) -> float:
    if view.run is None:
        return 0.0
    if view.run.finished_at is not None:
        return view.run.finished_at + _SLACK_S
    beat = view.engine.heartbeat
    return (beat.at if beat else view.run.created_at) - _SLACK_S
