"""Word sorting: its questions and gold rationales."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from db.records import Split, Subtask
from engine.tasks import word_sorting
from engine.tasks.base import split_of
from engine.tasks.word_sorting import Length, WordSorting, vocabulary
from engine.trajectory import Trajectory, Turn, correct, parse_attempt, render
from engine.trajectory import parse as parse_trajectory

TASK = WordSorting()


def question_of(*words: str) -> str:
    return f"Sort the following words alphabetically:\nList: {' '.join(words)}"


def words_of(question: str) -> list[str]:
    return question.split("List: ")[1].split(" ")


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


# --- items -------------------------------------------------------------------------------------


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


@given(st.permutations(["b", "at&t", "a", "art", "o'clock"]))
def test_the_order_of_words_does_not_change_the_split(words: list[str]) -> None:
    other = question_of(*sorted(words), words[0])
    assert TASK.content(question_of(*words)) == TASK.content(other)


def test_a_difficulty_of_few_questions_is_used_up(monkeypatch: pytest.MonkeyPatch) -> None:
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


def test_the_vocabulary_has_what_makes_sorting_hard() -> None:
    words = vocabulary()
    assert len(words) == len(set(words)) > 5_000
    assert list(words) == sorted(words)
    assert all(word.isascii() and word == word.lower() for word in words)
    assert sum("'" in word for word in words) >= 10
    assert sum("&" in word for word in words) >= 3
    assert sum(after.startswith(word) for word, after in pairwise(words)) > 500
