"""What there is to export, told without loading anything."""

import json
from pathlib import Path
from shutil import copytree, rmtree

import pytest
from engines import Finished
from exports import written

from db.store import Store
from engine.errors import ProjectError
from engine.export.folders import PROVENANCE
from engine.export.formats import ExportFormat, Precision
from engine.export.offers import DELETED, FULL_WEIGHTS, NO_CONVERTER, RECORDED
from engine.export.survey import Survey, survey
from engine.project import RECORDING_FILE, Project
from engine.statistics import Share
from engine.trained import TrainedIteration, choose_iteration, find_trained

PAIR: tuple[Precision, Precision] = ("fp32", "bf16")


def reasons(found: Survey) -> dict[ExportFormat, str]:
    return {offer.format: offer.why_not for offer in found.offers}


@pytest.fixture
def copy(finished: Finished, tmp_path: Path) -> Project:
    """The finished run, to be changed."""
    return Project.open(copytree(finished.project.path, tmp_path / "p"))


def test_sizes_are_told_about_right(copy: Project, tmp_path: Path) -> None:
    found = survey(copy, iteration=2)
    for offer in found.offers:
        if offer.why_not:
            continue
        export = written(copy, tmp_path / offer.format, offer.format, iteration=2)
        assert offer.size_bytes is not None
        # A dataset's is told from above; the card and provenance are some kilobytes.
        most = 2.0 if offer.format is ExportFormat.DATASET else 1.05
        assert export.size_bytes / most - 10_000 < offer.size_bytes
        assert offer.size_bytes < most * export.size_bytes + 10_000
        assert offer.needed_bytes is not None
        assert offer.needed_bytes >= offer.size_bytes


def test_precision_changes_the_size(copy: Project) -> None:
    sizes = [
        survey(copy, precision=precision).offer(ExportFormat.MERGED)
        for precision in ("fp32", "bf16")
    ]
    whole, half = (offer.size_bytes for offer in sizes if offer and offer.size_bytes)
    assert 1.8 < whole / half <= 2.0


def test_all_weights_have_no_adapter_and_an_adapter_has_one(
    copy: Project, lora_run: Project
) -> None:
    assert reasons(survey(copy))[ExportFormat.ADAPTER] == FULL_WEIGHTS
    assert set(reasons(survey(lora_run)).values()) == {""}


def test_without_llama_cpp_gguf_says_what_is_missing(bytes_run: Project) -> None:
    found = survey(bytes_run)
    assert reasons(found)[ExportFormat.GGUF] == NO_CONVERTER
    assert reasons(found)[ExportFormat.OLLAMA] == ""
    offer = found.offer(ExportFormat.OLLAMA)
    assert offer is not None
    assert "the command that is missing" in offer.note


def test_the_iteration_with_most_right_answers_is_the_default(copy: Project) -> None:
    found = survey(copy)
    rights = {one.iteration: one.final.count for one in found.iterations if one.final}
    assert set(rights) == {1, 2}
    best = max(rights, key=lambda number: (rights[number], number))
    assert (found.chosen, found.default) == (best, best)
    assert found.why == "best on the test"


def one(number: int, right: int | None, n_bytes: int | None = 1) -> TrainedIteration:
    final = None if right is None else Share(right, 10)
    return TrainedIteration(number, Path(), final, n_bytes)


@pytest.mark.parametrize(
    ("iterations", "chosen"),
    [
        ([one(1, 5), one(2, 7), one(3, 6)], 2),
        ([one(1, 7), one(2, 7)], 2),
        ([one(1, 0), one(2, None)], 1),
        ([one(1, None), one(2, None)], 2),
        ([one(1, 5), one(2, 9, None)], 1),
        ([one(1, 5, None)], None),
        ([], None),
    ],
)
def test_which_iteration_is_chosen(iterations: list[TrainedIteration], chosen: int | None) -> None:
    found = choose_iteration(iterations)
    assert (found[0].iteration if found else None) == chosen


def test_a_start_that_did_better_is_named() -> None:
    iterations = [one(1, 5), one(2, 7)]
    for start, why in (
        (None, "best on the test"),
        (Share(7, 10), "best on the test"),
        (Share(8, 10), "best of these; the start had 80.0%"),
    ):
        found = choose_iteration(iterations, start)
        assert found is not None
        assert (found[0].iteration, found[1]) == (2, why)


