"""Words are found in the same items however few of their texts are looked at."""

from collections.abc import Sequence
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from engine.comparing import Pairs
from tripost_tui.state.items_desk import with_words
from tripost_tui.state.items_store import StoreItems
from tripost_tui.state.models import Model

FIRST, SECOND = (Model(Path("p"), "p", 1, iteration) for iteration in (0, 1))
words = st.text("abc", max_size=4)
tests = st.lists(st.tuples(words, words, words), max_size=40)


class PlayedTexts(StoreItems):
    """Texts of items: the question, and what each of the two models wrote."""

    def __init__(self, rows: Sequence[tuple[str, str, str]], base: int) -> None:
        super().__init__()
        self.rows, self.base = rows, base
        self.looked_at = 0

    def with_words(self, model: Model, words: str, among: Sequence[int] | None = None) -> set[int]:
        side, base = (1, 0) if model == FIRST else (2, self.base)
        wanted = range(base, base + len(self.rows)) if among is None else among
        self.looked_at += len(wanted)
        return {key for key in wanted if words in self.rows[key - base][side]}

    def asked_with(self, model: Model, words: str) -> set[int]:
        assert model == FIRST
        return {key for key, row in enumerate(self.rows) if words in row[0]}


def paired(rows: Sequence[object], base: int) -> Pairs:
    count = len(rows)
    ids, others = range(count), range(base, base + count)
    return Pairs(ids, others, bytes(count), bytes(count), count, count, count)


@given(tests, st.lists(st.text("abc", min_size=1, max_size=2), max_size=3))
def test_each_word_stands_in_some_text_of_an_item(
    rows: list[tuple[str, str, str]], wanted: list[str]
) -> None:
    expected = {
        at
        for at, texts in enumerate(rows)
        if all(any(word in text for text in texts) for word in wanted)
    }
    # Other ids in the second model's database: none may be taken for the first one's.
    port = PlayedTexts(rows, 1_000)
    assert with_words(port, paired(rows, 1_000), (FIRST, SECOND), " ".join(wanted)) == expected


def test_texts_are_not_looked_at_where_the_word_is_found_already() -> None:
    rows = [("", "ab", "ab")] * 99 + [("", "", "ab")]
    port = PlayedTexts(rows, 0)
    assert len(with_words(port, paired(rows, 0), (FIRST, SECOND), "a b")) == 100
    # All of the first, one of the second, for either word.
    assert port.looked_at == 202
