"""What the word sorting student is schooled with is true, and is not what it is tested on."""

import re
from collections import Counter
from itertools import pairwise
from string import ascii_lowercase

import pytest

from engine.embedded.curriculum import Document, Draw, Progress
from engine.embedded.marks import Marks
from engine.embedded.sorting import CURRICULUM
from engine.embedded.sorting_skills import (
    SKILLS,
    amend,
    check,
    compare,
    copy,
    count,
    repeat,
    respell,
    review,
    spell,
)
from engine.embedded.words import draw_words, stranger
from engine.tasks.word_sorting import vocabulary
from engine.tasks.word_sorting_rationale import ORDINALS
from engine.trajectory import parse_feedback

LEVELS = [0.0, 0.5, 1.0]
FLAW = re.compile(r'[")] (wrong|again|late|missing)\b')


def drawn(kind: object, number: int, level: float = 1.0) -> list[Document]:
    rng = Draw(7)
    rng.level = level
    assert callable(kind)
    return [kind(rng) for _ in range(number)]


def marks_of(task: str) -> dict[str, tuple[int, int]]:
    return {w: (int(a), int(b)) for w, a, b in re.findall(r'"(\S+)" (\d+) (\d+)', task)}


def by_marks(task: str) -> list[str]:
    marks = marks_of(task)
    return sorted(marks, key=lambda word: marks[word])


def last_list(text: str) -> list[str]:
    return re.findall(r'"([^"]+)"', text.splitlines()[-1])


def place_of(task: str) -> int:
    found = re.match(r"Task: (\S+) letters", task)
    assert found is not None
    return ORDINALS.index(found[1]) + 1


def test_words_are_spelled_right() -> None:
    for task, answer in drawn(spell, 500):
        place, words = place_of(task), task.rstrip("\n").split(" letters of ")[1].split()
        spelled = re.findall(r'"(\S+)" ([^,]+?)(?:, |\.$)', answer)
        assert [word for word, _ in spelled] == words
        for word, letters in spelled:
            assert letters == "-".join(word[:place]) + "-" * (place > len(word))


def test_letters_are_looked_at_until_one_is_wrong() -> None:
    verdicts = Counter[bool]()
    for task, check_ in drawn(respell, 500):
        place = place_of(task)
        claims = re.findall(r'"(\S+?)"="(.?)" \((\d+)\)', task)
        seen = re.findall(r'"(\S+?)" (\S+) \((\d+)\) (right|wrong)', check_)
        for (word, sign, _), (looked_at, letters, number, verdict) in zip(
            claims, seen, strict=False
        ):
            assert looked_at == word
            assert letters == "-".join(word[:place]) + "-" * (place > len(word))
            due = word[place - 1 : place]
            assert number == str(ascii_lowercase.find(due or "?") + 1)
            assert (verdict == "right") == (sign == due)
        found = [verdict for *_, verdict in seen]
        assert found[:-1] == ["right"] * (len(found) - 1)
        assert found[-1] == "wrong" or len(seen) == len(claims)
        verdicts[found[-1] == "wrong"] += 1
    assert min(verdicts.values()) > 100


def test_numbers_are_ordered() -> None:
    for task, answer in drawn(count, 500):
        ordered = [int(n) for n in re.findall(r"\d+", answer)]
        assert ordered == sorted({int(n) for n in re.findall(r"\d+", task)})


@pytest.mark.parametrize("level", LEVELS)
def test_lists_are_compared_rightly(level: float) -> None:
    lost = Counter[int]()
    for task, check_ in drawn(compare, 1000, level):
        head, line, _ = task.split("\n")
        words, other = head.removeprefix("Task: compare ").split(), re.findall(r'"(\S+?)"', line)
        looked_for = re.findall(r'"(\S+?)" (in|missing)', check_)
        assert [word for word, _ in looked_for] == words
        assert all((found == "in") == (word in other) for word, found in looked_for)
        lost[len(words) - len(other)] += 1
    assert set(lost) == {0, 1}
    assert min(lost.values()) > 300


def test_words_are_repeated() -> None:
    for task, answer in drawn(repeat, 100):
        assert task == f"Task: repeat {answer}\n"


def test_lines_are_copied_but_for_what_is_replaced() -> None:
    replaced = 0
    for task, answer in drawn(copy, 500):
        head, text = task.split("\n", 1)
        if match := re.fullmatch(r"Task: replace (.*) by (.*)", head):
            replaced += 1
            assert text.count(match[1]) == 1
            assert answer + "\n" == text.replace(match[1], match[2])
        else:
            assert answer + "\n" == text
    assert 150 < replaced < 350


