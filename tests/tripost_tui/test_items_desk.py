"""Two models compared item by item at the desk, on real databases."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from evaluated import BETTER, SECOND, START, add_run, evaluate, evaluated_project

from db.records import Subtask
from db.store import Store
from engine.comparing import Crosstab, ItemOrder, Measure, Outcome
from engine.project import Project, remember_project
from tripost_tui.state.comparison_text import plain_comparison
from tripost_tui.state.item_passages import besides, plain_item, verdict
from tripost_tui.state.items_desk import ItemDesk
from tripost_tui.state.items_store import StoreItems
from tripost_tui.state.items_view import ItemsView
from tripost_tui.state.models import Model, model_choices


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return evaluated_project(tmp_path / "p")


@pytest.fixture
def desk(project: Project) -> Iterator[ItemDesk]:
    with closing(ItemDesk(StoreItems())) as desk:
        desk.compare(model(project, 0), model(project, 2))
        yield desk


def model(project: Project, iteration: int, run_id: int = 1) -> Model:
    return Model(project.path, project.name, run_id, iteration)


def questions(view: ItemsView) -> list[int]:
    """The numbers in the listed items' questions."""
    return [int(view.rows[place].question.split()[0][1:]) for place in view.places]


def test_a_comparison_has_a_table_a_test_and_a_list(desk: ItemDesk) -> None:
    view = desk.view()
    assert view.crosstab == Crosstab(both_right=5, fixed=7, broken=2, both_wrong=6)
    assert view.names == ("start", "iteration 2")
    assert view.sentence == "B against A: not distinguishable from luck (p = 0.18)"
    kinds = [view.outcome_at(place) for place in view.places]
    assert kinds == [
        *[Outcome.BROKEN] * 2,
        *[Outcome.FIXED] * 7,
        *[Outcome.BOTH_WRONG] * 6,
        *[Outcome.BOTH_RIGHT] * 5,
    ]
    assert questions(view)[:3] == [5, 6, 7]


def test_a_difference_that_is_one_is_called_so(project: Project, desk: ItemDesk) -> None:
    with Store.open(project.db_path) as store:
        add_run(store, (START, BETTER))
    desk.compare(model(project, 0, 2), model(project, 1, 2))
    assert desk.view().sentence == "B is better than A by 45.0 points, p = 0.004"
    desk.swap()
    assert desk.view().sentence == "B is worse than A by 45.0 points, p = 0.004"
    assert desk.view().names == ("iteration 1", "start")


def test_models_of_two_runs_are_compared_on_the_same_items(
    project: Project, desk: ItemDesk
) -> None:
    with Store.open(project.db_path) as store:
        add_run(store, (START, BETTER))
    desk.compare(model(project, 2, 1), model(project, 1, 2))
    view = desk.view()
    assert view.names == ("run 1, iteration 2", "run 2, iteration 1")
    assert view.crosstab.pairs == 20


def test_models_of_two_projects_are_compared_by_question(
    project: Project, desk: ItemDesk, tmp_path: Path
) -> None:
    other = evaluated_project(tmp_path / "other", (SECOND,))
    with Store.open(other.db_path) as store:
        ids = {item.question: item.id for item in store.items("multistep_arithmetic")}
    desk.compare(model(project, 0), model(other, 0))
    view = desk.view()
    assert view.crosstab == Crosstab(both_right=5, fixed=7, broken=2, both_wrong=6)
    item = view.item
    assert item is not None
    assert item.second.item_id == ids[item.question]
    assert item.second.question == item.first.question


def test_models_on_different_tests_are_not_mixed(
    project: Project, desk: ItemDesk, tmp_path: Path
) -> None:
    other = evaluated_project(tmp_path / "other", (SECOND,), offset=4)
    desk.compare(model(project, 0), model(other, 0))
    view = desk.view()
    assert "Their test items differ" in view.why_not
    assert "16 of them are the same" in view.why_not
    assert (len(view.pairs), view.item, view.at) == (0, None, -1)
    desk.compare(model(project, 0), model(project, 2))
    assert desk.view().why_not == ""


def test_filters_narrow_the_list_and_let_go_of_it(desk: ItemDesk) -> None:
    desk.choose_kind(Outcome.BROKEN)
    assert questions(desk.view()) == [5, 6]
    assert desk.view().hidden == 18
    desk.choose_kind(Outcome.BROKEN)
    assert desk.view().hidden == 0
    desk.turn_kind()
    desk.turn_kind()
    assert desk.view().kind is Outcome.FIXED
    desk.turn_subtask()
    view = desk.view()
    assert view.subtask is Subtask.SEEN
    assert questions(view) == [8, 10, 12]
    # The table is of the seen ones, whatever is listed.
    assert view.crosstab == Crosstab(both_right=3, fixed=3, broken=1, both_wrong=3)
    desk.clear()
    assert not desk.view().filtered
    assert len(desk.view().places) == 20


def test_words_are_looked_for_in_all_texts(desk: ItemDesk) -> None:
    desk.find('"9 * 9"')
    assert questions(desk.view()) == [9]
    desk.find("updated (12")
    assert questions(desk.view()) == [12]
    desk.find("100%")
    assert desk.view().places == []
    assert desk.view().item is None
    desk.find("")
    assert len(desk.view().places) == 20


