"""Pictures of every screen, from a real project: python docs/make_pictures.py DIR

DIR is a finished demo (`tripost demo`); it is copied to the home folder, which is shown in the
pictures: HOME=/home/ada is a good one. The pictures go to docs/pictures, two sizes of each in dark
and in light, and docs/screens.md shows them.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from textual.pilot import Pilot

from engine.project import Project, forget_project, remember_project
from tripost_tui.app import TripostApp

HERE = Path(__file__).parent
SIZES = ((80, 24), (120, 40))
THEMES = ("dark", "light")
SETTLED_S = 1.0
"""So long nothing may change before a picture is taken."""
AT_MOST_S = 60.0


@dataclass(frozen=True)
class Picture:
    """A screen, how one gets there from Home, and what it is good for."""

    name: str
    title: str
    keys: tuple[str, ...]
    text: str


PICTURES = (
    Picture("home", "Home", (), "Projects and runs: how far each is, and how good it has become."),
    Picture(
        "new-project",
        "New project",
        ("n",),
        "Task, student and experts. The preflight tells what would keep the run from working, and "
        "what to do about it.",
    ),
    Picture("run", "Run", ("enter",), "A run, stage by stage, live or as it was."),
    Picture(
        "collect",
        "Collect",
        ("g", "c"),
        "Stage 1: attempts on their way through feedback and improvement, what is dropped and "
        "why, and the newest trajectory.",
    ),
    Picture(
        "review",
        "Review",
        ("g", "v", "d"),
        "Accept, reject or edit with one key each. What is decided here changes what is trained.",
    ),
    Picture(
        "balance",
        "Balance",
        ("g", "b"),
        "Stage 2: what each filter leaves, p and the weights with live counts, and every example "
        "with its tokens shaded by weight.",
    ),
    Picture("train", "Train", ("g", "t"), "Stage 3: loss, learning rate, gradient norm, speed."),
    Picture(
        "evaluate",
        "Evaluate",
        ("g", "e"),
        "Accuracy after each iteration with its intervals, and whether a difference can be told "
        "from luck.",
    ),
    Picture(
        "evaluate-items",
        "Evaluate, item by item",
        ("g", "e", "i", "d"),
        "Any two models beside each other, on the items that changed.",
    ),
    Picture("report", "Report", ("enter", "r"), "The same as `tripost report`."),
    Picture(
        "playground",
        "Playground",
        ("g", "p", "ctrl+r", "enter"),
        "A question for the student before and after: attempt, feedback, update.",
    ),
    Picture(
        "export",
        "Export",
        ("g", "x"),
        "Adapter, model, GGUF, Ollama, dataset: sizes before, commands to use them after.",
    ),
    Picture(
        "doctor",
        "Doctor",
        ("g", "d"),
        "What this machine has of what is needed, the last errors, and the engine's log.",
    ),
    Picture("settings", "Settings", ("g", "s"), "Colours and motion, and any key for any action."),
    Picture("help", "Help", ("question_mark",), "Every key that works here, and why not now."),
)


def text_of(app: TripostApp) -> str:
    """What stands on the screen."""
    lines = app.screen._compositor.render_strips()
    return "\n".join("".join(segment.text for segment in line) for line in lines)


async def settled(pilot: Pilot[None]) -> None:
    """Wait until nothing changes any more."""
    app = pilot.app
    assert isinstance(app, TripostApp)
    before, still, waited = "", 0.0, 0.0
    while still < SETTLED_S and waited < AT_MOST_S:
        await pilot.pause(0.1)
        waited += 0.1
        now = text_of(app)
        still = still + 0.1 if now == before else 0.0
        before = now


async def take(picture: Picture, size: tuple[int, int], theme: str) -> str:
    """Return the picture as SVG."""
    app = TripostApp(theme=theme, motion=False)
    async with app.run_test(size=size, notifications=False) as pilot:
        await settled(pilot)
        for key in picture.keys:
            await pilot.press(key)
            await settled(pilot)
        return app.export_screenshot(title="TriPosT")


@contextmanager
def at_home(project: Path) -> Iterator[None]:
    """A copy of the project in the home folder, which should be one without projects."""
    for name in ("CONFIG", "STATE", "DATA"):
        os.environ.pop(f"XDG_{name}_HOME", None)
    copy = Path.home() / "tripost-demo"
    shutil.copytree(project, copy)
    os.chdir(copy.parent)
    try:
        remember_project(Project.open(copy).path)
        yield
    finally:
        forget_project(copy)
        shutil.rmtree(copy)


def gallery() -> str:
    """The page that shows the pictures."""
    lines = [
        "# The screens",
        "",
        "Made by `docs/make_pictures.py` from a finished `tripost demo`, on a CPU.",
        "",
    ]
    for picture in PICTURES:
        lines += [f"## {picture.title}", "", picture.text, ""]
        for columns, rows in reversed(SIZES):
            for theme in THEMES:
                size = f"{columns}x{rows}"
                where = f"pictures/{picture.name}-{size}-{theme}.svg"
                lines.append(f"![{picture.title}, {columns} by {rows}, {theme}]({where})")
        lines.append("")
    return "\n".join(lines)


def main(project: Path, only: list[str]) -> None:
    """Take all pictures, or those that are named."""
    folder = HERE / "pictures"
    folder.mkdir(exist_ok=True)
    project = project.absolute()
    with at_home(project):
        for picture in PICTURES:
            if only and picture.name not in only:
                continue
            for size in SIZES:
                for theme in THEMES:
                    name = f"{picture.name}-{size[0]}x{size[1]}-{theme}.svg"
                    (folder / name).write_text(asyncio.run(take(picture, size, theme)))
                    print(name)
    (HERE / "screens.md").write_text(gallery())


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    main(Path(sys.argv[1]), sys.argv[2:])
