"""The run's line on a screen that reads its own rows."""

from tripost_tui.screens.base import BaseScreen, tripost
from tripost_tui.state.place import Place
from tripost_tui.widgets.run_line import RunLine


def run_line(screen: BaseScreen, place: Place) -> RunLine:
    reader = tripost(screen.app).backend.standing(place.path, place.run_id)
    return RunLine(reader, place.name, latest=place.run_id is None, glyphs=screen.glyphs)
