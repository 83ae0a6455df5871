"""Words sorted by given marks, and how hasty hands go wrong at it.

The counterpart of word sorting in the schooling of its student: the same kinds of lines and of
errors, but what decides the order stands in the question and not in the words.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from engine.embedded.curriculum import Draw
from engine.embedded.words import draw_words, misspelt
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
class Listing:
    """What a line lists, after its head."""

    head: str
    separator: str
    entries: tuple[Entry, ...]

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
        shown = [self.show(entry) for entry in self.entries]
        if at == 0:
            return f"{self.head.rpartition('] ')[2]}{shown[0]}"
        if at == len(shown):
            return f"{shown[-1]}."
        return f"{shown[at - 1]}{self.separator}{shown[at]}"


@dataclass
class Sorting:
    """Words sorted by their marks, line by line.

    ``step`` is where it goes wrong, if it does; ``span`` and ``reason`` tell of it.
    """

    lines: list[str] = field(default_factory=list)
    step: str = ""
    span: str = ""
    reason: str = ""

    @property
    def text(self) -> str:
        return "\n".join(self.lines)

    def verdict(self) -> str:
        """Judge it in the words of feedback."""
        if self.step:
            return incorrect(self.step, self.span, self.reason).render()
        numbered = sum("." not in line[: line.index(")")] for line in self.lines)
        return f"Steps (1) to ({numbered}) are correct."


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

        def write(label: str, head: str, separator: str, entries: Iterable[Entry]) -> list[Entry]:
            listing = Listing(head, separator, tuple(entries))
            if len(made.lines) == slip_at:
                listing, made.span, made.reason = self._slip(listing)
                made.step = label
            made.lines.append(f"({label}) {listing.text}")
            return list(listing.entries)

        marked = [Entry((word,), first) for word, (first, _) in self._marks.items()]
        marked = write("1", "Marks: ", ", ", marked)
        order: list[Entry] = []
        number = 3
        for group in write("2", ORDER, " < ", grouped(marked)):
            if len(set(group.words)) == 1:
                order += [Entry((word,)) for word in group.words]
                continue
            seconds = [Entry((word,), self._marks.get(word, (0, 1))[1]) for word in group.words]
            head = f"{SUBPART}{Listing('', '', ()).show(Entry(group.words))} by marks: "
            seconds = write(str(number), head, ", ", seconds)
            inner = write(f"{number}.1", ORDER, " < ", grouped(seconds))
            order += [Entry((word,)) for entry in inner for word in entry.words]
            number += 1
        write(str(number), HENCE, " < ", order)
        return made

    def _slip(self, listing: Listing) -> tuple[Listing, str, str]:
        """Spoil a listing; tell the span and the reason."""
        rng, entries = self._rng, list(listing.entries)
        kinds = ["drop", "repeat", "alter", "alter", *(["swap"] * (listing.separator == " < "))]
        kind = rng.choice(kinds) if len(entries) > 1 else "alter"
        at = rng.randrange(1 if kind in ("repeat", "swap") else 0, len(entries))
        right = listing.show(entries[at])
        if kind == "alter":
            entries[at], why = self._altered(entries[at])
            changed = replace(listing, entries=tuple(entries))
            return changed, listing.show(entries[at]), why or f"it is {right}"
        if kind == "drop":
            del entries[at]
            reason = f"{right} is missing"
        elif kind == "repeat":
            entries[at] = entries[at - 1]
            reason = f'"{entries[at].words[0]}" is listed already'
        else:
            entries[at - 1 : at + 1] = reversed(entries[at - 1 : at + 1])
            reason = f"{listing.show(entries[at])} comes before {right}"
        changed = replace(listing, entries=tuple(entries))
        return changed, changed.until(at), reason

    def _altered(self, entry: Entry) -> tuple[Entry, str]:
        """Spoil an entry; tell the reason, unless it is what the entry should be."""
        rng = self._rng
        if entry.mark is not None and rng.random() < 0.5:
            other = rng.choice([n for n in range(1, _HIGHEST_MARK + 1) if n != entry.mark])
            return replace(entry, mark=other), ""
        if len(entry.words) > 1:
            left = rng.sample(entry.words, len(entry.words) - 1)
            return replace(entry, words=tuple(left)), ""
        word = misspelt(rng, entry.words[0])
        while word in self._marks:
            word = misspelt(rng, word)
        return replace(entry, words=(word,)), f'"{word}" is not in the list'


def grouped(marked: Sequence[Entry]) -> list[Entry]:
    """Order words by their marks; those with the same one stand together."""
    by_mark: dict[int, list[str]] = {}
    for entry in marked:
        by_mark.setdefault(entry.mark or 0, []).extend(entry.words)
    return [Entry(tuple(words), mark) for mark, words in sorted(by_mark.items())]
