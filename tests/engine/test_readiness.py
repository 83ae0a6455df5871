"""What keeps a run from going on, told before an engine is started."""

from pathlib import Path
from typing import Any

import pytest

from db.store import Store
from engine.config import Settings, settings_hash, with_values
from engine.errors import ConfigError
from engine.project import Project
from engine.readiness import check_ready


def begun(folder: Path, config: dict[str, Any], hashed: str) -> Project:
    """A project whose run was begun with that configuration."""
    project = Project.create(folder / "p", Settings())
    with Store.open(project.db_path) as store:
        store.create_run(
            seed=1, iterations=3, config=config, config_hash=hashed, versions={}, student="embedded"
        )
    return project


def test_a_run_of_an_older_version_goes_on_as_long_as_new_settings_are_at_their_defaults(
    tmp_path: Path,
) -> None:
    config = Settings().model_dump(mode="json")
    del config["experts"], config["train"]["packing"]
    project = begun(tmp_path, config, "a hash of fewer settings")
    check_ready(project)
    for key, value in {"train.packing": "off", "experts.votes": 3}.items():
        values = {"experts.feedback_temperature": 1.0} if "votes" in key else {}
        other = with_values(project.settings, {key: value, **values})
        with pytest.raises(ConfigError, match=f"{key}.* changed since run 1 began"):
            check_ready(Project(project.path, other))


def test_what_is_no_part_of_the_experiment_may_change(tmp_path: Path) -> None:
    settings = Settings()
    project = begun(tmp_path, settings.model_dump(mode="json"), settings_hash(settings))
    other = with_values(settings, {"experts.budget_tokens": 5, "run.name": "x"})
    check_ready(Project(project.path, other))
    with pytest.raises(ConfigError, match=r"train\.epochs changed since run 1 began"):
        check_ready(Project(project.path, with_values(settings, {"train.epochs": 9})))


def test_other_experts_may_be_asked_while_a_run_goes_on(tmp_path: Path) -> None:
    settings = with_values(Settings(), {"experts.feedback": ("ollama:gone",)})
    project = begun(tmp_path, settings.model_dump(mode="json"), settings_hash(settings))
    check_ready(Project(project.path, Settings()))
    votes = {"experts.votes": 3, "experts.feedback_temperature": 1.0}
    with pytest.raises(ConfigError, match=r"experts\.feedback_temperature, |experts\.votes"):
        check_ready(Project(project.path, with_values(Settings(), votes)))
