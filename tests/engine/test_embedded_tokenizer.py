"""The embedded student's tokenizer: nothing is lost, digits stand apart."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tiny_students import questions
from transformers import AutoTokenizer, PreTrainedTokenizerFast

from engine.embedded.arithmetic import PHRASES
from engine.embedded.sorting import CURRICULUM
from engine.embedded.tokenizer import EOS, PAD, UNKNOWN, build_tokenizer, learn_merges
from engine.tasks.multistep_arithmetic import MultistepArithmetic
from engine.tasks.word_sorting import vocabulary
from engine.trajectory import prompt

TOKENIZER = build_tokenizer(PHRASES)
SORTING = CURRICULUM.tokenizer()
CHARACTERS = "\n" + "".join(map(chr, range(32, 127)))

texts = st.lists(
    st.one_of(st.sampled_from(PHRASES), st.text(CHARACTERS, max_size=12)), max_size=8
).map("".join)


@given(texts)
def test_decoding_gives_back_what_was_encoded(text: str) -> None:
    assert TOKENIZER.decode(TOKENIZER(text)["input_ids"]) == text


@given(texts)
def test_every_printable_text_has_tokens(text: str) -> None:
    assert TOKENIZER.unk_token_id not in TOKENIZER(text)["input_ids"]


@given(st.integers())
def test_digits_stand_apart(number: int) -> None:
    assert TOKENIZER.tokenize(str(number)) == list(str(number))


def test_each_fixed_phrase_is_one_token() -> None:
    assert [TOKENIZER.tokenize(phrase) for phrase in PHRASES] == [[p] for p in PHRASES]


def test_the_longest_phrase_wins() -> None:
    assert TOKENIZER.tokenize("Updated Answer:") == ["Updated Answer:"]
    assert TOKENIZER.tokenize("My Answer:") == ["M", "y", " ", "Answer:"]


def test_what_it_does_not_know_is_one_unknown_token_and_harms_nothing_else() -> None:
    assert TOKENIZER.tokenize("1 × 2") == ["1", " ", UNKNOWN, " ", "2"]


def test_ids_do_not_change_from_build_to_build() -> None:
    assert build_tokenizer(PHRASES).get_vocab() == TOKENIZER.get_vocab()
    assert sorted(TOKENIZER.get_vocab().values()) == list(range(len(TOKENIZER)))
    assert [TOKENIZER.convert_tokens_to_ids(t) for t in (PAD, EOS, UNKNOWN)] == [0, 1, 2]


def test_saved_and_loaded_it_is_the_same(tmp_path: Path) -> None:
    TOKENIZER.save_pretrained(tmp_path)
    loaded = AutoTokenizer.from_pretrained(tmp_path)
    assert isinstance(loaded, PreTrainedTokenizerFast)
    assert loaded.get_vocab() == TOKENIZER.get_vocab()
    assert (loaded.pad_token, loaded.eos_token, loaded.padding_side) == (PAD, EOS, "left")
    for item in questions(5):
        text = prompt(item.question, MultistepArithmetic.hint) + item.rationale
        ids = loaded(text)["input_ids"]
        assert ids == TOKENIZER(text)["input_ids"]
        assert loaded.decode(ids) == text


@given(st.text(CHARACTERS + "é", max_size=40))
def test_with_words_nothing_is_lost_either(text: str) -> None:
    kept = text.replace("é", UNKNOWN)
    assert SORTING.decode(SORTING(text)["input_ids"]) == kept


def test_a_known_word_is_one_token_where_it_stands_alone() -> None:
    assert SORTING.tokenize("second 17 seconds 177 second-hand") == [
        *("second", " ", "17", " ", *SORTING.tokenize("seconds"), " ", "1", "7", "7", " "),
        *SORTING.tokenize("second-hand"),
    ]
    assert len(SORTING.tokenize("seconds")) > 1
    assert SORTING.tokenize('"a"="a" (16), ') == ['"', "a", '"="', "a", '" (', "16", "), "]


def test_other_words_fall_into_frequent_pieces() -> None:
    words = vocabulary()
    pieces = [SORTING.tokenize(word) for word in words]
    assert ["".join(tokens) for tokens in pieces] == list(words)
    assert sum(map(len, pieces)) < 0.5 * sum(map(len, words))


def test_merges_are_of_what_is_most_frequent() -> None:
    assert learn_merges(["thin", "this", "then"], 2) == [("t", "h"), ("th", "i")]


def test_a_phrase_given_twice_is_refused() -> None:
    for phrases in (["an", "an"], ["a"]):
        with pytest.raises(ValueError, match="twice"):
            build_tokenizer(phrases)
