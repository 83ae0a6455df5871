"""A study's file: what it may say, which runs it makes, what they share."""

from pathlib import Path

import pytest
from studies import HEAD, SMALL, runs_of, study_of

from engine.errors import ConfigError
from engine.study.plan import Arm, reference_arm

AXES = '[axes]\ntask = "multistep_arithmetic"\nmethod = ["tripost", "lmsi"]\nseed = [1, 2]\n'


def test_axes_are_crossed_and_references_come_first(tmp_path: Path) -> None:
    names = [run.name for run in runs_of(tmp_path)]
    assert names == [
        "multistep_arithmetic-tripost-seed1",
        "multistep_arithmetic-tripost-seed2",
        "multistep_arithmetic-tripost-seed1-p0.2",
        "multistep_arithmetic-tripost-seed1-p0.7",
        "multistep_arithmetic-continued_rationale-seed1",
        "multistep_arithmetic-continued_rationale-seed2",
    ]


def test_what_is_shared_and_waited_for(tmp_path: Path) -> None:
    runs = {run.name.removeprefix("multistep_arithmetic-"): run for run in runs_of(tmp_path)}
    first = "multistep_arithmetic-tripost-seed1"
    assert runs["tripost-seed1"].waits_for == ()
    # Questions of its own: another test, another start.
    assert runs["tripost-seed2"].waits_for == ()
    swept = runs["tripost-seed1-p0.2"]
    assert (swept.start_of, swept.collect_of, swept.budget_of) == (first, first, None)
    other = runs["continued_rationale-seed1"]
    assert (other.start_of, other.collect_of, other.budget_of) == (first, None, first)
    assert swept.settings.postprocess.ratio == pytest.approx(0.5)


def test_a_common_test_makes_the_start_common_to_all_seeds(tmp_path: Path) -> None:
    runs = runs_of(tmp_path, SMALL.replace("items = 12", "items = 12\nseed = 7"))
    assert {run.settings.task.seed for run in runs} == {7}
    assert [run.start_of for run in runs] == [None] + [runs[0].name] * 5
    # Seeds sample differently all the same.
    assert runs[1].collect_of is None


@pytest.mark.parametrize(
    ("settings", "shares"),
    [
        ('"train.weight" = 1.0', True),
        ('"postprocess.ratio" = -1.0', True),
        ('"run.iterations" = 3', True),
        ('"collect.temperature" = 1.2', False),
        ('"collect.keep_failed" = true', False),
        ('"student.lora_rank" = 2', False),
    ],
)
def test_a_collection_is_shared_where_nothing_before_it_differs(
    tmp_path: Path, settings: str, shares: bool
) -> None:
    text = f'{HEAD}{AXES}[[run]]\nname = "other"\nseed = 1\nsettings = {{ {settings} }}\n'
    run = next(run for run in runs_of(tmp_path, text) if run.name.endswith("other"))
    assert (run.collect_of is not None) == shares


def test_the_same_settings_are_one_run_in_two_tables(tmp_path: Path) -> None:
    text = f"{HEAD}{AXES}[[run]]\nw = [1.5, 3]\nseed = 1\n"
    runs = runs_of(tmp_path, text)
    assert len(runs) == 5
    assert runs[0].arms == (Arm("methods", "tripost"), Arm("w sweep", "tripost, w = 1.5", 1.5))


def test_exclusions(tmp_path: Path) -> None:
    runs = runs_of(tmp_path, f'{HEAD}{AXES}[[exclude]]\nmethod = "lmsi"\nseed = 2\n')
    assert [(run.method, run.seed) for run in runs] == [
        ("tripost", 1),
        ("tripost", 2),
        ("lmsi", 1),
    ]


def test_overlays_go_from_the_general_to_the_particular(tmp_path: Path) -> None:
    text = (
        f"{HEAD}{AXES}[task.multistep_arithmetic]\ncollect.temperature = 0.5\n"
        "[method.lmsi]\ncollect.temperature = 1.3\n"
    )
    found = {run.method: run.settings.collect.temperature for run in runs_of(tmp_path, text)}
    assert found == {"tripost": 0.5, "lmsi": 1.3}


def test_paths_are_from_the_file_on_and_names_stay_apart(tmp_path: Path) -> None:
    text = HEAD.replace("[study]", '[study]\npreset = "default"') + (
        '[axes]\ntask = ["./a/mine", "./b/mine"]\nmethod = "lmsi"\nseed = 1\n'
    )
    runs = runs_of(tmp_path, text)
    assert [run.settings.task.name for run in runs] == [
        str(tmp_path / "a/mine"),
        str(tmp_path / "b/mine"),
    ]
    assert len({run.name for run in runs}) == 2
    assert not any("/" in run.name for run in runs)


def test_the_reference_is_the_first_method_unless_named(tmp_path: Path) -> None:
    assert reference_arm(study_of(tmp_path)).label == "tripost"
    named = SMALL.replace("[study]", '[study]\nreference = "continued_rationale"').split("[budget]")
    assert reference_arm(study_of(tmp_path, named[0])).label == "continued_rationale"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("x = [", "not TOML"),
        (HEAD, "axes.task"),
        (HEAD + AXES + "[sets]\n", "sets is not known"),
        (HEAD + AXES + "[method.lmsi]\ntrain.learning_rat = 1\n", "mean train.learning_rate"),
        (HEAD + AXES + "[method.lmsi]\nrun.seed = 1\n", "the axis seed says it"),
        (HEAD + AXES + '[method.lmsi]\nreview.wait = "pending"\n', "waits for nobody"),
        (HEAD + AXES.replace("lmsi", "lsmi"), "run.method"),
        (HEAD + AXES.replace("1, 2", "1, 1"), "none of them twice"),
        (HEAD + AXES.replace("1, 2", '"a"'), "a number"),
        (HEAD + AXES + "[[run]]\np = 1.5\n", "above 0 and below 1"),
        (HEAD + AXES + '[[run]]\nsettings = { "train.weight" = 1 }\n', "a name"),
        (HEAD + AXES + '[budget]\nmethods = ["tripost"]\n', "other methods"),
        (HEAD + AXES + '[budget]\nmethods = ["lmsi"]\n[[exclude]]\nmethod = "tripost"\n', "tokens"),
        (HEAD + AXES + '[[exclude]]\ntask = "multistep_arithmetic"\n', "no run is left"),
        (HEAD + AXES + "[test.items]\n", "test"),
    ],
)
def test_what_is_wrong_is_told_with_file_and_key(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(ConfigError, match=r"study\.toml") as caught:
        runs_of(tmp_path, text)
    assert said in caught.value.message


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    from engine.study.study_file import load_study

    with pytest.raises(ConfigError, match="No such file"):
        load_study(tmp_path / "none.toml")


def test_methods_and_ablations_are_those_of_the_presets(tmp_path: Path) -> None:
    text = f'{HEAD}{AXES}[[run]]\npreset = "no_weights"\nseed = 1\n'
    runs = {(run.method, run.arms[0].label): run.settings for run in runs_of(tmp_path, text)}
    lmsi, plain = runs["lmsi", "lmsi"], runs["tripost", "no_weights"]
    assert (lmsi.collect.temperature, lmsi.collect.passes, lmsi.collect.target) == (1.2, 5, 2)
    assert (plain.train.weight, plain.train.change_factor) == (1.0, 1.0)
    assert plain.run.method == "tripost"
