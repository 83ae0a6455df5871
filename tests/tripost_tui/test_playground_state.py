"""A Playground as a plain object: phases, history, choices."""

from dataclasses import replace

import pytest
from played import LONG_QUESTION, OUTLOOK, QUESTION, READY, both, corrected, wrong_at_start

from db.records import Subtask
from engine.play.messages import Cancel, Doing, Done, Ended, Failed
from engine.play.outlook import Weights
from tripost_tui.state.playground import MOST_UPDATES, NOTHING, Phase, Playground
from tripost_tui.state.run import Trouble


@pytest.fixture
def ground() -> Playground:
    """A Playground whose process is ready."""
    state = Playground()
    state.begin_look()
    state.take(OUTLOOK)
    state.begin_load(100.0)
    state.apply(READY)
    return state


def asked(state: Playground, question: str = QUESTION) -> int:
    state.ask(question)
    request = state.request()
    assert request is not None
    return request.id


def test_the_start_and_the_last_iteration_stand_side_by_side() -> None:
    state = Playground()
    assert state.phase is Phase.LOOKING
    state.take(OUTLOOK)
    assert (state.chosen, state.max_updates, state.way()) == ((0, 2), 3, "greedy")
    state.take(replace(OUTLOOK, weights=(Weights(0),)))
    assert state.chosen == (0,)


def test_it_loads_by_itself_where_that_disturbs_nobody() -> None:
    state = Playground()
    assert not state.loads_by_itself
    for outlook, loads in (
        (OUTLOOK, True),
        (replace(OUTLOOK, at_work=("other",)), False),
        (replace(OUTLOOK, fits=False, memory="It needs 9 GiB."), False),
    ):
        state.take(outlook)
        assert state.loads_by_itself is loads


def test_what_is_asked_while_it_loads_is_asked_once_it_is_ready() -> None:
    state = Playground()
    state.take(OUTLOOK)
    state.begin_load(100.0)
    state.apply(Doing(text="loading the student"))
    assert state.word(103.4) == "loading 3 s"
    state.ask(QUESTION)
    assert state.request() is None
    assert state.situation().busy
    state.apply(READY)
    request = state.request()
    assert request is not None
    assert (request.question, request.answer, request.item_id) == (QUESTION, "108", 21)
    assert (request.weights, request.max_updates, request.temperature) == ((0, 2), 3, 0.0)
    assert state.phase is Phase.ANSWERING
    assert state.request() is None


def test_answers_go_to_their_columns(ground: Playground) -> None:
    number = asked(ground)
    shown = ground.shown
    assert shown is not None
    left, right = shown.columns
    assert (shown.word(left), shown.word(right)) == ("waiting", "waiting")
    words = []
    for event in wrong_at_start(number):
        ground.apply(event)
        words.append(shown.word(left))
    assert words == [
        "reading",
        *["writing attempt"] * 3,
        "checking",
        "checking",
        "wrong",
    ]
    assert shown.word(right) == "waiting"
    words = []
    for event in corrected(number):
        ground.apply(event)
        words.append(shown.word(right))
    assert list(dict.fromkeys(words)) == [
        "reading",
        "writing attempt",
        "checking",
        "writing feedback",
        "writing update",
        "right",
    ]
    assert ground.phase is Phase.ANSWERING
    ground.apply(Done(id=number))
    assert ground.phase is Phase.READY
    assert left.tokens_per_s == pytest.approx(240)
    assert right.first_s == pytest.approx(0.02)


def test_pieces_are_replaced_by_the_whole_text(ground: Playground) -> None:
    events = wrong_at_start(asked(ground))
    for event in events[:3]:
        ground.apply(event)
    assert ground.shown is not None
    (part,) = ground.shown.columns[0].parts
    assert events[2].text == part.text  # type: ignore[union-attr]
    for event in events[3:5]:
        ground.apply(event)
    assert part.text == events[4].text  # type: ignore[union-attr]


def test_cancelling_is_asked_of_the_process(ground: Playground) -> None:
    assert ground.cancel() is None
    number = asked(ground)
    assert ground.cancel() == Cancel(id=number)
    assert ground.open is not None
    ground.apply(Done(id=number, cancelled=True))
    assert ground.open is None
    assert ground.shown is not None
    assert ground.shown.word(ground.shown.columns[0]) == "cancelled"


def test_what_waits_for_the_process_is_cancelled_at_once() -> None:
    state = Playground()
    state.take(OUTLOOK)
    state.begin_load(0.0)
    state.ask(QUESTION)
    assert state.cancel() is None
    assert state.open is None
    state.apply(READY)
    assert state.request() is None


def test_the_end_of_the_process_is_told_and_ends_what_was_asked(ground: Playground) -> None:
    number = asked(ground)
    for event in wrong_at_start(number)[:3]:
        ground.apply(event)
    ground.apply(Ended(title="The model's process ended", message="It was killed.", exit_code=4))
    assert ground.phase is Phase.ENDED
    told = "It was killed. enter tries again."
    assert ("error", "The model's process ended", told) in ground.notices()
    assert ground.shown is not None
    assert ground.shown.word(ground.shown.columns[0]) == "broken off"
    assert ground.situation().busy is None


