"""A dataset: what was trained on, with its weights, as it stands after review."""

from dataclasses import replace
from pathlib import Path

import pytest
from engines import Finished, small_project
from exports import lines, written
from reviewing import TASK, Collected, collected

from db.records import Example, ExampleKind, Segment
from db.review_records import ReviewChange, ReviewKind
from db.store import Store
from engine.errors import ProjectError
from engine.export.dataset import (
    EXAMPLES,
    MESSAGES,
    PROMPTS,
    TRAJECTORIES,
    write_dataset,
)
from engine.export.formats import ExportFormat
from engine.postprocess import Weights, split_into_turns
from engine.review import edited_update
from engine.trajectory import parse

FILES = (EXAMPLES, PROMPTS, MESSAGES, TRAJECTORIES)


def test_it_has_the_examples_of_the_run_with_their_weights(
    finished: Finished, tmp_path: Path
) -> None:
    found = written(finished.project, tmp_path / "out", ExportFormat.DATASET, iteration=2)
    rows = lines(found.folder / EXAMPLES)
    with Store.read(finished.project.db_path) as store:
        kept = store.examples(1, 2, selected=True)
        items = {each.id: each for each in store.items("multistep_arithmetic")}
    assert len(rows) == len(kept) > 0
    for row, example in zip(rows, kept, strict=True):
        segments = tuple((part["text"], part["weight"]) for part in row["segments"])
        assert segments == example.segments
        assert row["text"] == "".join(text for text, _ in example.segments)
        assert (row["kind"], row["iteration"], row["item"]) == (example.kind, 2, example.item_id)
        item = items[example.item_id]
        assert (row["question"], row["answer"]) == (item.question, item.answer)
        assert [part["part"] for part in row["segments"]][:2] == ["question", "attempt"]
        assert row["segments"][0]["author"] is None


def test_who_wrote_each_part_is_told(finished: Finished, tmp_path: Path) -> None:
    found = written(finished.project, tmp_path / "o", ExportFormat.DATASET, all_iterations=True)
    rows = lines(found.folder / EXAMPLES)
    improving = [row for row in rows if row["kind"] == "improving"]
    authors = {(part["part"], part["author"]) for row in improving for part in row["segments"][1:3]}
    assert authors <= {("attempt", "student"), ("feedback", "script"), ("attempt", "script")}
    assert ("attempt", "student") in authors
    gold = [row for row in rows if row["kind"] == "ground_truth"]
    assert {row["segments"][1]["author"] for row in gold} == {"gold"}
    assert {row["trajectory"] for row in gold} == {None}


def test_other_trainers_get_prompts_and_chats(finished: Finished, tmp_path: Path) -> None:
    found = written(finished.project, tmp_path / "out", ExportFormat.DATASET)
    texts = [row["text"] for row in lines(found.folder / EXAMPLES)]
    pairs = lines(found.folder / PROMPTS)
    assert [row["prompt"] + row["completion"] for row in pairs] == texts
    assert all(row["prompt"].endswith("first.\n") and row["completion"] for row in pairs)
    chats = [row["messages"] for row in lines(found.folder / MESSAGES)]
    assert [[message["role"] for message in chat] for chat in chats] == [
        ["user", "assistant"]
    ] * len(texts)
    rebuilt = [f"Q: {chat[0]['content']}\n{chat[1]['content']}" for chat in chats]
    assert rebuilt == texts


def test_the_same_run_gives_the_same_files(finished: Finished, tmp_path: Path) -> None:
    first, second = (
        written(finished.project, tmp_path / name / "out", ExportFormat.DATASET)
        for name in ("a", "b")
    )
    for name in (*FILES, "tripost-export.json"):
        left, right = ((each.folder / name).read_bytes() for each in (first, second))
        if name in FILES:
            assert left == right
    assert first.provenance == second.provenance


def test_all_iterations_are_one_after_the_other(finished: Finished, tmp_path: Path) -> None:
    whole = written(finished.project, tmp_path / "all", ExportFormat.DATASET, all_iterations=True)
    rows = lines(whole.folder / EXAMPLES)
    numbers = [row["iteration"] for row in rows]
    assert numbers == sorted(numbers)
    assert set(numbers) == {1, 2}
    assert whole.provenance.iterations == (1, 2)
    assert f"{len(rows)} examples" in whole.provenance.what


def test_a_run_that_has_selected_nothing_has_no_dataset(tmp_path: Path) -> None:
    empty = small_project(tmp_path / "p", tmp_path)
    with pytest.raises(ProjectError, match="no iteration has been trained"):
        written(empty, tmp_path / "out", ExportFormat.DATASET)
    assert not (tmp_path / "out").exists()


