"""Word sorting: its questions, gold rationales and answers."""

import json
import random
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from patience import patience

from db.records import Item, Split, Subtask
from engine.tasks import word_sorting
from engine.tasks.base import CannotImprove, CannotJudge, split_of
from engine.tasks.word_sorting import Length, WordSorting, vocabulary
from engine.trajectory import Attempt, Trajectory, Turn, correct, parse_attempt, render
from engine.trajectory import parse as parse_trajectory

TASK = WordSorting()
BOTH = [Subtask.SEEN, Subtask.UNSEEN]
DATA = Path(__file__).parents[3] / "shared" / "data"
REFERENCE = DATA / "tripost_reference"

needs_reference = pytest.mark.skipif(not REFERENCE.is_dir(), reason="no reference data here")
needs_codex = pytest.mark.skipif(
    not (DATA / "codex_attempts").is_dir(), reason="no attempts of other models here"
)
needs_bbh = pytest.mark.skipif(not (DATA / "bbh").is_dir(), reason="no BIG-Bench-Hard here")


def _records(path: Path) -> list[dict[str, Any]]:
    with path.open(encoding="utf-8") as file:
        return [json.loads(line) for line in file]


def _reference(kind: str) -> list[dict[str, Any]]:
    paths = sorted(REFERENCE.glob(f"word_sorting_{kind}_1-7*.jsonl"))
    return [record for path in paths for record in _records(path)]


def question_of(*words: str) -> str:
    return f"Sort the following words alphabetically:\nList: {' '.join(words)}"


def words_of(question: str) -> list[str]:
    return question.split("List: ")[1].split(" ")


# --- other people's data -----------------------------------------------------------------------


@needs_reference
def test_our_rationales_are_the_references_word_for_word() -> None:
    records = _reference("baseline_rationale")
    assert len(records) == 473
    for record in records:
        gold = record["meta_data"]
        assert TASK.rationale(gold["question"]).text == gold["rationale"]


@needs_reference
def test_the_script_accepts_all_rationales_of_the_reference() -> None:
    for record in _reference("baseline_rationale"):
        gold = record["meta_data"]
        attempt = parse_attempt(gold["rationale"])
        assert TASK.feedback(gold["question"], attempt) == correct(attempt)
        assert TASK.is_right(TASK.answer(attempt), " ".join(gold["answer"]))
        assert TASK.answer_flexible(gold["rationale"]) == " ".join(gold["answer"])


@needs_reference
def test_texts_of_the_reference_are_read_and_written_the_same() -> None:
    for record in _reference("baseline_rationale"):
        read = parse_trajectory(record["text"], TASK.hint)
        assert read is not None
        assert read.question == record["meta_data"]["question"]
        assert render(read, TASK.hint) == record["text"]


@needs_reference
def test_of_the_references_samples_only_right_ones_are_accepted() -> None:
    accepted = 0
    for record in _reference("LMSI_rationale"):
        read = parse_trajectory(record["text"], TASK.hint)
        if read is not None and TASK.feedback(read.question, read.first).is_correct:
            assert TASK.answer(read.first) == " ".join(sorted(words_of(read.question)))
            accepted += 1
    assert accepted > 350


@needs_codex
def test_answers_of_another_model_are_read_as_people_read_them() -> None:
    records = _records(DATA / "codex_attempts" / "word_sorting.jsonl")
    for record in records:
        # Half of the attempts were cut off before they came to an answer.
        stated = record["attempt"].split("So the answer is ")[1:]
        read = TASK.answer_flexible(record["attempt"])
        assert read == (stated[0].removesuffix(".") if stated else None)
        assert TASK.is_right(read, record["target"]) == (stated == [f"{record['target']}."])
        with pytest.raises(CannotJudge, match="no numbered steps"):
            TASK.feedback(record["question"], parse_attempt(record["attempt"]))


@needs_bbh
def test_our_answers_are_those_of_big_bench_hard() -> None:
    items = json.loads((DATA / "bbh" / "word_sorting.json").read_text(encoding="utf-8"))
    for item in items["examples"]:
        rationale = TASK.rationale(item["input"])
        assert TASK.answer(rationale) == item["target"]
        assert TASK.feedback(item["input"], rationale) == correct(rationale)


