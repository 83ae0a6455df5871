"""`tripost new --preset` and `--like`."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from db.records import RunStatus, TrainStep
from db.store import Store
from engine.config import Settings, load_settings, with_values
from engine.presets import PRESETS
from engine.project import Project
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


def test_a_preset_reckons_with_what_is_set(tmp_path: Path) -> None:
    code, output = new(
        tmp_path / "p", "--set", "collect.questions=150", "--preset", "lmsi", "--preset", "demo"
    )
    assert code == 0, output
    collect = load_settings(tmp_path / "p" / "project.toml").collect
    assert (collect.questions, collect.target) == (150, 150)


def test_another_run_gives_its_settings_and_its_budget(tmp_path: Path) -> None:
    of_other = {"task.test_items": 77, "run.seed": 9, "run.iterations": 2, "student.threads": 1}
    other = Project.create(tmp_path / "a", with_values(Settings(), of_other))
    with Store.open(other.db_path) as store:
        run = store.create_run(
            seed=9, iterations=2, config={}, config_hash="", versions={}, student="x"
        )
        for iteration, tokens in ((1, 1000), (2, 501)):
            step = TrainStep(
                run_id=run.id,
                iteration=iteration,
                step=1,
                epoch=1.0,
                loss=1.0,
                learning_rate=1e-4,
                grad_norm=1.0,
                tokens=tokens,
                weighted_tokens=tokens,
                seconds=1.0,
            )
            store.add_train_steps([step])
        store.set_run_status(run.id, RunStatus.FINISHED, "finished")
    code, output = new(tmp_path / "b", "--like", str(tmp_path / "a"), "--preset", "ft_si_demo")
    assert code == 0, output
    settings = load_settings(tmp_path / "b" / "project.toml")
    assert (settings.task.test_items, settings.run.seed) == (77, 9)
    assert settings.run.method == "ft_si_demo"
    assert settings.train.token_budget == 751
