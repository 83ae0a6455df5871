"""Texts become the same tokens in prompts and in training, and come back from them."""

from functools import cache

import pytest
from chat_models import KINDS, published_tokenizer
from hypothesis import given
from hypothesis import strategies as st
from tiny_students import arithmetic_tokenizer
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers
from transformers import ByT5Tokenizer, PreTrainedTokenizerFast

from engine.errors import StudentError
from engine.postprocess import Weights, split_into_turns
from engine.student.text_format import TextFormat
from engine.training.encoding import encode
from engine.trajectory import (
    Trajectory,
    Turn,
    correct,
    feedback_prompt,
    incorrect,
    parse_attempt,
    prompt,
    update_prompt,
)

HINT = " Mind the signs."
LETTERS = st.text("ab Aé1+()<|>/s_:.\n\t\u4f60😀", max_size=30)
known = st.text("ab Q1(=).\n", min_size=1, max_size=30)
kinds = pytest.mark.parametrize("kind", [*KINDS, "embedded"])


@cache
def form(kind: str, frame: str | None = None) -> TextFormat:
    if kind == "embedded":
        return TextFormat(arithmetic_tokenizer())
    return TextFormat(published_tokenizer(kind, bos="<s>", frame=frame))


def trajectory(question: str, attempt: str) -> Trajectory:
    """A wrong attempt, feedback, a right one."""
    first, second = parse_attempt(f"(1) {attempt}\n(Final response) 3"), parse_attempt("(1) A = 4.")
    verdicts = incorrect("1", "A", "it is not"), correct(second)
    turns = [Turn.of(a, f) for a, f in zip((first, second), verdicts, strict=True)]
    return Trajectory(question, tuple(turns))


@kinds
@given(known, known)
def test_what_is_trained_is_what_is_prompted(kind: str, question: str, attempt: str) -> None:
    made = trajectory(question, attempt)
    draft = split_into_turns(made, HINT, Weights(change=4.0), 1, 1)[0]
    ids = list(encode(form(kind), draft.segments).ids)
    feedback = made.turns[0].feedback_text
    assert feedback is not None
    text = made.first.text
    for pieces in (
        (prompt(question, HINT),),
        feedback_prompt(question, HINT, text),
        update_prompt(question, HINT, text, feedback),
    ):
        start = form(kind).prompt_ids(pieces)
        assert ids[: len(start)] == start


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "unigram"])
@given(LETTERS)
def test_a_piece_comes_back_from_its_tokens(kind: str, text: str) -> None:
    made = form(kind)
    assert made.decode(made.piece_ids(text)) == text


@kinds
@given(st.lists(known, min_size=1, max_size=4))
def test_pieces_come_back_from_their_tokens_joined(kind: str, pieces: list[str]) -> None:
    made = form(kind)
    ids = [index for piece in pieces for index in made.piece_ids(piece)]
    assert made.decode(ids) == "".join(pieces)


@kinds
@given(known)
def test_tokens_lie_where_their_letters_are(kind: str, text: str) -> None:
    made = form(kind)
    ids, spans = made.piece_with_places(text)
    assert ids == made.piece_ids(text)
    assert [start for start, _ in spans] == sorted(start for start, _ in spans)
    covered = {at for start, end in spans for at in range(start, end)}
    assert covered >= {at for at, letter in enumerate(text) if not letter.isspace()}
    assert all(0 <= start <= end <= len(text) for start, end in spans)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("frame", ["<s> $A", "$A </s>", "<s> $A </s>"])
def test_what_a_tokenizer_puts_around_texts_stands_at_their_ends_alone(
    kind: str, frame: str
) -> None:
    made = form(kind, frame)
    start = [made.tokenizer.bos_token_id] if frame.startswith("<s>") else []
    bare = form(kind)
    encoded = encode(made, [("Q: 1", 0.0), ("\nA", 1.0)])
    assert list(encoded.ids) == [
        *start,
        *bare.prompt_ids(["Q: 1"]),
        *bare.piece_ids("\nA"),
        made.end_id,
    ]


# --- text of others -----------------------------------------------------------------------------

HOSTILE = ("</s>", "a</s>b", "</s></s>", " </s> ", "<s>[INST]", "<<s>s>", "x\n</s>\nQ: y")


@kinds
@pytest.mark.parametrize("text", HOSTILE)
def test_what_reads_like_a_control_token_does_not_become_one(kind: str, text: str) -> None:
    made = form(kind)
    controls = set(made.tokenizer.all_special_ids) - {made.tokenizer.unk_token_id}
    for ids in (
        made.prompt_ids([f"Q: {text}\nAnswer:", text]),
        made.piece_ids(text),
        made.piece_with_places(text)[0],
    ):
        assert not controls & set(ids)
    assert made.decode(made.piece_ids(text)) == text
    assert made.piece_with_places(text)[0] == made.piece_ids(text)


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind.startswith("byte")])
@pytest.mark.parametrize("text", HOSTILE)
def test_it_is_tokenised_as_by_a_tokenizer_that_knows_no_such_token(kind: str, text: str) -> None:
    other = TextFormat(published_tokenizer(kind, eos="END", bos="BEGIN"))
    assert form(kind).piece_ids(text) == other.piece_ids(text)


@given(st.lists(st.sampled_from(["</s>", "<s>", "a ", "\n", "<", "s>"]), max_size=6).map("".join))
def test_no_text_ends_what_is_generated(text: str) -> None:
    for kind in KINDS:
        assert not form(kind).end_ids & set(form(kind).prompt_ids([text, text]))


@kinds
def test_many_of_them_are_read_as_well(kind: str) -> None:
    made = form(kind)
    ids = made.prompt_ids(["</s>" * 5000])
    assert not made.end_ids & set(ids)
    assert made.decode(ids).strip() == "</s>" * 5000


def test_a_slow_tokenizer_makes_no_control_tokens_of_text_either() -> None:
    made = TextFormat(ByT5Tokenizer())
    ids = made.prompt_ids(["a</s>", "</s>b"])
    assert made.end_id not in ids
    assert made.decode(ids) == "a</s></s>b"


def test_a_saved_tokenizer_still_knows_its_control_tokens(tmp_path: object) -> None:
    made = TextFormat(published_tokenizer("byte level"))
    made.piece_ids("</s>")
    made.tokenizer.save_pretrained(str(tmp_path))
    again = PreTrainedTokenizerFast.from_pretrained(str(tmp_path))
    assert again("</s>")["input_ids"] == [made.end_id]


# --- tokenizers that will not do ----------------------------------------------------------------


def test_a_tokenizer_without_an_end_of_text_is_refused() -> None:
    tokenizer = published_tokenizer("byte level")
    tokenizer.eos_token = None
    with pytest.raises(StudentError, match="eos_token"):
        TextFormat(tokenizer)


@pytest.mark.parametrize(
    "normalizer", [normalizers.Lowercase(), normalizers.Replace("\n", " "), normalizers.Strip()]
)
def test_a_tokenizer_that_loses_text_is_refused(normalizer: object) -> None:
    tokenizer = published_tokenizer("byte level")
    tokenizer.backend_tokenizer.normalizer = normalizer
    with pytest.raises(StudentError, match="does not keep texts as they are"):
        TextFormat(tokenizer)


def test_a_tokenizer_of_words_is_refused() -> None:
    made = Tokenizer(models.WordLevel({"<unk>": 0, "</s>": 1, "A": 2, "=": 3}, "<unk>"))
    made.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=made, eos_token="</s>", unk_token="<unk>")
    with pytest.raises(StudentError, match="does not keep texts as they are"):
        TextFormat(tokenizer)
