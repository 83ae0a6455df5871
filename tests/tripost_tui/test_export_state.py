"""The export screen, without Textual."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from engine.export.formats import ExportFormat
from engine.export.offers import DELETED, FULL_WEIGHTS, Offer
from engine.export.provenance import Export, Provenance
from engine.export.survey import Survey
from engine.statistics import Share
from engine.trained import TrainedIteration
from tripost_tui.exporter import ExportReading, TargetFacts, Wanted, WorkView
from tripost_tui.state.export import ExportState
from tripost_tui.state.run import Trouble

MB = 1_000_000
OFFERS = (
    Offer(ExportFormat.ADAPTER, why_not=FULL_WEIGHTS),
    Offer(ExportFormat.MERGED, 300 * MB, note="bf16", needed_bytes=300 * MB),
    Offer(ExportFormat.GGUF, 300 * MB, note="bf16", needed_bytes=600 * MB),
    Offer(ExportFormat.OLLAMA, 300 * MB, note="bf16", needed_bytes=600 * MB),
    Offer(ExportFormat.DATASET, 2 * MB, note="28 examples", needed_bytes=2 * MB),
)
ITERATIONS = (
    TrainedIteration(1, Path("/p/1"), Share(30, 40), 5 * MB),
    TrainedIteration(2, Path("/p/2"), Share(25, 40), 5 * MB),
    TrainedIteration(3, Path("/p/3"), None, None),
)
FREE = TargetFacts(Path("/p/exports/x"), free_bytes=10_000 * MB)


GGUF = ExportFormat.GGUF


def an_export(folder: str = "x", format_: ExportFormat = GGUF, **more: object) -> Export:
    values = {
        "format": format_,
        "project": "p",
        "run": 1,
        "iterations": (1,),
        "student": "s",
        "base": "b",
        "task": "t",
        "what": "a thing",
        "name": "p-i1",
    }
    said = Provenance(**{**values, **more})  # type: ignore[arg-type]
    return Export(Path("/p/exports") / folder, said, [("student.gguf", 3 * MB)], 100.0)


def survey(
    *,
    offers: Sequence[Offer] = OFFERS,
    iterations: Sequence[TrainedIteration] = ITERATIONS,
    exports: Sequence[Export] = (),
    chosen: int | None = 1,
    ollama: str | None = "/bin/ollama",
) -> Survey:
    return Survey(
        project="p",
        run_id=1,
        iterations=iterations,
        chosen=chosen,
        default=1 if iterations else None,
        why="best on the test",
        gone="weights deleted",
        offers=offers,
        exports=exports,
        free_bytes=10_000 * MB,
        converter=None,
        ollama=ollama,
    )


def work(number: int = 1, *, running: bool = True, **more: object) -> WorkView:
    return WorkView(number, "gguf, iteration 1", "writing", 0.0, running=running, **more)  # type: ignore[arg-type]


def read(
    state: ExportState,
    found: Survey | None = None,
    target: TargetFacts | None = FREE,
    at_work: WorkView | None = None,
) -> WorkView | None:
    """What is read is about what is chosen now."""
    return state.apply(ExportReading(state.wanted, found or survey(), target, at_work))


@pytest.fixture
def state() -> ExportState:
    made = ExportState()
    read(made)
    read(made)
    return made


def test_the_first_format_that_is_possible_is_chosen(state: ExportState) -> None:
    assert state.wanted.format is ExportFormat.MERGED
    assert state.why_no_export() is None
    assert [row.format for row in state.format_rows() if row.chosen] == [ExportFormat.MERGED]
    assert state.format_rows()[0].why_not == FULL_WEIGHTS


def test_what_cannot_be_had_stays_and_says_why(state: ExportState) -> None:
    state.move(-1)
    read(state)
    assert state.wanted.format is ExportFormat.ADAPTER
    assert state.why_no_export() == "All weights were trained: there is no adapter."
    state.move(-1)
    assert state.wanted.format is ExportFormat.ADAPTER
    state.move(99)
    assert state.wanted.format is ExportFormat.DATASET


def test_each_iteration_says_how_good_it_is_and_which_is_the_default(state: ExportState) -> None:
    told = [(row.chosen, row.accuracy, row.note) for row in state.iteration_rows()]
    assert told == [
        (True, "75.0% of 40 right", "best on the test"),
        (False, "62.5% of 40 right", ""),
        (False, "not evaluated", "weights deleted"),
    ]


def test_where_all_weights_are_deleted_the_list_says_so_once(state: ExportState) -> None:
    assert state.reading is not None
    survey = state.reading.survey
    gone = [replace(one, weights_bytes=None) for one in survey.iterations]
    told = replace(survey, iterations=gone, why="the last; its weights have been deleted")
    state.reading = replace(state.reading, survey=told)
    assert {row.note for row in state.iteration_rows()} == {"weights deleted"}


def test_iterations_come_one_after_the_other(state: ExportState) -> None:
    seen = []
    for _ in range(4):
        seen.append(state.iteration)
        assert state.next_iteration() is None
    assert seen == [1, 2, 3, 1]
    alone = ExportState()
    read(alone, survey(iterations=ITERATIONS[:1]))
    assert alone.next_iteration() == "There is no other iteration."


def test_until_it_is_looked_at_nothing_is_claimed(state: ExportState) -> None:
    state.next_iteration()
    assert {row.size for row in state.format_rows()} == {"…"}
    assert "looked at" in (state.why_no_export() or "")
    assert state.target is None
    read(state, survey(chosen=2))
    assert state.format_rows()[1].size == "~300 MB"
    assert state.why_no_export() is None
    assert state.order().iteration == 2


def test_another_format_has_a_place_of_its_own(state: ExportState) -> None:
    state.set_folder("mine")
    assert state.wanted.folder == "mine"
    state.move(1)
    assert state.wanted.folder == ""


def test_numbers_go_round(state: ExportState) -> None:
    seen = []
    for _ in range(5):
        seen.append(state.wanted.precision)
        state.next_precision()
    assert seen == [None, "bf16", "fp16", "fp32", None]


def test_all_iterations_are_for_a_dataset_alone(state: ExportState) -> None:
    state.toggle_all()
    read(state)
    assert not state.order().all_iterations
    state.move(99)
    read(state)
    assert state.order().all_iterations
    assert ("of", "all iterations") in state.order_lines()


@pytest.mark.parametrize(
    ("target", "why"),
    [
        (replace(FREE, wrong="/etc cannot be written"), "cannot be written: f names another"),
        (replace(FREE, taken=True), "is no export: f names another"),
        (replace(FREE, free_bytes=200 * MB), "300 MB, and 200 MB are free"),
        (replace(FREE, taken=True, replaceable=True), None),
        (replace(FREE, free_bytes=None), None),
    ],
)
def test_where_it_cannot_go(state: ExportState, target: TargetFacts, why: str | None) -> None:
    read(state, target=target)
    found = state.why_no_export()
    assert (found is None) if why is None else (why in (found or ""))


def test_what_is_there_for_a_while_counts_too(state: ExportState) -> None:
    state.move(1)
    read(state, target=replace(FREE, free_bytes=500 * MB))
    assert "600 MB" in (state.why_no_export() or "")


def test_nothing_trained_and_nothing_read() -> None:
    state = ExportState()
    assert "looked at" in (state.why_no_export() or "")
    assert state.iteration_rows() == []
    assert state.empty_text() == ""
    read(state, survey(iterations=(), offers=(), chosen=None), None)
    assert state.why_no_export() == "Nothing has been trained yet."
    assert "g r" in state.empty_text()
    state.fail(Trouble("Gone", "It is gone."))
    assert state.why_no_export() == "The project cannot be read."
    assert not state.situation().readable


def test_deleted_weights_leave_the_dataset() -> None:
    state = ExportState()
    gone = [Offer(each, why_not=DELETED) for each in list(ExportFormat)[:-1]]
    read(state, survey(offers=[*gone, OFFERS[-1]]))
    assert state.wanted.format is ExportFormat.DATASET
    read(state)
    assert state.why_no_export() is None


# --- work ----------------------------------------------------------------------------------


def test_work_is_shown_until_it_ends_and_then_what_came_of_it(state: ExportState) -> None:
    assert read(state, at_work=work(done_bytes=100, expected_bytes=400)) is None
    assert state.work_lines() == ("writing", "100 B of about 400 B", 0.25)
    assert "under way" in (state.why_no_export() or "")
    made = an_export()
    ended = work(running=False, export=made)
    assert read(state, survey(exports=[made]), at_work=ended) is ended
    assert state.shown is made
    assert state.ended is ended
    assert read(state, survey(exports=[made]), at_work=ended) is None


def test_work_too_quick_to_be_seen_is_told_all_the_same(state: ExportState) -> None:
    read(state, at_work=work(1, running=False))
    assert read(state, at_work=work(2, running=False)) is not None


def test_what_ended_before_one_looked_is_shown_and_not_announced() -> None:
    state = ExportState()
    assert read(state, at_work=work(running=False, cancelled=True)) is None
    assert state.ended is not None


def test_more_than_expected_is_not_more_than_all(state: ExportState) -> None:
    read(state, at_work=work(done_bytes=500, expected_bytes=400))
    assert state.work_lines()[2] == 1.0
    read(state, at_work=work(done_bytes=500, cancelling=True))
    assert state.work_lines() == ("cancelling", "", None)


# --- what is there -------------------------------------------------------------------------


def test_the_newest_export_is_shown_and_others_on_demand(state: ExportState) -> None:
    exports = [an_export("new"), an_export("old")]
    read(state, survey(exports=exports))
    assert state.shown is exports[0]
    state.next_command()
    assert state.command == 1
    state.next_export()
    assert state.shown is exports[1]
    assert state.command == 0
    assert [shown for shown, _, _ in state.earlier_lines(200.0)] == [False, True]
    state.next_export()
    assert state.shown is exports[0]


def test_commands_go_round_and_the_marked_one_is_copied(state: ExportState) -> None:
    assert state.command_text() == ""
    assert state.why_no_command() == "There is no export yet to use."
    read(state, survey(exports=[an_export()]))
    first = state.command_text()
    assert first.startswith("llama-completion -m /p/exports/x/student.gguf")
    state.next_command()
    assert state.command_text() == "llama-server -m /p/exports/x/student.gguf"
    state.next_command()
    assert state.command_text() == first
    assert first in state.all_commands()


@pytest.mark.parametrize(
    ("export", "ollama", "why"),
    [
        (an_export(), "/bin/ollama", "for an export with a Modelfile"),
        (an_export(format_=ExportFormat.OLLAMA), "/bin/ollama", None),
        (an_export(format_=ExportFormat.OLLAMA), None, "not on PATH"),
        (an_export(format_=ExportFormat.OLLAMA, to_convert=True), "/bin/ollama", "to be made"),
    ],
)
def test_when_ollama_can_take_it_up(
    state: ExportState, export: Export, ollama: str | None, why: str | None
) -> None:
    read(state, survey(exports=[export], ollama=ollama))
    found = state.why_no_ollama()
    assert (found is None) if why is None else (why in (found or ""))
    assert state.situation().no_ollama == found


def test_hostile_texts_are_clean_lines(state: ExportState) -> None:
    nasty = "[/x]\x1b[2J\u202e\n" * 50
    offers = (Offer(ExportFormat.ADAPTER, why_not=nasty), *OFFERS[1:])
    made = an_export("a\x1b\nb", what=nasty, name=nasty)
    read(state, survey(offers=offers, exports=[replace(made, files=[(nasty, 1)])]))
    shown = [
        *(row.why_not for row in state.format_rows()),
        *state.shown_lines(),
        *(name for _, name in state.file_lines()),
        *(name for _, name, _ in state.earlier_lines(0.0)),
    ]
    for text in shown:
        assert text.isprintable() or text == ""
        assert "\u202e" not in text


def test_wanted_is_what_a_reader_compares() -> None:
    assert Wanted() == Wanted()
    assert Wanted(folder="x") != Wanted()
