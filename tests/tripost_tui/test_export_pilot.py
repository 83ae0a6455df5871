"""The export screen driven by keys, on recorded runs with real weights."""

import json
import stat
import sys
import time
from pathlib import Path

import pytest
from exported import (
    Script,
    at_export,
    choose,
    exporting_app,
    fresh,
    make_export,
    scripted,
    trained,
)
from piloting import AppPilot, at_home, said, text_of, until

from engine.errors import StudentError
from engine.export.formats import ExportFormat
from engine.project import Project
from tripost_tui.app import TripostApp
from tripost_tui.screens.dialogs import ConfirmDialog
from tripost_tui.screens.export import ExportScreen, FolderDialog
from tripost_tui.screens.quit import ExportQuitDialog
from tripost_tui.screens.run import RunScreen
from tripost_tui.widgets.pane import Pane

SIZE = (120, 40)


@pytest.fixture(autouse=True)
def _bare(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Neither llama.cpp nor Ollama is there, nor a desktop's clipboard."""
    monkeypatch.delenv("LLAMA_CPP_DIR", raising=False)
    monkeypatch.setattr("engine.export.survey.find_ollama", lambda: None)
    for name in ("DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("SSH_TTY", "/dev/pts/1")


@pytest.fixture
def run_id(project: Project) -> int:
    return trained(project)


@pytest.fixture
def script(monkeypatch: pytest.MonkeyPatch) -> Script:
    return scripted(monkeypatch)


def state_of(pilot: AppPilot):  # type: ignore[no-untyped-def]
    screen = pilot.app.screen
    assert isinstance(screen, ExportScreen)
    return screen.state


async def test_the_go_to_menu_leads_there_and_escape_back(
    app: TripostApp, project: Project, run_id: int
) -> None:
    async with app.run_test(size=SIZE) as pilot:
        await at_home(pilot)
        await pilot.press("g", "x")
        await until(pilot, lambda: isinstance(app.screen, ExportScreen), "the screen")
        screen = await fresh(pilot)
        text = text_of(pilot)
        assert "→ 1  57.5% of 40 right" in text
        assert "  2  not evaluated" in text
        assert "✗ no" in text
        assert "trained: there is no adapter" in text
        assert screen.state.wanted.format is ExportFormat.MERGED
        await pilot.press("escape")
        await until(pilot, lambda: app.screen is not screen, "leaving")


async def test_a_dataset_is_really_written(
    app: TripostApp, project: Project, run_id: int, tmp_path: Path
) -> None:
    async with app.run_test(size=SIZE) as pilot:
        await at_export(pilot, project.path)
        await choose(pilot, ExportFormat.DATASET)
        await pilot.press("a")
        screen = await fresh(pilot)
        assert "of       all iterations" in text_of(pilot)
        await pilot.press("enter")
        await until(pilot, lambda: screen.state.shown, "the export")
        await said(pilot, "Done: dataset")
        out = project.exports / f"run{run_id}-dataset"
        first = (out / "examples.jsonl").read_text().splitlines()[0]
        assert json.loads(first)["segments"][1] == {
            "text": "A",
            "weight": 1.5,
            "part": "attempt",
            "author": None,
        }
        assert "examples.jsonl" in text_of(pilot)
        assert "load_dataset" in text_of(pilot)


async def test_a_gguf_file_is_really_written(
    app: TripostApp, project: Project, run_id: int
) -> None:
    async with app.run_test(size=SIZE) as pilot:
        await at_export(pilot, project.path)
        screen = await choose(pilot, ExportFormat.GGUF)
        await pilot.press("enter")
        await until(pilot, lambda: screen.state.working, "the work")
        assert "esc cancels it" in text_of(pilot)
        deadline = time.monotonic() + 100  # torch takes its time to load
        while screen.state.shown is None and time.monotonic() < deadline:
            await pilot.pause(0.1)
        await pilot.pause()
        out = project.exports / f"run{run_id}-iteration1-gguf" / "student.gguf"
        assert out.read_bytes()[:4] == b"GGUF"
        assert "llama-completion -m" in text_of(pilot)


async def test_progress_is_shown_and_escape_cancels(
    app: TripostApp, project: Project, run_id: int, script: Script
) -> None:
    async with app.run_test(size=SIZE) as pilot:
        screen = await at_export(pilot, project.path)
        await pilot.press("enter")
        await until(pilot, lambda: "writing the model" in text_of(pilot), "the step")
        await until(pilot, lambda: "1.3 MB of about" in text_of(pilot), "the bytes")
        assert "At work" in text_of(pilot)
        await pilot.press("enter")
        await said(pilot, "An export is under way")
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(app.screen, ConfirmDialog), "the question")
        await pilot.press("n")
        assert not script.cancelled.is_set()
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(app.screen, ConfirmDialog), "the question")
        await pilot.press("y")
        await until(pilot, lambda: screen.state.working is None, "the end")
        await said(pilot, "Cancelled; nothing is left of it.")
        assert "■ cancelled" in text_of(pilot)
        assert list(project.exports.iterdir()) == []
        await pilot.press("escape")
        await until(pilot, lambda: app.screen is not screen, "leaving")


