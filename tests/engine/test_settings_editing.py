"""Settings changed in a file that a person has written."""

from pathlib import Path

import pytest

from engine.config import load_settings
from engine.errors import ConfigError
from engine.settings_editing import change_settings

OWN = """\
# what I try this week
[postprocess]
# rebalance more
ratio = 1.0   # was 0.75

[train]
weight = 1.5
"""


def test_only_the_values_are_replaced(tmp_path: Path) -> None:
    path = tmp_path / "project.toml"
    path.write_text(OWN)
    change_settings(path, {"postprocess.ratio": 0.5})
    assert path.read_text() == OWN.replace("ratio = 1.0", "ratio = 0.5")


def test_what_was_at_its_default_is_added(tmp_path: Path) -> None:
    path = tmp_path / "project.toml"
    path.write_text(OWN)
    change_settings(path, {"train.change_factor": 2.0, "experts.feedback": ("ollama:gemma3:4b",)})
    assert path.read_text().startswith(OWN.rstrip())
    settings = load_settings(path)
    assert settings.train.change_factor == 2.0
    assert settings.experts.feedback == ("ollama:gemma3:4b",)


def test_what_is_not_allowed_is_not_written(tmp_path: Path) -> None:
    path = tmp_path / "project.toml"
    path.write_text(OWN)
    with pytest.raises(ConfigError, match=r"train\.weight"):
        change_settings(path, {"train.weight": -1.0})
    assert path.read_text() == OWN
