"""New folders of tasks: the example works, and what is written is read."""

import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from own_folders import settings_of

from db.records import Origin, Split, Subtask
from engine.editing import Editor, Kept
from engine.scripts import ScriptedFeedback, ScriptedImprove
from engine.tasks.own import OwnTask, load_folder, load_task
from engine.tasks.own.rows import Row
from engine.tasks.own.trial import try_scripts
from engine.tasks.own.writing import FolderTaken, new_folder, slug, write_folder
from engine.trajectory import Attempt, Step, Trajectory, Turn


def test_the_example_passes_its_own_check(tmp_path: Path) -> None:
    new_folder(tmp_path / "My units")
    with load_task(tmp_path / "My units") as task:
        assert task.name == "my_units"
        assert task.folder.problems == ()
        assert len(task.folder.rows) == 20
        assert try_scripts(task) == []
        for split, subtask in [(split, Subtask.SEEN) for split in Split] + [
            (Split.TEST, Subtask.UNSEEN)
        ]:
            assert task.rows(split, subtask), (split, subtask)


def test_the_example_s_checker_works_too(tmp_path: Path) -> None:
    new_folder(tmp_path / "units")
    path = tmp_path / "units" / "task.toml"
    text = path.read_text()
    numbers = 'kind = "number"\n'
    start, end = text.index(numbers), text.index("# Who judges")
    path.write_text(f'{text[:start]}kind = "python"\nscript = "checker.py"\n\n{text[end:]}')
    with load_task(tmp_path / "units") as task:
        assert task.folder.settings.answer.kind == "python"
        assert task.folder.problems == ()
        assert try_scripts(task) == []
        assert task.is_right("7,000", "7000")
        assert not task.is_right("seven", "7000")


@pytest.fixture(scope="module")
def example(tmp_path_factory: pytest.TempPathFactory) -> OwnTask:
    folder = tmp_path_factory.mktemp("example") / "units"
    new_folder(folder)
    return load_task(folder)


def planted(attempt: Attempt) -> list[Attempt]:
    """Each step wrong, missing or emptied, in turn."""
    found = []
    for index, step in enumerate(attempt.steps):
        before, after = attempt.steps[:index], attempt.steps[index + 1 :]
        found += [
            Attempt((*before, Step(step.label, text), *after))
            for text in (step.text.replace("0", "8"), step.text.replace("are", "were") + "!", "No")
            if text != step.text
        ]
        if after:
            found.append(Attempt((*before, *after)))
    return found


def test_the_example_s_scripts_correct_every_planted_error(example: OwnTask) -> None:
    editor = Editor(ScriptedFeedback(example), ScriptedImprove(example))
    with example:
        for row in example.folder.rows:
            gold = example.rationale(row.asked)
            for attempt in planted(gold):
                result = editor.edit(Trajectory(row.asked, (Turn(attempt),)))
                assert isinstance(result, Kept), result
                assert result.origin is Origin.EDITED
                assert result.trajectory.last == gold


def test_a_folder_that_is_not_empty_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(FolderTaken, match="choose another folder"):
        new_folder(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_an_empty_folder_is_taken(tmp_path: Path) -> None:
    new_folder(tmp_path, "other")
    assert load_folder(tmp_path, run_scripts=False).settings.name == "other"


@pytest.mark.parametrize(
    ("text", "name"),
    [("My units!", "my_units"), ("3 things", "task_3_things"), ("---", "task"), ("Ü", "task"),
     ("x" * 99, "x" * 40)],
)  # fmt: skip
def test_a_name_is_made_of_any_text(text: str, name: str) -> None:
    assert slug(text) == name


line = st.text(st.characters(exclude_categories=["C"]), min_size=1).map(str.strip).filter(bool)
rows = st.lists(
    st.builds(
        Row, line, line, st.none(), st.none(), st.just(()), line, st.none() | st.sampled_from(Split)
    ),
    unique_by=lambda row: row.content,
)


@settings(max_examples=20)
@given(rows, st.booleans())
def test_rows_that_are_written_are_read(written: list[Row], separate: bool) -> None:
    files = {"train": "a.jsonl", "dev": "b.jsonl", "test": "c.jsonl"}
    wanted = settings_of(data=files if separate else {"items": "sub/items.jsonl"})
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "task")
        write_folder(path, wanted, written)
        read = load_folder(path)
        assert read.settings == wanted
        assert sorted((r.asked, r.answer, r.subtask, r.its_split) for r in read.rows) == sorted(
            (r.asked, r.answer, r.subtask, r.its_split) for r in written
        )