def test_one_stays_at_ones_item_whatever_is_listed(desk: ItemDesk) -> None:
    desk.go(4)
    item = desk.view().item
    assert item is not None
    desk.turn_kind()
    assert desk.view().at == 0
    desk.clear()
    desk.go(4)
    desk.choose_measure(Measure.FINAL_FLEXIBLE)
    assert desk.view().item == item
    desk.choose_kind(Outcome.FIXED)
    assert desk.view().item == item
    desk.turn_order()
    assert desk.view().order is ItemOrder.TEST
    desk.move(-100)
    assert desk.view().at == 0
    desk.move(100)
    assert desk.view().at == 6


def test_the_shortest_questions_come_first(desk: ItemDesk, project: Project) -> None:
    desk.turn_order()
    desk.turn_order()
    view = desk.view()
    assert view.order is ItemOrder.SHORTEST
    lengths = [len(view.rows[place].question) for place in view.places]
    assert lengths == sorted(lengths)
    assert lengths[0] < lengths[-1]
    desk.compare(model(project, 1), model(project, 2))
    assert desk.view().places == view.places


def test_words_are_looked_for_anew_in_other_models(desk: ItemDesk, project: Project) -> None:
    desk.find("updated (12")
    assert questions(desk.view()) == [12]
    desk.turn_subtask()
    assert questions(desk.view()) == [12]
    desk.compare(model(project, 0), model(project, 1))
    assert desk.view().places == []


def test_what_counts_changes_the_table(desk: ItemDesk) -> None:
    desk.choose_measure(Measure.FIRST)
    assert desk.view().crosstab == Crosstab(both_right=5, fixed=1, broken=2, both_wrong=12)
    desk.choose_measure(Measure.FINAL_FLEXIBLE)
    assert desk.view().crosstab.both_right == 6


def test_an_evaluation_that_goes_on_is_taken_in(tmp_path: Path) -> None:
    project = evaluated_project(tmp_path / "p", done=13)
    with closing(ItemDesk(StoreItems())) as desk, Store.open(project.db_path) as store:
        desk.compare(model(project, 0), model(project, 2))
        assert len(desk.view().pairs) == 13
        desk.go(5)
        item = desk.view().item
        evaluate(store, 1, 2, SECOND, 13, 20)
        desk.refresh()
        assert len(desk.view().pairs) == 20
        assert desk.view().item == item


def test_the_item_has_both_texts_turn_by_turn(desk: ItemDesk) -> None:
    desk.choose_kind(Outcome.FIXED)
    view = desk.view()
    item = view.item
    assert item is not None
    pairs = besides(item)
    assert [pair.second.heading for pair in pairs if pair.second] == [
        "Attempt",
        "Feedback: incorrect at step (1)",
        "Update",
        "Feedback: correct",
    ]
    assert [pair.first.heading if pair.first else None for pair in pairs] == [
        "Attempt",
        "Feedback: correct",
        None,
        None,
    ]
    update = pairs[2].second
    assert update is not None
    assert update.text.startswith("(1) Let's calculate 7 * 7 = 49.")
    assert verdict(item.first, view.measure)[1] == "wrong, says 58"
    said = "right, says 48; wrong at first, says 60; 1 update"
    assert verdict(item.second, view.measure)[1] == said


def test_an_answer_that_only_counts_flexibly_says_so(desk: ItemDesk) -> None:
    desk.find("(19 *")
    item = desk.view().item
    assert item is not None
    said = "wrong, states no answer; read flexibly it is right"
    assert verdict(item.first, Measure.FINAL)[1] == said
    assert "read strictly it is wrong" in verdict(item.first, Measure.FINAL_FLEXIBLE)[1]


def test_text_without_steps_is_shown_as_it_is(desk: ItemDesk, project: Project) -> None:
    with Store.open(project.db_path) as store:
        store._execute("UPDATE evaluations SET text = 'I do not know. [/x]' WHERE iteration = 2")
    desk.move(0)
    item = desk.view().item
    assert item is not None
    second = besides(item)[0].second
    assert second is not None
    assert second.text == "I do not know. [/x]"


def test_what_is_copied_is_whole(desk: ItemDesk) -> None:
    text = plain_item(desk.view())
    assert text.startswith("Question (unseen)\n(5 * 5 - 1) =\n\nReference answer\n24\n\nA, start: ")
    assert "B, iteration 2: wrong, says 36\n(1) Let's calculate 5 * 5 = 37." in text
    assert plain_comparison(desk.view()).splitlines() == [
        "A: start",
        "B: iteration 2",
        "20 items, final answer, strict",
        "",
        "            B right   B wrong",
        "A right           5         2",
        "A wrong           7         6",
        "",
        "B against A: not distinguishable from luck (p = 0.18) (exact two-sided McNemar test)",
    ]


def test_models_to_choose_from(project: Project, tmp_path: Path) -> None:
    with Store.open(project.db_path) as store:
        add_run(store, (START,))
    same = evaluated_project(tmp_path / "same", (START, SECOND))
    evaluated_project(tmp_path / "harder", (START,), offset=4)
    gone = evaluated_project(tmp_path / "gone", (START,))
    (gone.path / "tripost.db").write_text("not a database")
    remember_project(tmp_path / "never-was")
    choices = model_choices(project.path, 1)
    here = project.path.expanduser().absolute()
    names = [choice.model.name(here, 1) for choice in choices]
    assert names[:4] == ["start", "iteration 1", "iteration 2", "run 2, start"]
    assert choices[2].about == "60.0% right of 20 items"
    reasons = {choice.model.path: choice.why_not for choice in choices}
    assert reasons[same.path] == ""
    assert "another test: 20 items that are not the 20 of this one" in reasons[tmp_path / "harder"]
    assert gone.path not in reasons
