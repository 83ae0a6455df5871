"""`tripost new --preset` and `--like`."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from engine.config import load_settings
from engine.presets import PRESETS
from tripost_tui.cli import tripost


def new(folder: Path, *arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(tripost, ["new", str(folder), *arguments])
    return result.exit_code, result.output


def test_the_list_tells_every_preset_without_a_folder() -> None:
    result = CliRunner().invoke(tripost, ["new", "--preset", "list"])
    assert result.exit_code == 0
    for preset in PRESETS.values():
        assert f"  {preset.name} " in result.output
    assert max(map(len, result.output.splitlines())) <= 88


def test_a_beginning_and_a_method_go_together(tmp_path: Path) -> None:
    code, output = new(tmp_path / "p", "--preset", "lmsi", "--preset", "demo")
    assert code == 0, output
    settings = load_settings(tmp_path / "p" / "project.toml")
    assert (settings.run.method, settings.collect.temperature) == ("lmsi", 1.2)
    assert settings.train.learning_rate == 4e-4


def test_what_is_set_goes_before_the_preset(tmp_path: Path) -> None:
    code, output = new(tmp_path / "p", "--preset", "lmsi", "--set", "collect.temperature=0.7")
    assert code == 0, output
    assert load_settings(tmp_path / "p" / "project.toml").collect.temperature == 0.7


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--preset", "star"], "no preset 'star'"),
        (["--preset", "demo", "--preset", "paper"], "both say where to begin"),
        (["--like", "other", "--task", "word_sorting"], "goes not with --like"),
        (["--like", "other", "--preset", "demo"], "goes not with --like"),
        (["--like", "other"], "No such project"),
    ],
)
def test_what_does_not_go_is_refused_and_makes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], said: str
) -> None:
    monkeypatch.chdir(tmp_path)
    code, output = new(tmp_path / "p", *arguments)
    assert code != 0
    assert said in output
    assert not (tmp_path / "p").exists()
