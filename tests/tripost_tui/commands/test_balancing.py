"""`tripost balance`: the screen's counts and examples without a screen."""

import json
from pathlib import Path

import pytest
from balanced import balanced_project
from click.testing import CliRunner

from db.records import ExampleKind
from db.store import Store
from engine.config import load_settings
from engine.project import Project
from tripost_tui.cli import tripost


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return balanced_project(tmp_path / "demo")[0]


def run(*words: str, code: int = 0) -> str:
    result = CliRunner().invoke(tripost, ["balance", *words])
    assert result.exit_code == code, result.output
    return result.output


def facts(project: Project, *words: str) -> dict[str, object]:
    return dict(json.loads(run(str(project.path), "--json", *words)))


def test_it_tells_what_the_store_says_of_a_made_iteration(project: Project) -> None:
    found = facts(project, "--iteration", "1")
    with Store.open(project.db_path, readonly=True) as store:
        examples = store.examples(1, 1)
    assert (found["source"], found["iteration"], found["trajectories"]) == ("stored", 1, 19)
    selected = {
        kind.value: sum(e.selected for e in examples if e.kind is kind) for kind in ExampleKind
    }
    assert found["balance"]["selected"] == selected  # type: ignore[index]
    assert found["holds_from_iteration"] == 2


def test_p_and_weights_are_tried_and_not_saved(project: Project) -> None:
    was = project.settings_path.read_text()
    before = facts(project)
    found = facts(project, "--p", "0.6", "--weights", "w=2 change=3", "--show", "2")
    assert (before["source"], found["source"]) == ("preview", "preview")
    assert found["balance"]["p"] == pytest.approx(0.6, abs=0.03)  # type: ignore[index]
    assert found["balance"]["made"] == before["balance"]["made"]  # type: ignore[index]
    (first, _) = found["examples"]  # type: ignore[misc]
    assert {weight for _, weight in first["segments"]} == {0.0, 2.0, 6.0}
    assert project.settings_path.read_text() == was


def test_they_are_saved_on_demand(project: Project) -> None:
    output = run(str(project.path), "--p", "0.6", "--save")
    assert "Iteration 2 will be made with them" in output
    assert load_settings(project.settings_path).postprocess.ratio == pytest.approx(3.0)
    assert "source" in facts(project)


def test_examples_are_printed_with_their_weights(project: Project) -> None:
    output = run(str(project.path), "--show", "1", "--plain")
    assert "--- 1: improving, trains, trajectory 20" in output
    assert "{0}\nFeedback: In step" in output
    assert output.endswith("<end>{1.5}\n")
    dropped = run(str(project.path), "--show", "1", "--rows", "dropped")
    assert "left out: " in dropped


def test_nothing_collected_is_no_error(tmp_path: Path) -> None:
    project, _ = balanced_project(tmp_path / "p", 0, made=False)
    assert "Nothing is collected for this iteration yet." in run(str(project.path))
    assert facts(project)["balance"] is None


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--p", "2"), "from 0 to 1"),
        (("--weights", "q=1"), "there is no 'q'"),
        (("--iteration", "9"), "the run has 2 iterations"),
        (("--save",), "--save needs --p or --weights"),
        (("--plain", "--json"), "exclude each other"),
    ],
)
def test_wrong_usage_is_told(project: Project, words: tuple[str, ...], said: str) -> None:
    assert said in run(str(project.path), *words, code=2)


def test_without_a_run_it_says_so(tmp_path: Path) -> None:
    Project.create(tmp_path / "p")
    assert "there is no run yet" in run(str(tmp_path / "p"), code=3)
