"""An export in a process of its own: it tells, it can be cancelled, it outlives nobody."""

import subprocess
import sys
import threading
from pathlib import Path

import pytest
from engines import Finished
from exports import order, until

from engine.errors import Interrupted, TripostError
from engine.export.folders import PROVENANCE
from engine.export.formats import ExportFormat
from engine.export.process import ExportFailed, ExportProcess
from engine.project import Project

SLOW_CONVERTER = """
import os, pathlib, sys, time
pathlib.Path(__file__).with_name("at-work").write_text(str(os.getpid()))
time.sleep(120)
"""


@pytest.fixture
def slow(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """llama.cpp's converter takes its time; returns the file that says it is at work."""
    folder = tmp_path / "llama.cpp"
    folder.mkdir()
    (folder / "convert_hf_to_gguf.py").write_text(SLOW_CONVERTER)
    monkeypatch.setenv("LLAMA_CPP_DIR", str(folder))
    return folder / "at-work"


def is_alive(pid: int) -> bool:
    try:
        return "Z" not in Path(f"/proc/{pid}/stat").read_text().split(")")[1].split()[0]
    except OSError:
        return False


def test_it_tells_what_it_does(finished: Finished, tmp_path: Path) -> None:
    process = ExportProcess(
        finished.project.path, order(tmp_path / "out", ExportFormat.MERGED, iteration=2)
    )
    assert list(process.steps()) == [
        "looking for the model",
        "reading the model",
        "writing the model",
        "hashing the files",
    ]
    assert (tmp_path / "out" / PROVENANCE).is_file()
    assert not process.partial.exists()


def test_a_folder_named_engine_is_not_taken_for_ours(
    finished: Finished, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "engine").mkdir()
    (tmp_path / "engine" / "__main__.py").write_text("raise SystemExit('another engine')")
    monkeypatch.chdir(tmp_path)
    process = ExportProcess(finished.project.path, order(Path("out"), ExportFormat.DATASET))
    assert list(process.steps()) == ["writing the examples"]
    assert (tmp_path / "out" / PROVENANCE).is_file()


def test_an_error_is_told_as_it_was(finished: Finished, tmp_path: Path) -> None:
    process = ExportProcess(finished.project.path, order(tmp_path / "out", ExportFormat.ADAPTER))
    with pytest.raises(ExportFailed) as failed:
        list(process.steps())
    assert failed.value.title == "There is no adapter"
    assert failed.value.exit_code == 4


def test_cancelled_it_leaves_nothing(slow: Path, bytes_run: Project, tmp_path: Path) -> None:
    out = tmp_path / "exports" / "out"
    process = ExportProcess(bytes_run.path, order(out, ExportFormat.GGUF))
    heard: list[TripostError] = []

    def listen() -> None:
        try:
            list(process.steps())
        except TripostError as error:
            heard.append(error)

    listener = threading.Thread(target=listen)
    listener.start()
    until(slow.exists)
    assert process.partial.is_dir()
    process.cancel()
    listener.join(30)
    (error,) = heard
    assert isinstance(error, Interrupted)
    assert not out.parent.exists()
    until(lambda: not is_alive(int(slow.read_text())))


ORDERING = """
import sys
from pathlib import Path
sys.path[:0] = {path!r}
from engine.export.formats import ExportFormat, ExportRequest
from engine.export.process import ExportProcess
wanted = ExportRequest(format=ExportFormat.GGUF, iteration=1, out=Path({out!r}))
for step in ExportProcess(Path({project!r}), wanted).steps():
    print(step, flush=True)
"""


def test_it_ends_with_whoever_ordered_it(slow: Path, bytes_run: Project, tmp_path: Path) -> None:
    out = tmp_path / "exports" / "out"
    text = ORDERING.format(path=sys.path, out=str(out), project=str(bytes_run.path))
    ordering = subprocess.Popen([sys.executable, "-c", text], stdout=subprocess.DEVNULL)
    until(slow.exists)
    ordering.kill()
    ordering.wait()
    until(lambda: not out.parent.exists())
    until(lambda: not is_alive(int(slow.read_text())))


def test_a_process_that_dies_is_told(
    finished: Finished, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    (tmp_path / "gguf.py").write_text("import os, sys; sys.stderr.write('dead\\n'); os._exit(9)")
    process = ExportProcess(finished.project.path, order(tmp_path / "out", ExportFormat.MERGED))
    with pytest.raises(ExportFailed, match=r"code 9\. Its last words: dead"):
        list(process.steps())
    assert not (tmp_path / "out").exists()