# --- rationales --------------------------------------------------------------------------------


words = st.text("abz'&-09", min_size=1, max_size=4)


@given(st.lists(words, min_size=1, max_size=9))
def test_any_words_are_sorted_however_often_they_are_given(words: list[str]) -> None:
    question = question_of(*words)
    rationale = TASK.rationale(question)
    assert TASK.answer(rationale) == " ".join(sorted(words))
    assert TASK.feedback(question, rationale) == correct(rationale)
    trajectory = Trajectory(question, (Turn.of(rationale, correct(rationale)),))
    read = parse_trajectory(render(trajectory, TASK.hint), TASK.hint)
    assert read is not None
    assert (read.question, read.first) == (question, rationale)


def test_a_subpart_has_steps_of_its_own() -> None:
    assert TASK.rationale(question_of("beat", "art", "bear", "bat")).text == (
        '(1) The first letter: "beat"="b" (2), "art"="a" (1), "bear"="b" (2), "bat"="b" (2).\n'
        '(2) We now have: (1) "art" < (2) ["beat" ? "bear" ? "bat"].\n'
        '(3) Now sort this subpart ["beat" ? "bear" ? "bat"] by looking at their second letters: '
        '"beat"="e" (5), "bear"="e" (5), "bat"="a" (1).\n'
        '(3.1) We now have: (1) "bat" < (5) ["beat" ? "bear"].\n'
        '(3.2) Now sort this subpart ["beat" ? "bear"] by looking at their third letters: '
        '"beat"="a" (1), "bear"="a" (1).\n'
        '(3.2.1) We now have: (1) ["beat" ? "bear"].\n'
        '(3.2.2) Now sort this subpart ["beat" ? "bear"] by looking at their fourth letters: '
        '"beat"="t" (20), "bear"="r" (18).\n'
        '(3.2.3) We now have: (18) "bear" < (20) "beat".\n'
        '(3.2.4) Hence, we have "bear" < "beat".\n'
        '(3.3) Hence, we have "bat" < "bear" < "beat".\n'
        '(4) Hence, we have "art" < "bat" < "bear" < "beat".\n'
        "(Final response) So the answer is: art bat bear beat."
    )


def test_a_word_that_has_ended_comes_first_then_signs_then_letters() -> None:
    text = TASK.rationale(question_of("we'll", "wed", "we", "we&i")).text
    assert '"we\'ll"="\'" (0), "wed"="d" (4), "we"="" (0), "we&i"="&" (0).' in text
    assert 'We now have: (0) "we" < (0) "we&i" < (0) "we\'ll" < (4) "wed".' in text


def test_a_word_given_twice_stands_beside_itself() -> None:
    text = TASK.rationale(question_of("go", "be", "go")).text
    assert '(2) We now have: (2) "be" < (7) "go" < (7) "go".' in text
    assert text.endswith("So the answer is: be go go.")


def test_subparts_on_one_level_are_numbered_in_turn() -> None:
    rationale = TASK.rationale(question_of("bad", "bat", "bed", "bet", "bit"))
    labels = [step.label for step in rationale.steps]
    first = ["3.2", "3.2.1", "3.2.2", "3.3", "3.3.1", "3.3.2", "3.4"]
    assert labels == ["1", "2", "3", "3.1", *first, "4", "Final response"]


@pytest.mark.parametrize(
    "question",
    [
        "", "List: a b", "Sort the following words alphabetically:", question_of(""),
        question_of("B", "a"), question_of("é"), question_of("\u0661"), question_of('"a"', "b"),
        question_of("a\x00"), question_of("\ud800"), question_of("a" * 49), question_of("a;b"),
        question_of(*["a"] * 101), question_of("a " * 500_000), question_of("a" * 1_000_000),
        question_of(" " * 1_000_000), " " * 1_000_000 + question_of("a", "b"),
    ],
)  # fmt: skip
@patience()
def test_what_is_no_question_has_no_rationale(question: str) -> None:
    with pytest.raises(CannotImprove):
        TASK.rationale(question)


# --- items -------------------------------------------------------------------------------------


