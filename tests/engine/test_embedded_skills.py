"""What the embedded student is schooled with is true, and is not what it is tested on."""

import re
from itertools import pairwise

import pytest

from engine.embedded.arithmetic_skills import (
    SKILLS,
    amend,
    check,
    notes,
    recheck,
    review,
    simplify,
    value,
)
from engine.embedded.curriculum import Document, Draw
from engine.expressions import Expr as Expression
from engine.expressions import evaluate, parse, substitute
from engine.trajectory import parse_feedback

CHECK = re.compile(
    r"Check \((\d+)\): (\([^?]*\)) = ([^?=]*)\? ([^.]*), so (-?\d+) is (right|wrong)\."
)
LINE = re.compile(r"\((\d+)\) ([A-Z]) = (.*)\.")


def number(text: str) -> int:
    """The value of a link; one that is worked out may have a sign before its parenthesis."""
    return -evaluate(parse(text[1:])) if text.startswith("-(") else evaluate(parse(text))


def drawn(kind: object, count: int, level: float) -> list[Document]:
    rng = Draw(7)
    rng.level = level
    assert callable(kind)
    return [kind(rng) for _ in range(count)]


def wrong_links(lines: str) -> list[tuple[int, str]]:
    """Step and text of each link of the notes that does not equal the one before."""
    noted: dict[str, Expression] = {}
    found = []
    for step, letter, chain in LINE.findall(lines):
        links = chain.split(" = ")
        for before, after in pairwise(links):
            if evaluate(substitute(parse(before), noted)) != evaluate(parse(after)):
                found.append((int(step), f"{before} = {after}"))
        noted[letter] = parse(links[-1])
    return found


@pytest.mark.parametrize("level", [0.0, 0.5, 1.0])
def test_calculations_are_right(level: float) -> None:
    for kind in (value, simplify):
        for start, continuation in drawn(kind, 300, level):
            whole = start + continuation if kind is value else continuation
            assert len({number(link) for link in whole.split(" = ")}) == 1
    for _, lines in drawn(notes, 300, level):
        assert LINE.match(lines)
        assert wrong_links(lines) == []


def checks(working: str) -> list[tuple[int, int, set[int]]]:
    """Step, claimed value, and the values of the operation and of all links that work it out."""
    found = []
    for step, before, after, worked, claim, _ in CHECK.findall(working):
        links = worked.split(" = ")
        if after == claim:
            links.append(before)
        assert claim in re.findall(r"-?\d+", after)
        found.append((int(step), int(claim), {number(link) for link in links}))
    verdicts = [verdict == "right" for *_, verdict in CHECK.findall(working)]
    assert verdicts == [{claim} == values for _, claim, values in found]
    assert len(verdicts) == working.count("Check") == working.count(".")
    return found


@pytest.mark.parametrize("level", [0.0, 0.5, 1.0])
def test_values_are_checked_whatever_is_claimed(level: float) -> None:
    right = wrong = 0
    for start, continuation in drawn(recheck, 300, level):
        for index, (step, claim, values) in enumerate(checks(continuation.strip()), 1):
            (value_,) = values
            assert step == index
            assert f"({step}) " in start
            right += claim == value_
            wrong += claim != value_
    assert 0.4 < right / (right + wrong) < 0.6


@pytest.mark.parametrize("kind", [check, review])
@pytest.mark.parametrize("level", [0.0, 0.5, 1.0])
def test_feedback_names_the_only_error_and_the_update_is_right(kind: object, level: float) -> None:
    verdicts = {True: 0, False: 0}
    for start, continuation in drawn(kind, 500, level):
        first, _, update = continuation.partition("\nUpdated Answer: Let's think step by step.\n")
        written = first.removeprefix("Feedback: ")
        wrong = wrong_links(start)
        verdicts[bool(wrong)] += 1
        feedback = parse_feedback(written)
        if not wrong and feedback is not None:
            # A miscount that a factor of zero hides: wrong all the same.
            assert re.search(r"\(0 \*|\* 0\)", str(feedback.span))
        elif not wrong:
            praise = re.search(r"Steps? \(1\)( to \(\d\) are| is) correct\.$", written)
            assert praise is not None
            assert all(
                {claim} == values for _, claim, values in checks(written[: praise.start()].strip())
            )
            assert update == ""
        else:
            assert feedback is not None
            assert [(int(str(feedback.step)), feedback.span)] == wrong
            assert wrong_links(update) == []
            assert bool(update) == (kind is review)
            working = checks(feedback.working)
            assert all({claim} == values for _, claim, values in working[:-1])
            first_link = str(feedback.span).split(" = ")[0]
            if "(" in first_link and not re.search("[A-Z]", first_link):
                step, claim, values = working[-1]
                assert step == wrong[0][0]
                assert values == {int(str(feedback.reason).split(" = ")[1])} != {claim}
    assert min(verdicts.values()) > 50


def test_an_amended_text_differs_from_the_old_one_in_what_the_reason_ends_with() -> None:
    for start, continuation in drawn(amend, 300, 1.0):
        _, *attempt, feedback = start.rstrip("\n").split("\n")
        _, *update = continuation.split("\n")
        meant = parse_feedback(feedback.removeprefix("Feedback: "))
        assert meant is not None
        index = int(str(meant.step)) - 1
        assert attempt[:index] + attempt[index + 1 :] == update[:index] + update[index + 1 :]
        kept, _ = attempt[index].rsplit(" = ", 1)
        assert attempt[index].endswith(f"{meant.span}.")
        new = str(meant.reason).rsplit(" = ", 1)[1]
        assert update[index] == f"{kept} = {new}."


def test_no_document_is_a_question_of_the_task() -> None:
    for kind, _ in SKILLS:
        for start, continuation in drawn(kind, 100, 1.0):
            assert "Q: " not in start + continuation
            assert "Final response" not in continuation


def test_the_shares_are_of_a_whole() -> None:
    assert sum(share for _, share in SKILLS) == pytest.approx(1)
