"""Words sorted by given marks, and how hasty hands go wrong at it.

The counterpart of word sorting in the schooling of its student: the same kinds of lines, of errors
and of working, but what decides the order stands in the question and not in the words.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from engine.embedded.curriculum import Draw
from engine.embedded.words import draw_words, stranger
from engine.tasks.word_sorting_listing import Check, Found, until
from engine.tasks.word_sorting_rationale import HENCE, ORDER, SUBPART
from engine.trajectory import incorrect

_MOST_WORDS = 7
_HIGHEST_MARK = 26


@dataclass(frozen=True, slots=True)
class Entry:
    """Words with the same mark; none where only their order is told."""

    words: tuple[str, ...]
    mark: int | None = None


@dataclass(frozen=True, slots=True)
class Line:
    """What a line lists, after its head; ``wanted`` has the words in the order that they had."""

    head: str
    separator: str
    entries: tuple[Entry, ...]
    wanted: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        return f"{self.head}{self.separator.join(map(self.show, self.entries))}."

    def show(self, entry: Entry) -> str:
        words = [f'"{word}"' for word in entry.words]
        named = words[0] if len(words) == 1 else f"[{' ? '.join(words)}]"
        if entry.mark is None:
            return named
        return f"{named} ({entry.mark})" if self.separator == ", " else f"({entry.mark}) {named}"

    def until(self, at: int) -> str:
        """Quote an entry together with what stands before it, as feedback does."""
        return until(self.head, self.separator, [*map(self.show, self.entries)], at)


@dataclass(frozen=True, slots=True)
class Slip:
    """A spoiled line: the entry where it goes wrong, how that is found, and what feedback says."""

    line: Line
    at: int
    found: Found
    span: str
    reason: str


@dataclass
class Sorting:
    """Words sorted by their marks, line by line.

    ``step`` is where it goes wrong, if it does; ``span`` and ``reason`` tell of it. ``working``
    has the checks of all lines until then.
    """

    lines: list[str] = field(default_factory=list)
    working: list[str] = field(default_factory=list)
    step: str = ""
    span: str = ""
    reason: str = ""

    @property
    def text(self) -> str:
        return "\n".join(self.lines)

    def verdict(self) -> str:
        """Judge it in the words of feedback."""
        working = " ".join(self.working)
        if self.step:
            return replace(incorrect(self.step, self.span, self.reason), working=working).render()
        numbered = sum("." not in line[: line.index(")")] for line in self.lines)
        return f"{working} Steps (1) to ({numbered}) are correct."


class Marks:
    """Words with marks to be sorted by: the second mark decides where the first are the same."""

    def __init__(self, rng: Draw) -> None:
        self._rng = rng
        words = draw_words(rng, rng.upto(2, _MOST_WORDS))
        highest = rng.choice((3, 6, _HIGHEST_MARK))
        seconds = rng.sample(range(1, _HIGHEST_MARK + 1), len(words))
        self._marks = {
            word: (rng.randint(1, highest), second)
            for word, second in zip(words, seconds, strict=True)
        }

    @property
    def task(self) -> str:
        listed = ", ".join(f'"{word}" {a} {b}' for word, (a, b) in self._marks.items())
        return f"Task: sort by marks {listed}\n"

    def sort(self, slip_at: int | None = None) -> Sorting:
        """Sort; go wrong in the line of that index, if there is one, and on from there."""
        made = Sorting()

        def write(
            label: str, head: str, separator: str, entries: Iterable[Entry], wanted: Iterable[str]
        ) -> Sequence[Entry]:
            line, slip = Line(head, separator, tuple(entries), tuple(wanted)), None
            if len(made.lines) == slip_at:
                slip = self._slip(line)
                made.step, made.span, made.reason = label, slip.span, slip.reason
            if slip is not None or not made.step:
                made.working.append(self._check(label, line, slip))
            written = line if slip is None else slip.line
            made.lines.append(f"({label}) {written.text}")
            return written.entries

        marked = [Entry((word,), first) for word, (first, _) in self._marks.items()]
        marked = [*write("1", "Marks: ", ", ", marked, self._marks)]
        order: list[Entry] = []
        number = 3
        for group in write("2", ORDER, " < ", grouped(marked), self._marks):
            if len(set(group.words)) == 1:
                order += [Entry((word,)) for word in group.words]
                continue
            seconds = [Entry((word,), self._marks.get(word, (0, 1))[1]) for word in group.words]
            head = f"{SUBPART}{Line('', '', ()).show(Entry(group.words))} by marks: "
            seconds = [*write(str(number), head, ", ", seconds, group.words)]
            inner = write(f"{number}.1", ORDER, " < ", grouped(seconds), group.words)
            order += [Entry((word,)) for entry in inner for word in entry.words]
            number += 1
        write(str(number), HENCE, " < ", order, self._marks)
        return made

    def _check(self, label: str, right: Line, slip: Slip | None) -> str:
        """Look at each word of a line until it goes wrong, and then for each that is wanted."""
        check = Check(label)
        if slip is None or slip.found is Found.MISSING:
            read = right.entries if slip is None else slip.line.entries
            self._look_at(check, read)
            listed = [word for entry in read for word in entry.words]
            for word in right.wanted:
                check.look_for(word, listed)
            return check.text
        entry = slip.line.entries[slip.at]
        self._look_at(check, slip.line.entries[: slip.at])
        if slip.found is Found.WRONG:
            self._look_at_wrong(check, entry, right.entries[slip.at])
        else:
            check.look_at(entry.words[0], self._due(entry.words[0], entry), slip.found)
        return check.text

    def _look_at(self, check: Check, entries: Iterable[Entry]) -> None:
        for entry in entries:
            for word in entry.words:
                check.look_at(word, self._due(word, entry), Found.RIGHT)

    def _look_at_wrong(self, check: Check, entry: Entry, right: Entry) -> None:
        for word in entry.words:
            found = Found.RIGHT if word in right.words and entry.mark == right.mark else Found.WRONG
            check.look_at(word, self._due(word, right) if word in right.words else "", found)
            if found is Found.WRONG:
                return
        for word in right.words:
            if word not in entry.words:
                check.look_at(word, self._due(word, right), Found.MISSING)

    def _due(self, word: str, entry: Entry) -> str:
        """Write what is due with a word: the mark looked at, or in the end those that decide."""
        if entry.mark is not None:
            return f"({entry.mark})"
        first, second = self._marks[word]
        alone = sum(mark == first for mark, _ in self._marks.values()) == 1
        return f"({first})" if alone else f"({first}, {second})"

    def _slip(self, line: Line) -> Slip:
        """Spoil a line."""
        rng, entries = self._rng, [*line.entries]
        kinds = ["drop", "repeat", "alter", "alter", *(["swap"] * (line.separator == " < "))]
        kind = rng.choice(kinds) if len(entries) > 1 else "alter"
        at = rng.randrange(1 if kind in ("repeat", "swap") else 0, len(entries))
        right = line.show(entries[at])
        if kind == "alter":
            entries[at], why = self._altered(entries[at])
            changed = replace(line, entries=tuple(entries))
            span = changed.show(entries[at])
            return Slip(changed, at, Found.WRONG, span, why or f"it is {right}")
        if kind == "drop":
            del entries[at]
            found, reason = Found.MISSING, f"{right} is missing"
        elif kind == "repeat":
            entries[at] = entries[at - 1]
            found, reason = Found.AGAIN, f'"{entries[at].words[0]}" is listed already'
        else:
            entries[at - 1 : at + 1] = reversed(entries[at - 1 : at + 1])
            found, reason = Found.LATE, f"{line.show(entries[at])} comes before {right}"
        changed = replace(line, entries=tuple(entries))
        return Slip(changed, at, found, changed.until(at), reason)

    def _altered(self, entry: Entry) -> tuple[Entry, str]:
        """Spoil an entry; tell the reason, unless it is what the entry should be."""
        rng = self._rng
        if entry.mark is not None and rng.random() < 0.5:
            other = rng.choice([n for n in range(1, _HIGHEST_MARK + 1) if n != entry.mark])
            return replace(entry, mark=other), ""
        if len(entry.words) > 1 and rng.random() < 0.5:
            left = rng.sample(entry.words, len(entry.words) - 1)
            return replace(entry, words=tuple(left)), ""
        word = stranger(rng, self._marks)
        words = [*entry.words]
        words[rng.randrange(len(words))] = word
        return replace(entry, words=tuple(words)), f'"{word}" is not in the list'


def grouped(marked: Sequence[Entry]) -> list[Entry]:
    """Order words by their marks; those with the same one stand together."""
    by_mark: dict[int, list[str]] = {}
    for entry in marked:
        by_mark.setdefault(entry.mark or 0, []).extend(entry.words)
    return [Entry(tuple(words), mark) for mark, words in sorted(by_mark.items())]
