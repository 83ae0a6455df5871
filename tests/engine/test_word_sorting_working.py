"""What scripted FBK of word sorting works out before its verdict is true, and comes to it."""

import random
import re
from collections.abc import Iterator
from string import ascii_lowercase

import pytest
from planted_errors import Planted
from planted_word_sorting import PLANTS

from db.records import Item, Split, Subtask
from engine.tasks.word_sorting import WordSorting
from engine.tasks.word_sorting_listing import sort_key, spelled
from engine.trajectory import Attempt, Feedback, correct, parse_attempt, parse_feedback

TASK = WordSorting(["2-7", "3-7p"])
ITEMS = TASK.generate(Split.TRAIN, [Subtask.SEEN], 80, seed=5)
CHECK = re.compile(r'Check \(([^)]*)\): ((?:[^."]|"[^"]*")*)\.')
LISTED = re.compile(
    r'"([^"]*)"(?: ([^ ("]*))?(?: \(([0-9, ]+)\))? (right|wrong|again|late|missing)'
)
QUESTION = "Sort the following words alphabetically:\nList: vat certain wandering correct"
GOLD = TASK.rationale(QUESTION).text


def planted(kind: str) -> Iterator[tuple[Item, Planted]]:
    """One error of a kind in each item that can have it."""
    rng = random.Random(kind)
    for item in ITEMS:
        attempt = parse_attempt(item.rationale)
        indexes = list(range(len(attempt.steps)))
        rng.shuffle(indexes)
        found = (PLANTS[kind](attempt, index, rng) for index in indexes)
        first = next((one for one in found if one is not None), None)
        if first is not None:
            yield item, first


def shown(item: Item, attempt: Attempt) -> Feedback:
    return TASK.feedback(item.question, attempt, show_working=True)


def flaws(working: str) -> list[str]:
    """Return what each check found wrong, nothing where all is well; what it spells is true."""
    checks = CHECK.findall(working)
    assert len(checks) == working.count("Check (")
    found = []
    for label, said in checks:
        listed, _, wanted = said.partition("; ")
        seen = LISTED.findall(listed)
        assert listed.count('"') == 2 * len(seen)
        for word, spelling, numbers, _ in seen:
            letters = spelling.split("-") if spelling else []
            assert "".join(letters) == word[: len(letters)]
            if letters:
                assert numbers == str(ascii_lowercase.find(letters[-1] or "?") + 1)
        bad = [verdict for *_, verdict in seen if verdict != "right"]
        bad += re.findall("missing", wanted)
        assert label
        found.append(bad[0] if bad else "")
    return found


@pytest.mark.parametrize("kind", sorted(PLANTS))
def test_the_working_comes_to_the_verdict(kind: str) -> None:
    for item, error in planted(kind):
        plain, feedback = TASK.feedback(item.question, error.attempt), shown(item, error.attempt)
        assert feedback == parse_feedback(feedback.render())
        assert feedback.same_diagnosis(plain)
        assert feedback.reason == plain.reason
        found = flaws(feedback.working)
        # Nothing is looked at any more after the first flaw, which is the verdict's.
        assert not any(found[:-1])
        if found and found[-1]:
            assert CHECK.findall(feedback.working)[-1][0] == error.step


FOUND = {
    "wrong letter": "wrong",
    "wrong index of a letter": "wrong",
    "wrong index in an order": "wrong",
    "foreign word with its letter": "wrong",
    "foreign word in an order": "wrong",
    "groups merged": "wrong",
    "missing word with its letter": "missing",
    "missing entry of an order": "missing",
    "missing word in the answer": "missing",
    "group split": "missing",
    "word missing in a group": "missing",
    "doubled word with its letter": "again",
    "doubled entry of an order": "again",
    "doubled word in the answer": "again",
    "word doubled in a group": "again",
    "wrong order by a letter": "late",
    "wrong order in hence": "late",
    "wrong order in the answer": "late",
}


@pytest.mark.parametrize("kind", sorted(FOUND))
def test_the_last_check_shows_what_is_wrong(kind: str) -> None:
    count = 0
    for item, error in planted(kind):
        assert flaws(shown(item, error.attempt).working)[-1] == FOUND[kind]
        count += 1
    assert count > 20


def test_a_right_attempt_is_looked_at_throughout() -> None:
    for item in ITEMS:
        attempt = parse_attempt(item.rationale)
        feedback = shown(item, attempt)
        assert feedback.same_diagnosis(correct(attempt))
        assert flaws(feedback.working) == [""] * len(attempt.steps)
        checks = CHECK.findall(feedback.working)
        assert [label for label, _ in checks] == [step.label for step in attempt.steps]
        for word in item.answer.split():
            # In the first letters, their order, what follows from all, and the answer.
            assert feedback.working.count(f'"{word}" in') >= 4


def test_without_working_nothing_is_worked_out() -> None:
    for item in ITEMS:
        assert TASK.feedback(item.question, parse_attempt(item.rationale)).working == ""


@pytest.mark.parametrize(
    ("right", "wrong", "said"),
    [
        (
            '"correct"="o" (15).',
            '"correct"="q" (17).',
            'Check (3): "certain" c-e (5) right, "correct" c-o (15) wrong.',
        ),
        (
            '(3) ["certain" ? "correct"] < (22) "vat"',
            '(3) ["certain" ? "correct" ? "vat"]',
            'Check (2): "certain" (3) right, "correct" (3) right, "vat" (22) wrong.',
        ),
        (
            '"certain" < "correct" < "vat" < "wandering"',
            '"certain" < "vat" < "correct" < "wandering"',
            'Check (4): "certain" (3, 5) right, "vat" (22) right, "correct" (3, 15) late.',
        ),
        (
            "certain correct vat wandering.",
            "certain correct wandering.",
            'Check (Final response): "certain" right, "correct" right, "wandering" right; '
            '"vat" missing, "certain" in, "wandering" in, "correct" in.',
        ),
    ],
)
def test_what_a_check_looks_like(right: str, wrong: str, said: str) -> None:
    assert GOLD.count(right) == 1
    attempt = parse_attempt(GOLD.replace(right, wrong))
    feedback = TASK.feedback(QUESTION, attempt, show_working=True)
    assert feedback.working.endswith(said)


def test_a_word_is_spelled_up_to_a_place() -> None:
    assert [spelled("art", place) for place in (1, 2, 3, 4)] == ["a", "a-r", "a-r-t", "a-r-t-"]


def test_sort_keys_are_as_long_as_they_must_be() -> None:
    words = ["bear", "beat", "bat", "art"]
    assert [sort_key(word, words) for word in words] == [
        "(2, 5, 1, 18)",
        "(2, 5, 1, 20)",
        "(2, 1)",
        "(1)",
    ]
    assert [sort_key(word, ["bear", "beat"]) for word in ("bear", "beat")] == ["(18)", "(20)"]
    assert [sort_key(word, ["be", "beat"]) for word in ("be", "beat")] == ["(0)", "(1)"]
    assert sort_key("be", ["be", "be"]) == sort_key("be", ["be"]) == "(2)"
