"""Questions of each built-in task: the same seed, the same items; nothing asked in two splits."""

import random
from collections.abc import Callable
from itertools import combinations

import pytest

from db.records import Item, Split, Subtask
from engine.tasks import TASKS
from engine.tasks.base import BuiltInTask, Candidate, split_of

BOTH = list(Subtask)

DIFFICULTIES: list[tuple[str, list[str], list[str]]] = [
    ("multistep_arithmetic", ["2x1"], ["2x1"]),
    ("multistep_arithmetic", ["4x2"], ["4x2"]),
    ("word_sorting", ["2"], ["2"]),
    ("word_sorting", ["2-7"], ["2-7"]),
    ("word_sorting", ["3p"], ["3p"]),
    ("date_understanding", [], []),
    ("logical_deduction", ["3"], ["3"]),
    ("logical_deduction", ["5"], ["5"]),
]
"""Seen and unseen; where they are the same, the subtasks must not repeat each other either."""


def sorted_words(question: str) -> str:
    head, words = question.split("List: ")
    return f"{head}List: {' '.join(sorted(words.split()))}"


def other_options(question: str) -> str:
    return f"{question.partition('Options:')[0]}Options:\n(A) 01/01/2000"


def reversed_clues(question: str) -> str:
    told, options = question.split(".\nOptions:\n")
    sentences = told.split(". ")
    # Two sentences are the same in each question, the third lists the objects.
    clues = reversed(sentences[3:])
    return f"{'. '.join([*sentences[:3], *clues])}.\nOptions:\n{options}"


REWORDED: dict[str, Callable[[str], str]] = {
    "multistep_arithmetic": str,
    "word_sorting": sorted_words,
    "date_understanding": other_options,
    "logical_deduction": reversed_clues,
}
"""The same question in other words, if there are any."""


def contents(task: BuiltInTask, items: list[Item]) -> set[str]:
    return {task.content(item.question) for item in items}


@pytest.mark.parametrize("name", TASKS)
def test_the_same_seed_gives_the_same_items(name: str) -> None:
    task = TASKS[name]()
    first = task.generate(Split.TEST, BOTH, 40, seed=3)
    assert TASKS[name]().generate(Split.TEST, BOTH, 40, seed=3) == first
    assert task.generate(Split.TEST, BOTH, 20, seed=3) == first[:20]
    assert task.generate(Split.TEST, BOTH, 40, seed=4) != first
    assert task.generate(Split.DEV, BOTH, 40, seed=3) != first


@pytest.mark.parametrize("name", TASKS)
def test_generating_does_not_depend_on_random_numbers_of_others(name: str) -> None:
    task = TASKS[name]()
    random.seed(1)
    first = task.generate(Split.TRAIN, BOTH, 10, seed=1)
    random.seed(2)
    assert task.generate(Split.TRAIN, BOTH, 10, seed=1) == first


@pytest.mark.parametrize(("name", "seen", "unseen"), DIFFICULTIES)
@pytest.mark.parametrize("seed", range(5))
def test_nothing_is_asked_in_two_splits_or_twice_in_one(
    seed: int, name: str, seen: list[str], unseen: list[str]
) -> None:
    task = TASKS[name](seen, unseen)
    counts = {Split.TEST: 200, Split.DEV: 50, Split.TRAIN: 500}
    asked = {
        split: contents(task, task.generate(split, BOTH, counts[split], seed)) for split in counts
    }
    assert {split: len(found) for split, found in asked.items()} == counts
    for split, found in asked.items():
        assert {split_of(content) for content in found} == {split}
    for one, other in combinations(counts, 2):
        assert not asked[one] & asked[other]


@pytest.mark.parametrize("name", TASKS)
def test_what_is_excluded_is_never_drawn_in_other_words_either(name: str) -> None:
    task = TASKS[name]()
    first = task.generate(Split.TRAIN, BOTH, 50, seed=1)
    excluded = [REWORDED[name](item.question) for item in first[25:]]
    assert set(map(task.content, excluded)) == contents(task, first[25:])
    again = task.generate(Split.TRAIN, BOTH, 50, seed=1, exclude=[*excluded, "no question"])
    assert again[:25] == first[:25]
    assert not contents(task, again) & contents(task, first[25:])


@pytest.mark.parametrize("name", TASKS)
def test_each_draw_is_kept_or_a_duplicate_or_of_another_split(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn: list[str] = []
    candidate = TASKS[name].candidate

    def noted(self: BuiltInTask, split: Split, subtask: Subtask, rng: random.Random) -> Candidate:
        found = candidate(self, split, subtask, rng)
        drawn.append(found.content)
        return found

    task = TASKS[name]()
    first = task.generate(Split.DEV, [Subtask.SEEN], 20, seed=1)
    excluded = [item.question for item in first[::2]]
    monkeypatch.setattr(TASKS[name], "candidate", noted)
    drawing = task.draw(Split.DEV, [Subtask.SEEN], 20, 1, excluded)
    there = set(map(task.content, excluded))
    duplicates = 0
    for content in drawn:
        duplicates += content in there
        there |= {content} if split_of(content) is Split.DEV else set()
    assert (drawing.draws, drawing.duplicates) == (len(drawn), duplicates)
    # The first draw of the split is the same again.
    assert duplicates > 0
    assert len(contents(task, drawing.items)) == 20
    assert task.generate(Split.DEV, [Subtask.SEEN], 20, 1, excluded) == drawing.items


@pytest.mark.parametrize("name", TASKS)
def test_a_difficulty_that_is_used_up_is_refused_with_the_count(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    task = TASKS[name]()
    rng = random.Random(1)
    only = next(
        found
        for found in iter(lambda: task.candidate(Split.TRAIN, Subtask.SEEN, rng), None)
        if split_of(found.content) is Split.TRAIN
    )
    monkeypatch.setattr(TASKS[name], "candidate", lambda *arguments: only)
    assert len(task.generate(Split.TRAIN, [Subtask.SEEN], 1, seed=1)) == 1
    message = "found 1 of 2 train questions: the difficulties of the seen subtask have no more"
    with pytest.raises(ValueError, match=message):
        task.generate(Split.TRAIN, [Subtask.SEEN], 2, seed=1)