def test_a_failure_of_one_model_stands_in_its_column(ground: Playground) -> None:
    number = asked(ground)
    ground.apply(Failed(id=number, weights=2, title="The weights are gone", message="Where?"))
    assert ground.shown is not None
    left, right = ground.shown.columns
    assert right.trouble == Trouble("The weights are gone", "Where?")
    assert (ground.shown.word(left), ground.shown.word(right)) == ("waiting", "failed")


def test_late_words_about_nothing_are_passed_over(ground: Playground) -> None:
    for event in both(99):
        ground.apply(event)
    assert ground.shown is None
    assert ground.phase is Phase.READY


def test_history_goes_back_and_comes_to_the_draft(ground: Playground) -> None:
    for question in ("one", "two", "three"):
        ground.apply(Done(id=asked(ground, question)))
    assert ground.earlier("three") == "two"
    assert ground.shown is not None
    assert ground.shown.question == "two"
    assert ground.earlier("two") == "one"
    assert ground.earlier("one") is None
    assert [ground.later(), ground.later()] == ["two", "three"]
    assert ground.later() == "three"
    assert ground.later() is None
    assert ground.earlier("a draft") == "three"
    assert ground.later() == "a draft"
    assert Playground().earlier("") is None


def test_what_is_asked_anew_comes_last(ground: Playground) -> None:
    for question in ("one", "two"):
        ground.apply(Done(id=asked(ground, question)))
    ground.earlier("two")
    ground.apply(Done(id=asked(ground, "one")))
    assert ground.at is None
    assert [one.question for one in ground.asked] == ["one", "two", "one"]


def test_models_are_chosen_by_name(ground: Playground) -> None:
    assert [one.value for one in ground.choices(right=False)] == [
        "start",
        "iteration 1",
        "iteration 2",
    ]
    assert ground.choices(right=True)[-1].value == NOTHING
    assert ground.choose("iteration 1", "start") == ""
    assert ground.chosen == (1, 0)
    ground.choose("iteration 2", NOTHING)
    assert ground.chosen == (2,)
    ground.choose("iteration 2", "iteration 2")
    assert ground.chosen == (2,)
    ground.take(OUTLOOK)
    assert ground.chosen == (2,)


def test_weights_that_are_gone_are_not_chosen(ground: Playground) -> None:
    gone = Weights(2, "their folder is gone: /x")
    ground.take(replace(OUTLOOK, weights=(Weights(0), Weights(1), gone)))
    assert ground.chosen == (0, 1)
    assert "folder is gone" in ground.choose("start", "iteration 2")
    assert ground.chosen == (0, 1)
    assert ("warning", "No iteration 2", gone.problem) in ground.notices()


def test_that_several_weights_are_gone_is_one_notice(ground: Playground) -> None:
    gone = [Weights(n, f"their folder is gone: /x{n}") for n in (1, 2)]
    ground.take(replace(OUTLOOK, weights=(Weights(0), *gone)))
    said = "their folder is gone: /x1; so on for each"
    assert [each for each in ground.notices() if each[0] == "warning"] == [
        ("warning", "No iterations 1, 2", said)
    ]


def test_test_items_are_drawn_by_difficulty(ground: Playground) -> None:
    unseen = ground.draw(Subtask.UNSEEN)
    assert unseen is not None
    assert unseen.id == 22
    ground.apply(Done(id=asked(ground)))
    # Another than the one just asked.
    assert {ground.draw(None) for _ in range(20)} == {unseen}
    ground.take(replace(OUTLOOK, items=()))
    assert ground.draw(None) is None
    assert not ground.situation().has_choices


def test_temperatures_come_in_turn_and_updates_have_bounds(ground: Playground) -> None:
    ways = []
    for _ in range(5):
        ways.append(ground.way())
        ground.next_temperature()
    assert ways == ["greedy", "temperature 0.3", "temperature 0.7", "temperature 1", "greedy"]
    ground.change_updates(-10)
    assert ground.max_updates == 0
    ground.change_updates(100)
    assert ground.max_updates == MOST_UPDATES
    ground.take(OUTLOOK)
    assert ground.max_updates == MOST_UPDATES


def test_a_question_of_ones_own_has_no_answer(ground: Playground) -> None:
    ground.ask(LONG_QUESTION)
    request = ground.request()
    assert request is not None
    assert (request.answer, request.item_id) == (None, None)


def test_each_asking_has_its_own_seed(ground: Playground) -> None:
    seeds = set()
    for _ in range(3):
        ground.ask(QUESTION)
        request = ground.request()
        assert request is not None
        seeds.add(request.seed)
        ground.apply(Done(id=request.id))
    assert len(seeds) == 3


def test_who_leaves_finds_what_was_asked(ground: Playground) -> None:
    number = asked(ground)
    for event in wrong_at_start(number):
        ground.apply(event)
    ground.left()
    ground.begin_look()
    ground.take(OUTLOOK)
    assert ground.open is None
    assert ground.shown is not None
    assert ground.shown.word(ground.shown.columns[0]) == "wrong"
    assert ground.shown.word(ground.shown.columns[1]) == "cancelled"