async def test_work_goes_on_while_one_looks_elsewhere(
    app: TripostApp, project: Project, run_id: int, script: Script
) -> None:
    async with app.run_test(size=SIZE) as pilot:
        await at_export(pilot, project.path)
        await pilot.press("enter")
        await until(pilot, lambda: state_of(pilot).working, "the work")
        await pilot.press("g", "r")
        await until(pilot, lambda: isinstance(app.screen, RunScreen), "the run")
        await pilot.press("g", "x")
        await until(pilot, lambda: isinstance(app.screen, ExportScreen), "the export")
        await until(pilot, lambda: state_of(pilot).working, "the same work")
        assert len(script.orders) == 1
        script.go.set()
        await until(pilot, lambda: state_of(pilot).shown, "its end")
        assert "✓ done" in text_of(pilot)


async def test_quitting_asks_while_something_is_written(
    app: TripostApp, project: Project, run_id: int, script: Script
) -> None:
    async with app.run_test(size=SIZE) as pilot:
        await at_export(pilot, project.path)
        await pilot.press("enter")
        await until(pilot, lambda: state_of(pilot).working, "the work")
        await pilot.press("ctrl+q")
        await until(pilot, lambda: isinstance(app.screen, ExportQuitDialog), "the question")
        await pilot.press("n")
        await until(pilot, lambda: isinstance(app.screen, ExportScreen), "going on")
        assert not app._exit
        await pilot.press("ctrl+q")
        await until(pilot, lambda: isinstance(app.screen, ExportQuitDialog), "the question")
        await pilot.press("ctrl+q")
        await until(pilot, lambda: app._exit, "the end")
    script.cancelled.set()


async def test_a_failure_is_told_where_it_happened(
    app: TripostApp, project: Project, run_id: int, script: Script
) -> None:
    script.error = StudentError("the converter said [/x] \x1b[31mno", "It could not be written")
    script.go.set()
    async with app.run_test(size=SIZE) as pilot:
        await at_export(pilot, project.path)
        await pilot.press("enter")
        await until(pilot, lambda: "✗ failed" in text_of(pilot), "the failure")
        assert "the converter said [/x] [31mno" in text_of(pilot)
        assert state_of(pilot).why_no_export() is None


async def test_iteration_format_and_numbers_are_chosen(
    app: TripostApp, project: Project, run_id: int, script: Script
) -> None:
    script.go.set()
    async with app.run_test(size=SIZE) as pilot:
        await at_export(pilot, project.path)
        await pilot.press("i")
        await fresh(pilot)
        assert "→ 2  not evaluated" in text_of(pilot)
        await pilot.press("k", "down", "up", "j")
        await pilot.press("n")
        screen = await fresh(pilot)
        assert "bf16" in text_of(pilot)
        await pilot.press("enter")
        await until(pilot, lambda: screen.state.shown, "the export")
    (order,) = script.orders
    assert (order.format, order.iteration, order.precision) == (ExportFormat.MERGED, 2, "bf16")
    assert order.out == project.exports / f"run{run_id}-iteration2-merged"


async def test_another_folder_is_named(
    app: TripostApp, project: Project, run_id: int, script: Script, tmp_path: Path
) -> None:
    script.go.set()
    async with app.run_test(size=SIZE) as pilot:
        screen = await at_export(pilot, project.path)
        await pilot.press("f")
        await until(pilot, lambda: isinstance(app.screen, FolderDialog), "the dialog")
        await pilot.press("escape")
        assert screen.state.wanted.folder == ""
        await pilot.press("f", "ctrl+u", *"mine", "enter")
        await until(pilot, lambda: screen.state.is_fresh and screen.state.target, "the folder")
        assert "mine" in text_of(pilot)
        await pilot.press("enter")
        await until(pilot, lambda: screen.state.shown, "the export")
    (order,) = script.orders
    assert order.out == tmp_path / "mine"