def test_a_recording_has_no_weights_and_says_so(copy: Project) -> None:
    for iteration in (1, 2):
        rmtree(copy.checkpoints / f"run1-iteration{iteration}")
    (copy.path / RECORDING_FILE).touch()
    found = survey(copy)
    assert found.gone == "not in the recording"
    assert reasons(found)[ExportFormat.MERGED] == RECORDED
    assert found.why == "the last; its weights are no part of the recording"


def test_deleted_weights_are_told_and_the_dataset_stays(copy: Project, tmp_path: Path) -> None:
    rmtree(copy.checkpoints / "run1-iteration2")
    found = survey(copy, iteration=2)
    assert not found.iterations[1].is_here
    assert reasons(found) == {
        **dict.fromkeys(ExportFormat, DELETED),
        ExportFormat.DATASET: "",
    }
    with pytest.raises(ProjectError, match="have been deleted"):
        find_trained(copy, 2)
    assert survey(copy).chosen == 1
    written(copy, tmp_path / "out", ExportFormat.DATASET, iteration=2)
    rmtree(copy.checkpoints / "run1-iteration1")
    assert survey(copy).chosen == 2
    assert "deleted" in survey(copy).why


def test_a_base_that_is_gone_leaves_its_adapter(lora_run: Project, tmp_path: Path) -> None:
    copy = Project.open(copytree(lora_run.path, tmp_path / "p"))
    base = copytree(Path(copy.settings.student.path), tmp_path / "base")
    with Store.open(copy.db_path) as store:
        config = dict(store.run(1).config)
        config["student"] = {**config["student"], "path": str(base)}
        store._change("UPDATE runs SET config = ?", json.dumps(config))
    rmtree(base)
    found = reasons(survey(copy))
    assert found[ExportFormat.ADAPTER] == ""
    assert str(base) in found[ExportFormat.MERGED]
    export = written(copy, tmp_path / "out", ExportFormat.ADAPTER)
    assert "adapter_model.safetensors" in dict(export.files)
    assert export.provenance.prompt == ""


def test_whole_weights_need_no_base(copy: Project, tmp_path: Path) -> None:
    base = copytree(Path(copy.settings.student.path), tmp_path / "base")
    with Store.open(copy.db_path) as store:
        config = dict(store.run(1).config)
        config["student"] = {**config["student"], "path": str(base)}
        store._change("UPDATE runs SET config = ?", json.dumps(config))
    rmtree(base)
    assert reasons(survey(copy))[ExportFormat.GGUF] == ""
    export = written(copy, tmp_path / "out", ExportFormat.GGUF)
    assert dict(export.files)["student.gguf"] > 300_000
    assert export.provenance.base == str(base)


def test_exports_are_found_again(copy: Project) -> None:
    assert survey(copy).exports == []
    made = written(copy, copy.exports / "one", ExportFormat.DATASET)
    (copy.exports / "notes").mkdir()
    (found,) = survey(copy).exports
    assert found.folder == made.folder
    assert found.provenance == made.provenance
    assert dict(found.files)["examples.jsonl"] > 0


@pytest.mark.parametrize(
    "damage",
    [
        "",
        "[]",
        "{}",
        '{"format": "virus"}',
        '{"format": "gguf", "iterations": 3}',
        '{"format": "gguf", "iterations": ["x"]}',
        "[" * 100_000,
    ],
)
def test_a_provenance_that_cannot_be_read_is_no_export(copy: Project, damage: str) -> None:
    made = written(copy, copy.exports / "one", ExportFormat.DATASET)
    (made.folder / PROVENANCE).write_text(damage)
    assert survey(copy).exports == []


def test_a_provenance_with_wrong_types_is_no_export(copy: Project) -> None:
    made = written(copy, copy.exports / "one", ExportFormat.DATASET)
    path = made.folder / PROVENANCE
    said = json.loads(path.read_text())
    for name, value in (("name", 3), ("what", None), ("run", "1"), ("right", "x")):
        path.write_text(json.dumps({**said, name: value}))
        assert survey(copy).exports == []
