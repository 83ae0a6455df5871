"""Settings: the file is the settings, and whatever is wrong in it is named."""

import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

import annotated_types
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from pydantic.fields import FieldInfo

from engine.config import (
    SETTINGS,
    Settings,
    check_settings,
    demo_settings,
    load_settings,
    paper_settings,
    settings_changed,
    settings_hash,
    settings_toml,
    with_values,
    write_settings,
)
from engine.errors import ConfigError
from engine.settings_text import sections, to_toml


def any_value(key: str, info: FieldInfo) -> st.SearchStrategy[Any]:
    """Any value that the setting's own bounds admit."""
    if key == "task.name":
        return st.just(info.default)
    if get_origin(info.annotation) is Literal:
        return st.sampled_from(get_args(info.annotation))
    if info.annotation is bool:
        return st.booleans()
    if info.annotation is str:
        return st.text(min_size=1, max_size=20)
    if key in ("experts.feedback", "experts.improve"):
        some = st.sampled_from(
            ["script", "ollama:qwen3:8b", "gguf:/m.gguf", "openai:m@http://h/v1"]
        )
        return st.lists(some, min_size=1, unique=True).map(tuple)
    if key == "experts.prices":
        return st.just(("openai:m@http://h/v1=0.25/2",))
    if get_origin(info.annotation) is tuple:
        return st.lists(st.sampled_from(["3x1", "4x2", "6x3"]), max_size=3).map(tuple)
    bounds: dict[str, Any] = {}
    for bound in info.metadata:
        if isinstance(bound, annotated_types.Ge):
            bounds["min_value"] = bound.ge
        if isinstance(bound, annotated_types.Le):
            bounds["max_value"] = bound.le
        if isinstance(bound, annotated_types.Gt):
            bounds |= {"min_value": bound.gt, "exclude_min": True}
        if isinstance(bound, annotated_types.Lt):
            bounds |= {"max_value": bound.lt, "exclude_max": True}
    return st.integers(**bounds) if info.annotation is int else st.floats(**bounds)


FIELDS = {
    f"{section}.{name}": info
    for section, model in sections().items()
    for name, info in model.model_fields.items()
}


def sensible(values: dict[str, Any]) -> dict[str, Any]:
    """The rules between settings: trajectories that there can be, no adapter where none is."""
    if values["student.adapter"] == "full":
        nothing = {"lora_dropout": 0.0, "lora_targets": (), "lora_rs": False}
        values |= {f"student.{name}": value for name, value in nothing.items()}
        values |= {"student.quantisation": "none"}
    if values["experts.votes"] > 1:
        values["experts.feedback_temperature"] = max(values["experts.feedback_temperature"], 0.5)
    most = values["collect.questions"]
    if values["collect.target"]:
        most = min(values["collect.target"], most * values["collect.passes"])
    return values | {"collect.minimum": min(values["collect.minimum"], most)}


any_settings = (
    st.fixed_dictionaries({key: any_value(key, info) for key, info in FIELDS.items()})
    .map(sensible)
    .map(lambda values: with_values(Settings(), values))
)


def load_text(folder: Path, text: str) -> Settings:
    path = folder / "project.toml"
    path.write_text(text)
    return load_settings(path)


def error_of(folder: Path, text: str) -> ConfigError:
    with pytest.raises(ConfigError) as caught:
        load_text(folder, text)
    return caught.value


@given(any_settings)
def test_what_is_written_is_read(settings: Settings) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "project.toml")
        write_settings(path, settings)
        assert load_settings(path) == settings


def test_the_file_has_every_setting_with_its_help_what_is_allowed_and_its_default() -> None:
    text = settings_toml(Settings())
    data, unwrapped = tomllib.loads(text), text.replace("\n#   ", " ")
    for setting in SETTINGS:
        assert data[setting.section].pop(setting.name) == _listed(setting.default)
        assert setting.help
        assert f"{setting.allowed}; default {to_toml(setting.default)}" in unwrapped
    assert not any(data.values())