@pytest.mark.parametrize("level", LEVELS)
def test_words_are_sorted_by_their_marks(level: float) -> None:
    rng = Draw(3)
    rng.level = level
    for _ in range(500):
        marks = Marks(rng)
        made = marks.sort()
        assert last_list(made.text) == by_marks(marks.task)
        numbered = [line for line in made.lines if re.match(r"\(\d+\) ", line)]
        said = f" Steps (1) to ({len(numbered)}) are correct."
        assert made.verdict().endswith(said)
        working = made.verdict().removesuffix(said)
        assert working.count("Check (") == len(made.lines)
        assert not FLAW.search(working)


@pytest.mark.parametrize("level", LEVELS)
def test_a_slip_is_where_feedback_says_and_nowhere_before(level: float) -> None:
    reasons = Counter[str]()
    rng = Draw(5)
    rng.level = level
    for _ in range(2000):
        marks = Marks(rng)
        right = marks.sort()
        slip_at = rng.randrange(len(right.lines))
        made = marks.sort(slip_at)
        assert made.lines[:slip_at] == right.lines[:slip_at]
        assert made.lines[slip_at] != right.lines[slip_at]
        said = parse_feedback(made.verdict())
        assert said is not None
        assert made.lines[slip_at].startswith(f"({said.step}) ")
        assert said.span
        assert said.span in made.lines[slip_at]
        assert said.span not in right.lines[slip_at]
        assert said.reason
        checks = said.working.split("Check (")[1:]
        assert len(checks) == slip_at + 1
        assert not any(FLAW.search(check) for check in checks[:-1])
        assert FLAW.search(checks[-1])
        reasons[re.sub(r'\(\d+\) |".*?"|\[.*?\]| \(\d+\)', "", said.reason).strip()] += 1
    assert set(reasons) == {
        "it is",
        "is missing",
        "is listed already",
        "comes before",
        "is not in the list",
    }
    assert min(reasons.values()) > 50


@pytest.mark.parametrize("kind", [check, review])
def test_feedback_blames_only_what_is_wrong(kind: object) -> None:
    verdicts = Counter[bool]()
    for task, continuation in drawn(kind, 600):
        head, lines = task.rstrip("\n").split("\n", 1)
        feedback, _, update = continuation.removeprefix("Feedback: ").partition("\nUpdated")
        blamed = "In step" in feedback
        verdicts[blamed] += 1
        if not blamed:
            assert last_list(lines) == by_marks(head)
        if update:
            assert blamed
            assert last_list(update) == by_marks(head)
    assert min(verdicts.values()) > 100


def test_updates_are_right_and_keep_what_comes_before_the_flagged_line() -> None:
    for task, update in drawn(amend, 500):
        head, *lines, feedback = task.rstrip("\n").split("\n")
        said = parse_feedback(feedback.removeprefix("Feedback: "))
        assert said is not None
        new = update.split("\n")[1:]
        flagged = next(i for i, line in enumerate(lines) if line.startswith(f"({said.step}) "))
        assert new[:flagged] == lines[:flagged]
        assert new[flagged] != lines[flagged]
        assert last_list(update) == by_marks(head)


def test_words_differ_and_some_begin_alike() -> None:
    rng, alike = Draw(1), 0
    for _ in range(200):
        words = draw_words(rng, 7)
        assert len(set(words)) == 7
        assert set(words) <= set(vocabulary())
        assert stranger(rng, words) not in words
        alike += len({word[:2] for word in words}) < 7
    assert alike > 100


def test_the_shares_add_up_and_lessons_follow_each_other() -> None:
    assert sum(share for _, share in SKILLS) == pytest.approx(1)
    for lesson in CURRICULUM.lessons:
        assert sum(share for _, share in lesson.skills or SKILLS) == pytest.approx(1)
    assert all(one.until < other.until for one, other in pairwise(CURRICULUM.lessons))
    assert CURRICULUM.lessons[-1].until == 1


def test_documents_are_no_trajectories_and_have_no_unknown_signs() -> None:
    tokenizer = CURRICULUM.tokenizer()
    stream = CURRICULUM.documents(Draw(1), Progress(0.9))
    for _ in range(400):
        start, continuation = next(stream)
        ids = tokenizer(start + continuation)["input_ids"]
        assert tokenizer.unk_token_id not in ids
        assert tokenizer.decode(ids) == start + continuation
        # What is asked of the task is never judged.
        assert not (start.startswith("Q: ") and "Feedback:" in start + continuation)