async def test_what_is_there_is_replaced_only_when_asked(
    app: TripostApp, project: Project, run_id: int, script: Script
) -> None:
    script.go.set()
    make_export(project.exports / f"run{run_id}-iteration1-merged", ExportFormat.MERGED)
    (project.exports / f"run{run_id}-iteration1-gguf").mkdir()
    async with app.run_test(size=SIZE) as pilot:
        screen = await at_export(pilot, project.path)
        assert "an earlier export" in text_of(pilot)
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, ConfirmDialog), "the question")
        await pilot.press("n")
        assert script.orders == []
        await pilot.press("enter", "y")
        await until(pilot, lambda: script.orders, "the order")
        assert script.orders[0].replace
        await until(pilot, lambda: screen.state.ended, "the end")
        await choose(pilot, ExportFormat.GGUF)
        await pilot.press("enter")
        await said(pilot, "The folder is there already, and is no export")
        assert len(script.orders) == 1


async def test_commands_are_marked_and_copied(
    app: TripostApp, project: Project, run_id: int, state_folder: Path
) -> None:
    make_export(project.exports / "one")
    async with app.run_test(size=SIZE) as pilot:
        screen = await at_export(pilot, project.path)
        await pilot.press("y")
        copied = state_folder / "copied.txt"
        await until(pilot, copied.exists, "the copy")
        folder = project.exports / "one"
        assert copied.read_text() == (
            f"llama-completion -m {folder}/student.gguf -f {folder}/prompt.txt -no-cnv --temp 0 "
            "-n 900"
        )
        await pilot.press("c")
        assert screen.state.command == 1
        copied.unlink()
        await pilot.press("y")
        await until(pilot, copied.exists, "the copy")
        assert copied.read_text() == f"llama-server -m {folder}/student.gguf"
        copied.unlink()
        await pilot.press("Y")
        await until(pilot, copied.exists, "the copy")
        assert "# llama.cpp: a server\nllama-server" in copied.read_text()


async def test_earlier_exports_are_shown_one_after_the_other(
    app: TripostApp, project: Project, run_id: int
) -> None:
    for name in ("one", "two"):
        make_export(project.exports / name)
    async with app.run_test(size=SIZE) as pilot:
        screen = await at_export(pilot, project.path)
        seen = []
        for _ in range(3):
            assert screen.state.shown is not None
            seen.append(screen.state.shown.folder.name)
            await pilot.press("e")
        assert seen == ["one", "two", "one"]


OLLAMA = """#!{python}
import pathlib, sys
pathlib.Path(__file__).with_name("called").write_text(" ".join(sys.argv[1:]))
assert pathlib.Path("Modelfile").is_file()
print("\\x1b[2Kgathering model components")
if pathlib.Path(__file__).with_name("refuse").exists():
    sys.exit("Error: unsupported architecture [/x]")
print("success")
"""


