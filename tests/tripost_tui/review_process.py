"""An app of its own process that decides about trajectories, says so, and then only waits.

python review_process.py FOLDER KEY...
"""

import asyncio
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from piloting import StartedBackend, app_on, until

from tripost_tui.actions import Target
from tripost_tui.screens.review import ReviewScreen
from tripost_tui.state.place import Place


async def main(folder: Path, keys: list[str]) -> None:
    app = app_on(StartedBackend(folder.parent))
    async with app.run_test(size=(80, 24)) as pilot:
        app.open_stage(Target.REVIEW, Place(folder, folder.name))
        screen = app.screen
        assert isinstance(screen, ReviewScreen)
        await until(pilot, lambda: screen.view.loaded, "reading")
        await pilot.press(*keys)
        print("decided", screen.view.counts.decided, file=sys.__stdout__, flush=True)
        await asyncio.Event().wait()


asyncio.run(main(Path(sys.argv[1]), sys.argv[2:]))
