"""`tripost export` on a recorded run: what is offered, written, refused; JSON for programs."""

import json
import stat
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from engine.project import Project
from tripost_tui.cli import tripost

sys.path.insert(0, str(Path(__file__).parents[1]))


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    import exported
    import recorded

    monkeypatch.setenv("TRIPOST_STATE_DIR", str(tmp_path / "state"))
    monkeypatch.delenv("LLAMA_CPP_DIR", raising=False)
    made = recorded.new_project(tmp_path / "demo")
    exported.trained(made)
    return made


def export(*arguments: object) -> Result:
    return CliRunner().invoke(tripost, ["export", *map(str, arguments)])


def test_what_there_is_can_be_listed(project: Project) -> None:
    result = export(project.path, "--list")
    assert result.exit_code == 0
    assert "* iteration 1: 57.5%" in result.stdout
    assert "  iteration 2: not evaluated" in result.stdout
    assert "adapter  no: all weights were trained: there is no adapter" in result.stdout
    assert "gguf  about 3.2 MB; fp32" in result.stdout
    assert not list(project.exports.iterdir())


def test_the_list_is_json_for_programs(project: Project) -> None:
    (said,) = map(json.loads, export(project.path, "--list", "--json").stdout.splitlines())
    assert said["chosen"] == 1
    assert said["iterations"][0] == {
        "iteration": 1,
        "right": 23,
        "tested": 40,
        "weights_bytes": said["iterations"][1]["weights_bytes"],
    }
    formats = {each["format"]: each for each in said["formats"]}
    assert set(formats) == {"adapter", "merged", "gguf", "ollama", "dataset"}
    assert formats["adapter"]["why_not"].startswith("all weights")
    assert formats["gguf"]["why_not"] is None
    assert formats["gguf"]["bytes"] > 3_000_000


def test_a_dataset_is_written_and_its_files_told(project: Project) -> None:
    result = export(project.path, "--format", "dataset", "--json")
    assert result.exit_code == 0, result.output
    *steps, done = map(json.loads, result.stdout.splitlines())
    assert steps == [{"doing": "writing the examples"}]
    folder = Path(done["folder"])
    assert folder == project.exports / "run1-iteration1-dataset"
    sizes = {each["name"]: each["bytes"] for each in done["files"]}
    assert sizes == {path.name: path.stat().st_size for path in folder.iterdir()}
    assert done["bytes"] == sum(sizes.values())
    assert "load_dataset" in done["usage"][0]["text"]
    assert result.stdout.isascii()


def test_a_gguf_file_is_written_with_the_commands_to_use_it(
    project: Project, tmp_path: Path
) -> None:
    out = tmp_path / "[red]x \x1b[2J"
    result = export(project.path, out, "--format", "gguf", "--iteration", 2)
    assert result.exit_code == 0, result.output
    assert (out / "student.gguf").read_bytes()[:4] == b"GGUF"
    assert "llama-completion -m $'" in result.stdout
    assert "\x1b" not in result.output
    assert "writing the GGUF file" in result.stderr


def test_it_is_not_written_over_without_force(project: Project, tmp_path: Path) -> None:
    out = tmp_path / "out"
    assert export(project.path, out, "--format", "dataset").exit_code == 0
    (out / "examples.jsonl").write_text("mine")
    again = export(project.path, out, "--format", "dataset")
    assert again.exit_code == 3
    assert "--force" in again.stderr
    assert (out / "examples.jsonl").read_text() == "mine"
    assert export(project.path, out, "--format", "dataset", "--force").exit_code == 0
    assert (out / "examples.jsonl").read_text() != "mine"
    (tmp_path / "thesis").mkdir()
    refused = export(project.path, tmp_path / "thesis", "--format", "dataset", "--force")
    assert refused.exit_code == 3
    assert "It is no export" in refused.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        ("--merge", "--format", "gguf"),
        ("--all-iterations",),
        ("--create", "--format", "gguf"),
        ("--format", "exe"),
        ("--iteration", "0"),
    ],
)
def test_options_that_do_not_go_together(project: Project, arguments: tuple[str, ...]) -> None:
    assert export(project.path, *arguments).exit_code == 2


OLLAMA = """#!{python}
import pathlib, sys
pathlib.Path(__file__).with_name("called").write_text(" ".join(sys.argv[1:]))
print("success \\x1b[31m")
sys.exit(int(pathlib.Path(__file__).with_name("code").read_text()))
"""


@pytest.mark.parametrize("code", [0, 1])
def test_ollama_takes_it_up_when_asked(
    project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    program = tmp_path / "bin" / "ollama"
    program.parent.mkdir()
    program.write_text(OLLAMA.format(python=sys.executable))
    (program.parent / "code").write_text(str(code))
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", str(program.parent))
    result = export(project.path, "--format", "ollama", "--name", "mine", "--create")
    assert (program.parent / "called").read_text() == "create mine -f Modelfile"
    assert "\x1b" not in result.output
    assert result.exit_code == (3 if code else 0), result.output
    assert (project.exports / "run1-iteration1-ollama" / "Modelfile").is_file()


def test_without_ollama_the_export_stays(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    result = export(project.path, "--format", "ollama", "--create")
    assert result.exit_code == 3
    assert "Ollama is not here" in result.stderr
    assert (project.exports / "run1-iteration1-ollama" / "Modelfile").is_file()
