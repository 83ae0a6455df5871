"""The form of a new project, without Textual."""

import pytest

from engine.config import Settings, demo_settings, paper_settings
from engine.errors import ConfigError, SettingProblem
from tripost_tui.found_experts import SCRIPTS, FoundExpert, FoundExperts
from tripost_tui.preflight import Finding, Grade, Subject
from tripost_tui.state import new_project
from tripost_tui.state.new_project import Field, NewProject, Source
from tripost_tui.wish import Preset, settings_as_wished


def filled(**values: str) -> NewProject:
    state = NewProject()
    for name, text in values.items():
        state.set(Field(name), text)
    return state


def test_an_empty_form_is_the_default_settings() -> None:
    state = NewProject()
    assert settings_as_wished(state.wish()) == Settings()
    assert state.value(Field.TASK) == "multistep_arithmetic"
    assert state.value(Field.STUDENT) == "embedded"
    assert state.value(Field.FEEDBACK) == "script"
    assert (state.value(Field.ITERATIONS), state.value(Field.SEED)) == ("3", "1")
    assert {state.source(field) for field in Field} == {Source.DEFAULT}
    assert state.first_wrong() is None


def test_what_is_typed_counts_and_says_whose_it_is() -> None:
    state = filled(seed="7", student="Qwen/Qwen3-0.6B")
    assert state.source(Field.SEED) is Source.YOURS
    assert state.source(Field.ITERATIONS) is Source.DEFAULT
    settings = settings_as_wished(state.wish())
    assert (settings.run.seed, settings.student.path) == (7, "Qwen/Qwen3-0.6B")


def test_an_emptied_field_has_its_value_back() -> None:
    state = filled(seed="7")
    assert state.set(Field.SEED, "")
    assert state.value(Field.SEED) == "1"
    assert state.source(Field.SEED) is Source.DEFAULT
    assert not state.set(Field.SEED, "")


@pytest.mark.parametrize("blank", [" ", "   "])
def test_blanks_alone_are_no_value(blank: str) -> None:
    state = filled(student=blank)
    assert state.value(Field.STUDENT) == "embedded"
    assert state.wish().values == {}


def test_presets_begin_the_values() -> None:
    demo = settings_as_wished(filled(preset="demo").wish())
    assert demo.train == demo_settings().train
    assert demo.run.name == ""
    assert settings_as_wished(filled(preset="Paper").wish()) == paper_settings()
    assert filled(preset="paper").preset is Preset.PAPER


def test_the_demo_of_another_task_has_its_difficulties() -> None:
    wish = filled(preset="demo", task="word_sorting").wish()
    assert settings_as_wished(wish).task == demo_settings("word_sorting").task


def test_the_demo_of_a_task_of_ones_own_has_no_other_tasks_difficulties() -> None:
    settings = settings_as_wished(filled(preset="demo", task="./mine").wish())
    assert (settings.task.name, settings.task.seen, settings.task.unseen) == ("./mine", (), ())


def test_what_a_preset_sets_elsewhere_is_told() -> None:
    assert NewProject().preset_lines() == []
    lines = filled(preset="paper").preset_lines()
    assert 'student.adapter = "full" (default "auto")' in lines
    assert not any(line.startswith("run.iterations") for line in lines)


def test_several_experts_are_a_chain() -> None:
    state = filled(feedback="ollama:qwen3:8b, script", improve="gguf:/a,b.gguf")
    experts = settings_as_wished(state.wish()).experts
    assert experts.feedback == ("ollama:qwen3:8b", "script")
    assert experts.improve == ("gguf:/a,b.gguf",)
    assert state.value(Field.FEEDBACK) == "ollama:qwen3:8b, script"


@pytest.mark.parametrize(
    ("field", "text", "allowed"),
    [
        ("iterations", "0", "a whole number from 1 to 100"),
        ("iterations", "many", "a whole number from 1 to 100"),
        ("iterations", "1.5", "a whole number"),
        ("iterations", "9" * 5000, "a whole number"),
        ("seed", "-1", "a whole number from 0"),
        ("task", "sorting", "or the path of a folder with a task.toml"),
        ("feedback", "qwen3", '"script" or ollama:MODEL'),
        ("feedback", "script, script", "nobody comes twice"),
        ("improve", "openai:", "ollama:MODEL"),
        ("preset", "tiny", "one of default, demo, paper"),
        ("student", "x" * 5000, "at most 4096 long"),
    ],
)
def test_what_is_wrong_is_told_at_its_field(field: str, text: str, allowed: str) -> None:
    state = filled(**{field: text})
    assert state.first_wrong() is Field(field)
    assert allowed in state.problems[Field(field)]
    assert state.set(Field(field), "")
    assert state.problems == {}