@pytest.fixture
def ollama(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A stand-in for Ollama's program; returns the folder that it is in."""
    program = tmp_path / "bin" / "ollama"
    program.parent.mkdir()
    program.write_text(OLLAMA.format(python=sys.executable))
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    for module in ("engine.export.survey", "tripost_tui.exporter"):
        monkeypatch.setattr(f"{module}.find_ollama", lambda: str(program))
    return program.parent


async def test_ollama_takes_a_model_up(
    app: TripostApp, project: Project, run_id: int, ollama: Path
) -> None:
    make_export(project.exports / "one", ExportFormat.OLLAMA)
    async with app.run_test(size=SIZE) as pilot:
        await at_export(pilot, project.path)
        await pilot.press("o")
        await until(pilot, lambda: isinstance(app.screen, ConfirmDialog), "the question")
        await pilot.press("y")
        await said(pilot, "Done: ollama create demo-i1.")
        assert (ollama / "called").read_text() == "create demo-i1 -f Modelfile"
        (ollama / "refuse").touch()
        await pilot.press("o", "y")
        await until(pilot, lambda: "failed: Ollama refused" in text_of(pilot), "the refusal")
        assert "unsupported architecture [/x]" in text_of(pilot)


async def test_without_ollama_it_says_so(app: TripostApp, project: Project, run_id: int) -> None:
    make_export(project.exports / "one", ExportFormat.OLLAMA)
    async with app.run_test(size=SIZE) as pilot:
        await at_export(pilot, project.path)
        await pilot.press("o")
        await said(pilot, "Ollama is not on PATH")


async def test_before_the_first_training_there_is_nothing(
    app: TripostApp, project: Project
) -> None:
    trained(project, 0)
    async with app.run_test(size=SIZE) as pilot:
        await at_export(pilot, project.path)
        assert "Nothing has been trained yet" in text_of(pilot)
        for key in ("enter", "i", "c", "y", "o", "e"):
            await pilot.press(key)
        await pilot.press("enter")
        await said(pilot, "Nothing has been trained yet.")


async def test_a_project_without_a_run_says_so(app: TripostApp, project: Project) -> None:
    async with app.run_test(size=SIZE) as pilot:
        await at_export(pilot, project.path)
        assert "no iteration has been trained yet" in " ".join(text_of(pilot).split())
        await pilot.press("enter")
        await said(pilot, "The project cannot be read.")


async def test_a_pane_takes_the_whole_screen(
    app: TripostApp, project: Project, run_id: int
) -> None:
    make_export(project.exports / "one")
    async with app.run_test(size=(80, 24)) as pilot:
        screen = await at_export(pilot, project.path)
        await pilot.press("z")
        await until(pilot, lambda: isinstance(screen.maximized, Pane), "the zoom")
        await pilot.press("escape")
        await until(pilot, lambda: screen.maximized is None, "all panes")


async def test_ascii_means_ascii(tmp_path: Path, project: Project, run_id: int) -> None:
    make_export(project.exports / "one")
    app = exporting_app(tmp_path, ascii_only=True)
    async with app.run_test(size=SIZE) as pilot:
        await at_export(pilot, project.path)
        assert text_of(pilot).isascii()
        assert "x no" in text_of(pilot)


HOSTILE = "[@click=app.exit]x[red] \x1b[2J\u202e [[]"


async def test_names_and_folders_are_data(
    tmp_path: Path, script: Script, monkeypatch: pytest.MonkeyPatch
) -> None:
    import recorded

    project = recorded.new_project(tmp_path / "[red]demo[x]")
    trained(project)
    export = make_export(
        project.exports / HOSTILE, what=HOSTILE, project=HOSTILE, name=HOSTILE, base=HOSTILE
    )
    (export / f"{HOSTILE}.bin").write_bytes(b"")
    script.error = StudentError(HOSTILE, HOSTILE)
    script.go.set()
    app = exporting_app(tmp_path)
    async with app.run_test(size=SIZE) as pilot:
        screen = await at_export(pilot, project.path)
        screen.state.set_folder(f"a/{HOSTILE}\n{'x' * 5000}")
        await until(pilot, lambda: "is longer than 230 bytes" in text_of(pilot), "the refusal")
        screen.state.set_folder(f"a/{HOSTILE}")
        await fresh(pilot)
        await pilot.press("enter")
        await until(pilot, lambda: "✗ failed" in text_of(pilot), "the failure")
        await pilot.press("f")
        await pilot.pause()
        await pilot.press("escape")
        shown = text_of(pilot)
        assert "[@click=app.exit]x[red]" in shown
        assert "[red]demo[x]" in shown
        assert not any(ord(sign) < 32 and sign != "\n" for sign in shown)
        assert "\u202e" not in shown
        await pilot.click("#result", offset=(5, 3))
        await pilot.click("#earlier", offset=(5, 1))
        assert not app._exit


async def test_what_came_of_it_is_in_sight_where_panes_are_stacked(
    app: TripostApp, project: Project, run_id: int, script: Script
) -> None:
    script.go.set()
    async with app.run_test(size=(80, 24)) as pilot:
        await at_export(pilot, project.path)
        assert "Result" not in text_of(pilot).split("Where to")[0]
        await pilot.press("enter")
        await until(pilot, lambda: "✓ done" in text_of(pilot), "the end in sight")
        await until(pilot, lambda: "y copies" in text_of(pilot), "its commands in sight")