def test_the_same_seed_gives_the_same_items() -> None:
    first = TASK.generate(Split.TEST, BOTH, 40, seed=3)
    assert WordSorting().generate(Split.TEST, BOTH, 40, seed=3) == first
    assert TASK.generate(Split.TEST, BOTH, 20, seed=3) == first[:20]
    assert TASK.generate(Split.TEST, BOTH, 40, seed=4) != first
    assert TASK.generate(Split.DEV, BOTH, 40, seed=3) != first


def test_generating_does_not_depend_on_random_numbers_of_others() -> None:
    random.seed(1)
    first = TASK.generate(Split.TRAIN, BOTH, 10, seed=1)
    random.seed(2)
    assert TASK.generate(Split.TRAIN, BOTH, 10, seed=1) == first


@given(st.integers(2, 30), st.booleans(), st.integers())
def test_every_item_is_sound(count: int, alike: bool, seed: int) -> None:
    task = WordSorting([f"{count}p" if alike else str(count)])
    (item,) = task.generate(Split.TRAIN, [Subtask.SEEN], 1, seed)
    words = words_of(item.question)
    assert len(words) == len(set(words)) == count
    assert set(words) <= set(vocabulary())
    assert len({word[:2] for word in words}) == 1 or not alike
    assert item.meta == {"words": count}
    assert item.answer == " ".join(sorted(words))
    rationale = parse_attempt(item.rationale)
    assert task.rationale(item.question) == rationale
    assert task.answer(rationale) == task.answer_flexible(item.rationale) == item.answer
    assert task.feedback(item.question, rationale) == correct(rationale)


def _contents(items: list[Item]) -> set[frozenset[str]]:
    return {frozenset(words_of(item.question)) for item in items}


@pytest.mark.parametrize("length", ["2", "2-7", "3p"])
@pytest.mark.parametrize("seed", range(3))
def test_no_words_are_in_two_splits_in_whatever_order(seed: int, length: str) -> None:
    task = WordSorting([length], [length])
    splits = {
        split: _contents(task.generate(split, BOTH, count, seed))
        for split, count in ((Split.TEST, 200), (Split.DEV, 50), (Split.TRAIN, 500))
    }
    assert {split: len(found) for split, found in splits.items()} == {
        Split.TEST: 200, Split.DEV: 50, Split.TRAIN: 500,
    }  # fmt: skip
    for one, other in (
        (Split.TEST, Split.DEV),
        (Split.TEST, Split.TRAIN),
        (Split.DEV, Split.TRAIN),
    ):
        assert not splits[one] & splits[other]


@given(st.permutations(["b", "at&t", "a", "art", "o'clock"]))
def test_the_order_of_words_does_not_change_the_split(words: list[str]) -> None:
    other = question_of(*sorted(words), words[0])
    assert TASK.content(question_of(*words)) == TASK.content(other)


def test_what_is_excluded_is_never_drawn_in_another_order_either() -> None:
    first = TASK.generate(Split.TRAIN, BOTH, 50, seed=1)
    excluded = {question_of(*sorted(words_of(item.question))) for item in first[::2]}
    again = TASK.generate(Split.TRAIN, BOTH, 50, seed=1, exclude={*excluded, "no question"})
    assert not _contents(again) & _contents(first[::2])
    assert _contents(again) & _contents(first[1::2])


def test_subtasks_share_evenly_and_have_their_own_lengths() -> None:
    items = TASK.generate(Split.TEST, BOTH, 400, seed=1)
    lengths = {
        subtask: {item.meta["words"] for item in items if item.subtask is subtask}
        for subtask in BOTH
    }
    assert sum(item.subtask is Subtask.SEEN for item in items) == 200
    assert lengths == {Subtask.SEEN: set(range(2, 8)), Subtask.UNSEEN: set(range(8, 21))}


def test_a_difficulty_that_is_used_up_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(word_sorting, "vocabulary", lambda: ("a", "b", "c", "d"))
    task = WordSorting(["2-3"])
    lists = ("ab", "ac", "ad", "bc", "bd", "cd", "abc", "abd", "acd", "bcd")
    splits = [split_of(task.content(question_of(*words))) for words in lists]
    found = splits.count(Split.TRAIN)
    assert len(task.generate(Split.TRAIN, [Subtask.SEEN], found, seed=1)) == found
    message = f"found {found} of 99 train questions: the difficulties of the seen subtask have no"
    with pytest.raises(ValueError, match=message):
        task.generate(Split.TRAIN, [Subtask.SEEN], 99, seed=1)


