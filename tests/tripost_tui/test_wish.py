"""From a wish to settings: presets, paths, and tasks of one's own."""

from pathlib import Path

import pytest
from own_task import own_task

from engine.config import Settings
from engine.errors import ConfigError
from tripost_tui.wish import Preset, Wish, preset_settings, settings_as_wished, settings_of


@pytest.mark.parametrize("preset", list(Preset))
def test_a_preset_can_be_had_as_it_is(preset: Preset, tmp_path: Path) -> None:
    base = preset_settings(preset, Settings().task.name)
    assert settings_of(Wish("x", preset), tmp_path) == base
    assert base.run.name == ""


def test_of_ones_own_task_no_more_is_asked_for_than_it_has(tmp_path: Path) -> None:
    folder = own_task(tmp_path / "mine", rows=40)
    for preset in Preset:
        settings = settings_of(Wish("x", preset, {"task.name": "./mine"}), tmp_path)
        assert settings.task.name == str(folder)
        assert settings.task.train_items + settings.task.dev_items + settings.task.test_items == 40
        assert settings.collect.questions == settings.task.train_items
        assert settings.collect.minimum <= settings.collect.questions


def test_what_the_person_wants_goes_before_what_fits(tmp_path: Path) -> None:
    own_task(tmp_path / "mine")
    values = {"task.name": "./mine", "run.iterations": 2, "collect.questions": 5}
    settings = settings_of(Wish("x", Preset.DEFAULT, values | {"collect.minimum": 1}), tmp_path)
    assert (settings.run.iterations, settings.collect.questions) == (2, 5)


def test_a_folder_that_is_no_task_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"task\.toml"):
        settings_of(Wish("x", values={"task.name": "./nothing"}), tmp_path)


def test_wrong_settings_come_before_what_is_wrong_with_the_folder(tmp_path: Path) -> None:
    wish = Wish("x", values={"task.name": "./nothing", "run.seed": "x"})
    with pytest.raises(ConfigError) as caught:
        settings_of(wish, tmp_path)
    assert [problem.key for problem in caught.value.problems] == ["run.seed"]
    with pytest.raises(ConfigError):
        settings_as_wished(wish)


def test_paths_are_meant_from_here(tmp_path: Path) -> None:
    (tmp_path / "model").mkdir()

    def student(path: str) -> str:
        return settings_of(Wish("x", values={"student.path": path}), tmp_path).student.path

    assert student("./model") == student("model") == str(tmp_path / "model")
    assert student("./later") == str(tmp_path / "later")
    assert student("~/model") == str(Path.home() / "model")
    assert student("owner/model") == "owner/model"
    assert student("embedded") == "embedded"


def test_gguf_files_are_meant_from_here(tmp_path: Path) -> None:
    chain = ("gguf:x.gguf", "gguf:/y.gguf", "script", "ollama:z")
    settings = settings_of(Wish("x", values={"experts.feedback": chain}), tmp_path)
    assert settings.experts.feedback == (
        f"gguf:{tmp_path / 'x.gguf'}",
        "gguf:/y.gguf",
        "script",
        "ollama:z",
    )