# --- review ------------------------------------------------------------------------------------


@pytest.fixture
def reviewed(tmp_path: Path) -> Collected:
    """Trajectories of which one was edited and one rejected before examples were made."""
    return collected(tmp_path / "db", 3)


def drafts(found: Collected) -> list[Example]:
    """Examples as stage 2 makes them."""
    made = []
    reviews = found.store.review_states(found.run_id, 1)
    for row in found.rows:
        state = reviews.get(row.id)
        if state is not None and state.status == "rejected":
            continue
        trajectory = parse((state and state.edited) or row.text, TASK.hint)
        assert trajectory is not None
        weights = Weights(change=4.0)
        for draft in split_into_turns(trajectory, TASK.hint, weights, row.item_id, row.id):
            made.append(
                Example(
                    run_id=found.run_id,
                    iteration=1,
                    item_id=row.item_id,
                    kind=draft.kind,
                    segments=draft.segments,
                    text_hash=draft.text_hash,
                    selected=True,
                    trajectory_id=row.id,
                    position=len(made),
                )
            )
    return made


def test_edited_and_rejected_trajectories_say_so(reviewed: Collected, tmp_path: Path) -> None:
    store, run_id = reviewed.store, reviewed.run_id
    edited_row, rejected_row, _ = reviewed.rows
    item = store.item(edited_row.item_id)
    mine = TASK.rationale(item.question).text.replace("This equation", "Here the equation")
    change, _ = edited_update(TASK, item, edited_row, mine)
    store.review_step(run_id, [change])
    store.review_step(run_id, [ReviewChange(trajectory_id=rejected_row.id, kind=ReviewKind.REJECT)])
    store.add_examples(drafts(reviewed))
    folder = tmp_path / "out"
    folder.mkdir()
    counts = write_dataset(store, run_id, [1], TASK.hint, folder)
    assert (counts.trajectories, counts.rejected, counts.edited) == (3, 1, 1)
    examples = lines(folder / EXAMPLES)
    assert rejected_row.id not in {row["trajectory"] for row in examples}
    by_person = [row for row in examples if row["trajectory"] == edited_row.id]
    assert by_person
    assert all(row["review"]["edited"] for row in by_person)
    written_parts = {
        (part["part"], part["author"]) for row in by_person for part in row["segments"]
    }
    assert ("update", "person") in written_parts
    trajectories = {row["trajectory"]: row for row in lines(folder / TRAJECTORIES)}
    assert trajectories[rejected_row.id]["review"]["status"] == "rejected"
    assert trajectories[edited_row.id]["text_as_collected"] == edited_row.text
    assert "Here the equation" in trajectories[edited_row.id]["text"]
    assert "person" in {turn["author"] for turn in trajectories[edited_row.id]["turns"]}


def test_weights_of_characters_cover_the_text(reviewed: Collected, tmp_path: Path) -> None:
    reviewed.store.add_examples(drafts(reviewed))
    folder = tmp_path / "out"
    folder.mkdir()
    write_dataset(reviewed.store, reviewed.run_id, [1], TASK.hint, folder)
    parts = [part for row in lines(folder / EXAMPLES) for part in row["segments"] if "runs" in part]
    assert parts
    for part in parts:
        assert sum(length for length, _ in part["runs"]) == len(part["text"])
        assert {weight for _, weight in part["runs"]} <= {1.5, 6.0}


@pytest.mark.parametrize("text", ["\x1b[31m\x9b1m", "\u2028\u202e", "[/x]\r\n", "é\u0301日本"])
def test_hostile_text_stays_on_its_line(text: str, reviewed: Collected, tmp_path: Path) -> None:
    row = reviewed.rows[0]
    segments: tuple[Segment, ...] = ((f"Q: {text}\nAnswer:", 0.0), (text, 1.0))
    example = replace(
        drafts(reviewed)[0], segments=segments, kind=ExampleKind.NON_IMPROVING, text_hash=text
    )
    reviewed.store.add_examples([example])
    folder = tmp_path / "out"
    folder.mkdir()
    write_dataset(reviewed.store, reviewed.run_id, [1], TASK.hint, folder)
    raw = (folder / EXAMPLES).read_bytes()
    assert raw.count(b"\n") == 1
    assert not any(byte < 32 and byte != 10 for byte in raw)
    (found,) = lines(folder / EXAMPLES)
    assert found["text"] == f"Q: {text}\nAnswer:{text}"
    assert found["segments"][1]["part"] == "answer"
    assert found["trajectory"] == row.id
