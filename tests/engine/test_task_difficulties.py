"""Difficulties of each built-in task: which there are, and which questions they give."""

from collections.abc import Callable

import pytest

from db.records import Item, Split, Subtask
from engine.tasks import TASKS, make_task
from engine.tasks.base import mixed_subtasks

BOTH = list(Subtask)

DIFFICULTY: dict[str, Callable[[Item], object]] = {
    "multistep_arithmetic": lambda item: (
        f"{item.meta['operands']}x{len(item.meta['depth_levels'])}"
    ),
    "word_sorting": lambda item: item.meta["words"],
    "date_understanding": lambda item: item.meta["steps"],
    "logical_deduction": lambda item: item.meta["objects"],
}
PAPER: dict[str, tuple[set[object], set[object]]] = {
    "multistep_arithmetic": (
        {"3x1", "3x2", "4x1", "4x2"},
        {"3x3", "4x3", "5x1", "5x2", "5x3", "6x1", "6x2", "6x3"},
    ),
    "word_sorting": (set(range(2, 8)), set(range(8, 21))),
    "date_understanding": ({1, 2}, {3, 4, 5}),
    "logical_deduction": ({3, 5}, {7}),
}
"""The paper's: seen and unseen."""

REFUSED: dict[str, tuple[str, str, list[str]]] = {
    "multistep_arithmetic": (
        "3x1",
        "2 to 9 operands x 1 to 3 levels, as in '4x2'",
        ["", "4", "x2", "1x2", "4x0", "4x4", "44x1", "4X2", "4 x 2"],
    ),
    "word_sorting": (
        "3",
        "2 to 30 words, as in '5' or '2-7', and a 'p' after them for words with a common prefix",
        [
            "", "1", "0-5", "02", "7-2", "31", "2-", "-7", "2 - 7", "p", "5P", "5pp", "\u0665",
            "2-7\n",
        ],
    ),
    "date_understanding": (
        "3-5",
        "1 to 5 steps, as in '2' or '3-5'",
        ["", "0", "6", "3-2", "1-6", "x", "1 - 2", "1-", "\u0661"],
    ),
    "logical_deduction": (
        "3",
        "3 to 7 objects, as in '5'",
        ["", "2", "8", "03", " 3", "3.0", "three", "\u0663", "-3"],
    ),
}  # fmt: skip
"""One that there is, what is allowed, and what is no difficulty."""


@pytest.mark.parametrize("name", TASKS)
def test_subtasks_share_evenly_and_have_the_papers_difficulties(name: str) -> None:
    items = TASKS[name]().generate(Split.TEST, BOTH, 400, seed=1)
    found: dict[Subtask, set[object]] = {
        subtask: {DIFFICULTY[name](item) for item in items if item.subtask is subtask}
        for subtask in BOTH
    }
    assert sum(item.subtask is Subtask.SEEN for item in items) == 200
    assert (found[Subtask.SEEN], found[Subtask.UNSEEN]) == PAPER[name]


@pytest.mark.parametrize(
    ("name", "text"), [(name, text) for name, (_, _, texts) in REFUSED.items() for text in texts]
)
def test_an_unknown_difficulty_is_refused_with_what_is_allowed(name: str, text: str) -> None:
    known, allowed, _ = REFUSED[name]
    for seen, unseen in (([text], []), ([], [known, text])):
        with pytest.raises(ValueError, match="is no difficulty") as caught:
            make_task(name, seen, unseen)
        assert str(caught.value) == f"{text!r} is no difficulty; allowed: {allowed}"


@pytest.mark.parametrize("share", [0.0, 0.25, 1 / 3, 0.5, 0.9, 1.0])
def test_subtasks_are_mixed_as_asked(share: float) -> None:
    mixed = mixed_subtasks(200, share)
    assert len(mixed) == 200
    for end in range(1, 201):
        assert abs(mixed[:end].count(Subtask.UNSEEN) - share * end) < 1


def test_tasks_are_made_by_name() -> None:
    assert all(make_task(name).name == name for name in TASKS)
    with pytest.raises(KeyError):
        make_task("chess")