def test_several_wrong_fields_are_all_told_the_first_first() -> None:
    state = filled(seed="x", task="y")
    assert set(state.problems) == {Field.SEED, Field.TASK}
    assert state.first_wrong() is Field.TASK


def test_what_is_wrong_with_a_setting_without_a_field_is_told_beside_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refuse(_: object) -> None:
        raise ConfigError("wrong", problems=[SettingProblem("train.epochs", "0", "from 1")])

    monkeypatch.setattr(new_project, "settings_as_wished", refuse)
    state = filled(seed="2")
    assert state.problem == "train.epochs = 0: must be from 1"
    assert state.first_wrong() is None


def test_controls_in_what_is_pasted_are_dropped() -> None:
    state = filled(folder="a\x1b[31mb\x00\u202ec")
    assert state.value(Field.FOLDER) == "a[31mb⟨U+202E⟩c"


def test_choices_go_round() -> None:
    state = NewProject()
    assert state.choose_next(Field.PRESET) == "demo"
    assert state.choose_next(Field.PRESET) == "paper"
    assert state.choose_next(Field.PRESET) == "default"
    assert state.choose_next(Field.SEED) is None
    state.set(Field.TASK, "./mine")
    assert state.choose_next(Field.TASK) == "multistep_arithmetic"


def test_experts_can_be_chosen_when_they_are_found() -> None:
    state = NewProject()
    assert [choice.value for choice in state.choices(Field.FEEDBACK)] == ["script"]
    assert "Looking" in state.note_on_choices(Field.FEEDBACK)
    state.experts = FoundExperts((SCRIPTS, FoundExpert("ollama:m", "")), "no server")
    assert [choice.value for choice in state.choices(Field.IMPROVE)] == ["script", "ollama:m"]
    assert state.note_on_choices(Field.IMPROVE) == "no server"
    assert state.note_on_choices(Field.TASK) == ""


def test_every_choice_is_a_value_that_is_allowed() -> None:
    for field in (Field.TASK, Field.STUDENT, Field.PRESET, Field.FEEDBACK):
        for choice in NewProject().choices(field):
            state = filled(**{field: choice.value})
            assert state.problems == {}, choice


def finding(subject: Subject, grade: Grade = Grade.OK) -> Finding:
    return Finding(subject, grade, "found")


def test_findings_replace_those_of_the_look_before() -> None:
    state = NewProject()
    first = state.begin_look()
    state.take(first, finding(Subject.DISK, Grade.FAILED))
    assert [one.subject for one in state.failed] == [Subject.DISK]
    second = state.begin_look()
    assert state.failed == []
    assert state.summary() == "looking"
    state.take(first, finding(Subject.DISK, Grade.FAILED))
    state.end_look(first)
    assert Subject.DISK in state.pending
    for subject in Subject:
        state.take(second, finding(subject))
    assert state.pending == set()
    assert state.summary() == "all fine"


@pytest.mark.parametrize(
    ("grades", "summary"),
    [
        ([Grade.FAILED, Grade.WARNING], "1 failed, 1 warning"),
        ([Grade.WARNING, Grade.WARNING], "2 warnings"),
        ([Grade.OK, Grade.UNKNOWN], "some not known"),
        ([Grade.OK, Grade.OK], "all fine"),
    ],
)
def test_the_preflight_is_summed_up(grades: list[Grade], summary: str) -> None:
    state = NewProject()
    look = state.begin_look()
    for subject, grade in zip(Subject, grades, strict=False):
        state.take(look, finding(subject, grade))
    state.end_look(look)
    assert state.summary() == summary


def test_what_matters_most_comes_first_and_stays_there_while_it_is_looked_at_again() -> None:
    state = NewProject()
    assert state.ordered() == list(Subject)
    look = state.begin_look()
    for subject, grade in ((Subject.TASK, Grade.WARNING), (Subject.RAM, Grade.FAILED)):
        state.take(look, finding(subject, grade))
    assert state.ordered()[:3] == [Subject.RAM, Subject.TASK, Subject.FOLDER]
    state.begin_look()
    assert state.ordered()[:3] == [Subject.RAM, Subject.TASK, Subject.FOLDER]