@pytest.mark.parametrize(
    ("text", "length"),
    [("5", Length(5, 5)), ("2-7", Length(2, 7)), ("4-8p", Length(4, 8, alike=True))],
)
def test_a_difficulty_is_a_number_of_words(text: str, length: Length) -> None:
    assert Length.parse(text) == length


@pytest.mark.parametrize(
    "text",
    ["", "1", "0-5", "02", "7-2", "31", "2-", "-7", "2 - 7", "p", "5P", "5pp", "\u0665", "2-7\n"],
)
def test_an_unknown_difficulty_is_refused_with_what_is_allowed(text: str) -> None:
    for seen, unseen in (([text], []), ([], ["3", text])):
        with pytest.raises(ValueError, match="allowed: 2 to 30 words, as in '5' or '2-7'"):
            WordSorting(seen, unseen)


def test_the_vocabulary_has_what_makes_sorting_hard() -> None:
    words = vocabulary()
    assert len(words) == len(set(words)) > 5_000
    assert list(words) == sorted(words)
    assert all(word.isascii() and word == word.lower() for word in words)
    assert sum("'" in word for word in words) >= 10
    assert sum("&" in word for word in words) >= 3
    assert sum(after.startswith(word) for word, after in pairwise(words)) > 500


# --- answers -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("final", "answer"),
    [
        ("So the answer is: art at&t o'clock.", "art at&t o'clock"),
        ("So the answer is: art.", "art"),
        ("So the answer is: art bat", None),
        ("So the answer is: art  bat.", None),
        ("So the answer is: art, bat.", None),
        ("So the answer is art bat.", None),
        ("So the answer is: Art bat.", None),
        ("So the answer is: .", None),
        ("So the answer is: art.\nOr bat.", None),
        ("So the answer is: \u0667.", None),
        (f"So the answer is: {'a' * 49}.", None),
    ],
)
def test_the_strict_answer_is_the_final_response_to_the_letter(
    final: str, answer: str | None
) -> None:
    assert TASK.answer(parse_attempt(f"(1) a\n(Final response) {final}")) == answer


def test_an_attempt_without_final_response_has_no_answer() -> None:
    assert TASK.answer(Attempt(())) is None
    assert TASK.answer(parse_attempt("(1) So the answer is: art.")) is None
    assert not TASK.is_right(None, "art")


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("the answer is art bat", "art bat"),
        ("The Answer is: **Art, bat, and cat**!", "art bat cat"),
        ("So the answer is art, and, cat.", "art and cat"),
        ("The answer is: art, bat and", "art bat and"),
        ('the answer is: "art" < [“bat” < `cat`].', "art bat cat"),
        ("the answer is: 'art' 'bat'. That is all.", "art bat"),
        ("the answer is: o’clock at&t.", "o'clock at&t"),
        ("the answer is:\nart bat\n\nDone.", "art bat"),
        ("answer is a b. No, the answer is b c.", "b c"),
        ("the answer is", None),
        ("the answer is: ...", None),
        ("art bat", None),
    ],
)
def test_the_flexible_answer_is_the_last_one_stated(text: str, answer: str | None) -> None:
    assert TASK.answer_flexible(text) == answer


@given(st.text() | st.text("answer i:*$-, 0123<\"'and\n\t", max_size=60).map("answer is{}".format))
def test_reading_an_answer_never_fails(text: str) -> None:
    for answer in (TASK.answer_flexible(text), TASK.answer(parse_attempt(text))):
        assert answer is None or answer == " ".join(answer.split())


@pytest.mark.parametrize(
    "piece",
    [" ", "*", "a ", "a", ",", " , ", ", and ", "answer is", "answer is: ", "'", "\n", ". "],
)
@patience()
def test_the_answer_of_a_megabyte_is_read_in_linear_time(piece: str) -> None:
    text = piece * (1_000_000 // len(piece))
    TASK.answer_flexible(f"The answer is{text}")
    TASK.answer(parse_attempt(f"(Final response) So the answer is: {text}."))