def _listed(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value


def test_no_comment_in_the_file_is_wider_than_a_terminal_of_100_columns() -> None:
    assert max(map(len, settings_toml(Settings()).splitlines())) <= 100


def test_what_the_file_leaves_out_is_at_its_default(tmp_path: Path) -> None:
    assert load_text(tmp_path, "") == Settings()
    assert load_text(tmp_path, "[train]\nepochs = 2") == with_values(
        Settings(), {"train.epochs": 2}
    )


def test_a_byte_order_mark_is_no_error(tmp_path: Path) -> None:
    (tmp_path / "project.toml").write_bytes(b"\xef\xbb\xbf[run]\nseed = 9\n")
    assert load_settings(tmp_path / "project.toml").run.seed == 9


def test_a_whole_number_will_do_where_a_number_is_asked_for(tmp_path: Path) -> None:
    assert load_text(tmp_path, "[train]\nclip = 2").train.clip == 2.0


@pytest.mark.parametrize(
    ("text", "key", "value", "allowed"),
    [
        ("[train]\nepochs = 0", "train.epochs", "0", "a whole number from 1 to 1000"),
        ("[train]\nepochs = 1.5", "train.epochs", "1.5", "a whole number from 1 to 1000"),
        ('[train]\nepochs = "4"', "train.epochs", '"4"', "a whole number from 1 to 1000"),
        ("[run]\nseed = true", "run.seed", "true", "a whole number from 0 to 4294967295"),
        ("[train]\nlearning_rate = nan", "train.learning_rate", "nan", "a number above 0 up to 1"),
        (
            '[experts]\nfeedback = ["gguf:x.gguf"]',
            "experts.feedback",
            '["gguf:x.gguf"]',
            "gguf: with a whole path: an engine has a folder of its own",
        ),
        ("[train]\nweight = inf", "train.weight", "inf", "a number from 0 to 100"),
        (
            "[student]\nlora_dropout = 1.0",
            "student.lora_dropout",
            "1.0",
            "a number from 0 to below 1",
        ),
        (
            '[run]\nmethod = "star"',
            "run.method",
            '"star"',
            'one of "tripost", "ft_rationale", "continued_rationale", "lmsi", "ft_si_demo", '
            '"prompt_only"',
        ),
        (
            '[task]\nname = "sums"',
            "task.name",
            '"sums"',
            'one of "date_understanding", "logical_deduction", "multistep_arithmetic", '
            '"word_sorting", or the path of a folder with a task.toml',
        ),
        ("[task]\nseen = [3]", "task.seen", "3", "a list of text"),
        ('[task]\nseen = "3x1"', "task.seen", '"3x1"', "a list of text"),
        (
            '[task]\nunseen = ["4x2", "x"]',
            "task.unseen",
            '["4x2", "x"]',
            "a list of difficulties ('x' is no difficulty; allowed: 2 to 9 operands x 1 to 3 "
            "levels, as in '4x2')",
        ),
        ('[student]\npath = ""', "student.path", '""', "text that is not empty"),
        ("train = 3", "train", "3", "a section of settings"),
        ("[[train]]\nepochs = 3", "train", "[{'epochs': 3}]", "a section of settings"),
        (
            "[collect]\nquestions = 10",
            "collect.minimum",
            "20",
            "at most 10 (questions, as target is 0)",
        ),
        (
            "[collect]\nquestions = 2\npasses = 3\ntarget = 50",
            "collect.minimum",
            "20",
            "at most 6 (questions x passes)",
        ),
        ("[collect]\ntarget = 15", "collect.minimum", "20", "at most 15 (target)"),
        (
            '[student]\npath = "x"\nadapter = "full"\nquantisation = "nf4"',
            "student.quantisation",
            '"nf4"',
            '"auto" or "none", as student.adapter is "full": 4-bit weights cannot be trained',
        ),
        (
            '[student]\nadapter = "full"\nlora_targets = ["q_proj"]',
            "student.lora_targets",
            '["q_proj"]',
            'empty, as student.adapter is "full": there is no LoRA adapter',
        ),
        (
            '[student]\nadapter = "full"\nlora_rs = true',
            "student.lora_rs",
            "true",
            'false, as student.adapter is "full": there is no LoRA adapter',
        ),
        (
            '[student]\nadapter = "full"\nlora_dropout = 0.5',
            "student.lora_dropout",
            "0.5",
            '0, as student.adapter is "full": there is no LoRA adapter',
        ),
        (
            '[student]\nlora_targets = ["q_proj", "lm_head"]',
            "student.lora_targets",
            '["q_proj", "lm_head"]',
            "linear layers below the head: the weighted loss knows no adapter in lm_head",
        ),
        (
            '[student]\nprompting = "chat"',
            "student.prompting",
            '"chat"',
            '"auto" or "plain", as an embedded student has no chat template',
        ),
    ],
)
def test_a_wrong_value_is_named_with_what_is_allowed(
    tmp_path: Path, text: str, key: str, value: str, allowed: str
) -> None:
    error = error_of(tmp_path, text)
    (problem,) = error.problems
    assert (problem.key, problem.value, problem.allowed) == (key, value, allowed)
    assert error.message == f"{tmp_path / 'project.toml'}: {key} = {value}: must be {allowed}."


@pytest.mark.parametrize(
    ("text", "key", "nearest"),
    [
        ("[train]\nepoch = 3", "train.epoch", "train.epochs"),
        ("[train]\nLEARNING_RATE = 3", "train.LEARNING_RATE", "train.learning_rate"),
        ("[collect]\nlearning_rate = 1", "collect.learning_rate", "train.learning_rate"),
        ("[trian]\nepochs = 1", "trian", "train"),
        ("temperature = 0.5", "temperature", "collect.temperature"),
        ("[train]\nzebra = 3", "train.zebra", None),
    ],
)
def test_an_unknown_key_is_named_with_the_nearest_known_one(
    tmp_path: Path, text: str, key: str, nearest: str | None
) -> None:
    error = error_of(tmp_path, text)
    (problem,) = error.problems
    assert (problem.key, problem.nearest) == (key, nearest)
    assert key in error.message
    assert (f"Did you mean {nearest}?" in error.message) == (nearest is not None)


def test_everything_wrong_is_told_at_once(tmp_path: Path) -> None:
    error = error_of(tmp_path, '[train]\nepochs = 0\nwarmpu = 1\n[run]\nseed = "x"')
    assert {problem.key for problem in error.problems} == {
        "train.epochs",
        "train.warmpu",
        "run.seed",
    }
    assert len(error.message.splitlines()) == 3


def test_a_long_value_is_cut_and_a_control_character_is_not_passed_on(tmp_path: Path) -> None:
    error = error_of(tmp_path, '[run]\nmethod = "\\u001b[31m' + "x" * 5000 + '"')
    assert "\x1b" not in error.message
    assert len(error.message) < 400


@pytest.mark.parametrize(
    "content",
    [b"[train", b"epochs = ", b"a = 1\na = 2", b"\xff\xfe", b"a = " + b"[" * 100_000, b"\x00"],
)
def test_a_file_that_is_no_toml_is_refused_by_name(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "project.toml"
    path.write_bytes(content)
    with pytest.raises(ConfigError, match=r"project\.toml"):
        load_settings(path)


def test_a_number_too_long_to_read_is_refused(tmp_path: Path) -> None:
    assert error_of(tmp_path, f"[run]\nseed = {'9' * 10_000}").exit_code == 2


def test_a_missing_file_and_a_folder_are_refused_by_name(tmp_path: Path) -> None:
    for path in (tmp_path / "none.toml", tmp_path):
        with pytest.raises(ConfigError, match=str(path)):
            load_settings(path)


def test_settings_cannot_be_changed_in_place() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        Settings().train.epochs = 3  # type: ignore[misc]


def test_values_from_elsewhere_are_checked_like_those_of_the_file() -> None:
    assert with_values(Settings(), {"run.seed": 5}).run.seed == 5
    with pytest.raises(ConfigError, match=r"command line: run\.sede = 5: no such setting"):
        with_values(Settings(), {"run.sede": 5}, source="command line")
    with pytest.raises(ConfigError, match="seed"):
        with_values(Settings(), {"seed": 5})


@given(any_settings)
def test_settings_survive_the_store(settings: Settings) -> None:
    assert check_settings(settings.model_dump(mode="json"), "run 1") == settings


@given(any_settings)
def test_what_changed_is_what_differs_from_the_defaults(settings: Settings) -> None:
    changed = settings_changed(settings.model_dump(mode="json"))
    assert with_values(Settings(), {one.key: one.value for one in changed}) == settings
    assert all(one.value != one.default for one in changed)


def test_a_setting_that_is_unknown_today_is_told_and_no_error() -> None:
    (change,) = settings_changed({"train": {"momentum": 0.9}})
    assert (change.key, change.value, change.default) == ("train.momentum", 0.9, None)


NO_PART = (
    "review.wait",
    "run.name",
    "student.device",
    "student.threads",
    "train.checkpoint_every_s",
    *(
        f"experts.{name}"
        for name in (
            "concurrency",
            "timeout_s",
            "tries",
            "offline",
            "budget_tokens",
            "budget_cost",
            "prices",
            "hand_over",
            "gpu_layers",
        )
    ),
)


@given(st.sampled_from(sorted(FIELDS.keys() - {"task.name"})), st.data())
def test_the_hash_tells_experiments_apart_but_not_their_name_or_machine(
    key: str, data: st.DataObject
) -> None:
    start = with_values(Settings(), {"collect.target": 50, "collect.minimum": 0})
    value = data.draw(any_value(key, FIELDS[key]))
    try:
        other = with_values(start, {key: value})
    except ConfigError:
        return  # a minimum out of reach, or what makes no sense with the embedded student
    same = other == start or key in NO_PART
    assert (settings_hash(other) == settings_hash(start)) == same


def test_presets_are_allowed_settings() -> None:
    assert demo_settings().run.name == "demo"
    paper = paper_settings()
    assert (paper.train.normalise, paper.train.question_weight) == ("tokens", 1.0)


def test_the_light_modules_load_neither_the_training_stack_nor_the_app() -> None:
    names = "config project process report report_formats doctor statistics"
    code = (
        f"import sys, {', '.join(f'engine.{name}' for name in names.split())}\n"
        "heavy = {'torch', 'transformers', 'numpy', 'textual', 'scipy', 'peft', 'bitsandbytes'}\n"
        "sys.exit(', '.join(heavy & set(sys.modules)) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
