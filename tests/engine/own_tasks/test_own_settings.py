"""task.toml: whatever is wrong in it is named, and what is written is read."""

import tomllib
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from own_folders import settings_of

from engine.errors import ConfigError
from engine.tasks.own import check_task_settings, load_task_settings, task_toml
from engine.tasks.own.settings import ANSWER_KINDS

HEAD = 'name = "a"\ntitle = "A"\n'
DATA = '[data]\nitems = "items.jsonl"\n'


def load_text(folder: Path, text: str) -> Any:
    (folder / "task.toml").write_bytes(text.encode())
    return load_task_settings(folder)


def problems_of(folder: Path, text: str) -> dict[str, tuple[str, str]]:
    with pytest.raises(ConfigError) as caught:
        load_text(folder, text)
    for problem in caught.value.problems:
        assert f"{folder / 'task.toml'}: {problem.key} = {problem.value}" in caught.value.message
    return {problem.key: (problem.value, problem.allowed) for problem in caught.value.problems}


def test_three_lines_are_a_task(tmp_path: Path) -> None:
    settings = load_text(tmp_path, HEAD + DATA)
    assert (settings.name, settings.hint, settings.answer.kind) == ("a", "", "exact")
    assert settings.data.items == ("items.jsonl",)


@pytest.mark.parametrize(
    ("text", "key", "value", "allowed"),
    [
        ('title = "A"\n' + DATA, "name", "nothing", "at most 40 small letters"),
        (f'name = "A b"\ntitle = "A"\n{DATA}', "name", '"A b"', "at most 40 small letters"),
        (f'name = "a"\ntitle = "A\\u0007"\n{DATA}', "title", '"A\\u0007"', "one line"),
        (HEAD, "data", "nothing", "a section"),
        (HEAD + "data = 3", "data", "3", "a section"),
        (HEAD + "[data]", "data", "a section", "items alone, or train, dev and test"),
        (HEAD + DATA + 'test = "t"', "data", "a section", "items alone, or train, dev and test"),
        (HEAD + '[data]\nitems = "/etc/x"', "data.items", '"/etc/x"', "a path inside"),
        (HEAD + '[data]\ntrain = ["a", "../x"]', "data.train", '"../x"', "a path inside"),
        (HEAD + DATA + "[answer]", "answer.kind", "nothing", 'one of "exact", "number"'),
        (HEAD + DATA + '[answer]\nkind = "nmbr"', "answer.kind", '"nmbr"', 'one of "exact"'),
        (
            HEAD + DATA + '[answer]\nkind = "number"\nabsolute = -1',
            "answer.absolute",
            "-1",
            "a number from 0",
        ),
        (
            HEAD + DATA + '[answer]\nkind = "number"\nrelative = nan',
            "answer.relative",
            "nan",
            "a number from 0",
        ),
        (
            HEAD + DATA + '[answer]\nkind = "regex"\npattern = "(("',
            "answer.pattern",
            '"(("',
            "a regular expression; this is none: missing )",
        ),
        (HEAD + DATA + '[answer]\nkind = "regex"', "answer.pattern", "nothing", "a regular"),
        (HEAD + DATA + '[answer]\nkind = "python"', "answer.script", "nothing", "a file inside"),
        (HEAD + DATA + "[feedback]", "feedback.script", "nothing", "a file inside"),
        (HEAD + DATA + "[scripts]\ntimeout_s = 0", "scripts.timeout_s", "0", "a number above 0"),
        (HEAD + DATA + "[scripts]\nmemory_mb = 1.5", "scripts.memory_mb", "1.5", "a whole number"),
    ],
)
def test_what_is_wrong_is_named_with_what_is_allowed(
    tmp_path: Path, text: str, key: str, value: str, allowed: str
) -> None:
    named = problems_of(tmp_path, text)
    assert list(named) == [key]
    assert named[key][0] == value
    assert named[key][1].startswith(allowed)


def test_several_problems_are_all_listed(tmp_path: Path) -> None:
    text = 'name = "A"\nhnt = "x"\n[data]\nitems = ""\n[answer]\nkind = "exact"\nabsolute = 1'
    with pytest.raises(ConfigError) as caught:
        load_text(tmp_path, text)
    keys = {problem.key for problem in caught.value.problems}
    assert keys == {"name", "title", "hnt", "data.items", "answer.absolute"}
    assert len(caught.value.message.splitlines()) == 5
    assert 'hnt = "x": no such setting. Did you mean hint?' in caught.value.message


def test_a_setting_of_another_kind_of_answer_is_unknown(tmp_path: Path) -> None:
    text = HEAD + DATA + '[answer]\nkind = "words"\nany_ordr = true'
    with pytest.raises(ConfigError, match=r"Did you mean answer\.any_order\?"):
        load_text(tmp_path, text)


@pytest.mark.parametrize(
    ("raw", "why"),
    [
        (b"name = ", "this is not TOML"),
        (b"\xff\xfen", "byte 0 is not UTF-8"),
        (b"name = 'a'\x00", "this is not TOML"),
        (b"a = " + b"[" * 100_000, "nested too deeply"),
        (b"#" * 1_000_001, "longer than"),
    ],
)
def test_a_file_that_is_no_toml_is_refused(tmp_path: Path, raw: bytes, why: str) -> None:
    (tmp_path / "task.toml").write_bytes(raw)
    with pytest.raises(ConfigError, match=why):
        load_task_settings(tmp_path)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="No such file"):
        load_task_settings(tmp_path / "nowhere")


def test_a_byte_order_mark_and_windows_line_ends_are_no_errors(tmp_path: Path) -> None:
    (tmp_path / "task.toml").write_bytes(
        b"\xef\xbb\xbf" + (HEAD + DATA).replace("\n", "\r\n").encode()
    )
    assert load_task_settings(tmp_path).name == "a"


line = st.text(st.characters(exclude_categories=["C", "Z"]), min_size=1, max_size=20)
answers = st.one_of(
    st.just({"kind": "exact"}),
    st.fixed_dictionaries(
        {
            "kind": st.just("number"),
            "absolute": st.floats(0, 1e300),
            "units": st.sampled_from(["tolerate", "exact"]),
            "decimal_comma": st.booleans(),
        }
    ),
    st.fixed_dictionaries({"kind": st.just("choice"), "ignore_case": st.booleans()}),
    st.fixed_dictionaries({"kind": st.just("words"), "separator": st.sampled_from(["", ",", '"'])}),
    st.just({"kind": "regex", "pattern": 'is "(\\d+)"\t'}),
    st.just({"kind": "python", "script": "check/it.py"}),
)


@given(line, line, answers, st.booleans())
def test_what_is_written_is_read(title: str, hint: str, answer: Any, scripted: bool) -> None:
    script = {"script": "fbk.py"}
    more = {"feedback": script, "improve": script} if scripted else {}
    settings = settings_of(answer, title=title, hint=hint, **more)
    assert check_task_settings(tomllib.loads(task_toml(settings)), "task.toml") == settings


@pytest.mark.parametrize("kind", sorted(ANSWER_KINDS))
def test_each_setting_has_its_help_and_what_is_allowed(kind: str) -> None:
    needed = {"regex": {"pattern": "x"}, "python": {"script": "c.py"}}
    script = {"script": "s.py"}
    settings = settings_of({"kind": kind} | needed.get(kind, {}), feedback=script, improve=script)
    lines = task_toml(settings).splitlines()
    assert max(map(len, lines)) <= 100
    for before, setting in pairwise(lines):
        if " = " in setting and not setting.startswith("#"):
            assert before.startswith("#   "), setting
