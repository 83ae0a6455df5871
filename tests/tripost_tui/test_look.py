"""How the app looks by option, environment and file; and that nothing needs a colour."""

import fcntl
import os
import pty
import re
import struct
import subprocess
import sys
import termios
from pathlib import Path

import pytest
import recorded
from piloting import StartedBackend, app_on, at_home, open_run, until
from rich.style import Style

from engine.project import Project
from tripost_tui.app import TripostApp
from tripost_tui.glyphs import wants_ascii
from tripost_tui.preferences import preferences_path

ROOT = Path(__file__).resolve().parents[2]


def write(text: str) -> None:
    preferences_path().parent.mkdir(parents=True)
    preferences_path().write_text(text)


def test_an_option_comes_before_the_file(backend: StartedBackend) -> None:
    write('theme = "light"\nascii = "on"\n')
    app = TripostApp(backend=backend)
    assert (app.theme, app.ascii_only) == ("tripost-light", True)
    app = TripostApp(backend=backend, theme="contrast-dark", ascii_only=False)
    assert (app.theme, app.ascii_only) == ("tripost-contrast-dark", False)


def test_the_environment_comes_before_the_file(
    backend: StartedBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    write('ascii = "off"\nmotion = false\n')
    monkeypatch.delenv("TEXTUAL_ANIMATIONS", raising=False)
    app = TripostApp(backend=backend)
    assert not app.ascii_only
    assert app.animation_level == "none"
    monkeypatch.setenv("TRIPOST_ASCII", "1")
    monkeypatch.setenv("TEXTUAL_ANIMATIONS", "full")
    app = TripostApp(backend=backend)
    assert app.ascii_only
    assert app.animation_level == "full"
    assert TripostApp(backend=backend, motion=False).animation_level == "none"


def test_what_is_set_comes_before_what_the_terminal_knows() -> None:
    assert wants_ascii({}, "latin-1")
    assert not wants_ascii({}, "latin-1", wish=False)
    assert wants_ascii({}, "utf-8", wish=True)
    assert not wants_ascii({"TRIPOST_ASCII": "0"}, "utf-8", wish=True)


def styles_of(app: TripostApp) -> list[list[tuple[str, Style | None]]]:
    lines = app.screen._compositor.render_strips()
    return [[(segment.text, segment.style) for segment in line] for line in lines]


async def test_without_colours_the_focus_is_seen(
    backend: StartedBackend, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    recorded.record(project)
    app = app_on(backend)
    async with app.run_test(size=(120, 40)) as pilot:
        home = await at_home(pilot)
        row = next(line for line in styles_of(app) if any("demo" in text for text, _ in line))
        assert any(style is not None and style.underline for _, style in row)
        assert home.focused is not None
        screen = await open_run(pilot)
        seen = set()
        for pane in screen.focus_chain:
            pane.focus()
            await until(pilot, lambda pane=pane: pane.has_focus, "the focus")
            lines = styles_of(app)
            colours = {
                colour.name
                for line in lines
                for _, style in line
                if style is not None
                for colour in (style.color, style.bgcolor)
                if colour is not None
            }
            assert colours <= {"default"}
            top = pane.region.y
            heavy = "".join(text for text, _ in lines[top])[pane.region.x]
            assert heavy == "┏"
            seen.add(tuple(tuple(line) for line in lines))
        assert len(seen) == len(screen.focus_chain)


async def test_without_colours_the_chosen_button_is_seen(
    backend: StartedBackend, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    app = app_on(backend)
    async with app.run_test(size=(80, 24)) as pilot:
        await at_home(pilot)
        await pilot.press("x")
        button = app.screen.query_one("#no")
        await until(pilot, lambda: button.has_focus, "the question")
        line = styles_of(app)[button.region.y]
        reversed_text = "".join(text for text, style in line if style and style.reverse)
        assert "no" in reversed_text
        assert "yes" not in reversed_text


async def test_without_colours_the_cursor_is_seen_where_one_types(
    backend: StartedBackend, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    recorded.record(project)
    app = app_on(backend)

    def reversed_in(selector: str) -> str:
        region = app.screen.query_one(selector).region
        lines = styles_of(app)[region.y : region.bottom]
        return "".join(text for line in lines for text, style in line if style and style.reverse)

    async with app.run_test(size=(80, 24)) as pilot:
        await at_home(pilot)
        await pilot.press("g", "s", "slash", "a", "b", "left")
        await until(pilot, lambda: "b" in reversed_in("#settings-filter"), "the cursor")
        await pilot.press("escape", "escape", "g", "v")
        await until(pilot, lambda: app.screen.situation().in_review, "a trajectory")  # type: ignore[attr-defined]
        await pilot.press("m", *"note", "left")
        await until(pilot, lambda: "e" in reversed_in("#edit-text"), "the cursor")


def in_terminal(arguments: list[str], environment: dict[str, str]) -> tuple[bytes, int]:
    """Run the app in a terminal of its own until Home is there; what it wrote, its exit code."""
    terminal, inside = pty.openpty()
    fcntl.ioctl(inside, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
    process = subprocess.Popen(
        [sys.executable, "-m", "tripost_tui", *arguments],
        cwd=ROOT,
        env={**os.environ, "TERM": "xterm-256color", "COLORTERM": "truecolor", **environment},
        stdin=inside,
        stdout=inside,
        stderr=inside,
        start_new_session=True,
    )
    os.close(inside)
    written, asked = b"", False
    try:
        while True:
            try:
                written += os.read(terminal, 65536)
            except OSError:  # the other end is closed
                break
            if not asked and b"start the demo" in written:
                asked = True
                os.write(terminal, b"\x11")
        return written, process.wait(60)
    finally:
        process.kill()
        process.wait()
        os.close(terminal)


COLOUR = re.compile(rb"\x1b\[(?:[0-9;]*;)?(?:3[0-8]|4[0-8]|9[0-7]|10[0-7])(?:;[0-9;]*)?m")


def test_no_colour_at_all_reaches_the_terminal(tmp_path: Path) -> None:
    environment = {"TRIPOST_STATE_DIR": str(tmp_path / "state"), "NO_COLOR": "1"}
    written, code = in_terminal(["--no-motion"], environment)
    assert code == 0
    assert b"start the demo" in written
    assert COLOUR.search(written) is None


def test_a_theme_by_option_reaches_the_terminal(tmp_path: Path) -> None:
    environment = {"TRIPOST_STATE_DIR": str(tmp_path / "state")}
    written, code = in_terminal(["--theme", "contrast-light"], environment)
    assert code == 0
    assert b"48;2;255;255;255" in written
    assert not (tmp_path / "state" / "config" / "app.toml").exists()
