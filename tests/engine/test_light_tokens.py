"""Without torch, texts become the same tokens with the same weights as in training."""

from functools import cache
from pathlib import Path

import pytest
from chat_models import KINDS, STYLES, chat_tokenizer, published_tokenizer
from hypothesis import given
from hypothesis import strategies as st
from tiny_students import arithmetic_tokenizer

from db.records import Segment
from engine.config import Settings, with_values
from engine.light_tokens import Basis, Tokens, length_limit, tokens_of
from engine.student.text_format import TextFormat
from engine.training.encoding import encode

LETTERS = st.text("ab Aé1+()<|>/s_:.\n\t\u4f60😀", max_size=30)
kinds = pytest.mark.parametrize("kind", [*KINDS, "embedded"])


@st.composite
def segments(draw: st.DrawFn) -> list[Segment]:
    """A question, and pieces of which some have weights by characters."""
    found: list[Segment] = [
        ("Q: " + draw(LETTERS) + "\nAnswer:", draw(st.sampled_from([0.0, 1.0])))
    ]
    for _ in range(draw(st.integers(1, 3))):
        text = draw(LETTERS.filter(bool))
        if draw(st.booleans()):
            found.append((text, 1.5))
            continue
        at = draw(st.integers(1, len(text)))
        runs = [(at, 1.5), (len(text) - at, 3.0)]
        found.append((text, tuple((n, w) for n, w in runs if n)))
    return found


@cache
def both(kind: str, folder: Path) -> tuple[TextFormat, Tokens]:
    embedded = kind == "embedded"
    tokenizer = arithmetic_tokenizer() if embedded else published_tokenizer(kind, bos="<s>")
    place = folder / kind.replace(" ", "-")
    tokenizer.save_pretrained(place)
    (place / "config.json").write_text(
        '{"model_type": "llama", "architectures": ["LlamaForCausalLM"],'
        ' "max_position_embeddings": 512}'
    )
    (place / "model.safetensors").write_bytes(b"\x08\x00\x00\x00\x00\x00\x00\x00{}      ")
    settings = with_values(Settings(), {"student.path": str(place)})
    return TextFormat(tokenizer), tokens_of(settings)


@kinds
@given(pieces=segments())
def test_they_are_those_of_training(
    kind: str, pieces: list[Segment], tmp_path_factory: pytest.TempPathFactory
) -> None:
    form, tokens = both(kind, tmp_path_factory.getbasetemp())
    assert tokens.are_known, tokens.why
    encoded = encode(form, pieces)
    shown = tokens.pieces(pieces)
    assert tokens.count(pieces) == len(encoded)
    assert sum(piece.tokens for piece in shown) == len(encoded)
    assert "".join(piece.text for piece in shown) == "".join(text for text, _ in pieces)
    # The first token has no predictor; a character may be several tokens, of one weight each.
    by_token = [piece.weight for piece in shown for _ in range(piece.tokens)]
    assert sorted(by_token[1:]) == sorted(encoded.weights[1:])


def test_without_a_tokenizer_weights_are_by_characters(tmp_path: Path) -> None:
    settings = with_values(Settings(), {"student.path": str(tmp_path / "gone")})
    tokens = tokens_of(settings)
    assert tokens.basis is Basis.CHARACTERS
    assert tokens.why
    pieces = tokens.pieces([("Q: a", 0.0), ("bcd", ((1, 1.0), (2, 3.0)))])
    assert [(piece.text, piece.weight) for piece in pieces] == [
        *(("Q: a", 0.0), ("b", 1.0), ("cd", 3.0), ("", 3.0))
    ]
    assert tokens.count([("Q: a", 0.0)]) == 0


def test_a_damaged_tokenizer_is_no_reason_to_fail(tmp_path: Path) -> None:
    both("embedded", tmp_path)
    folder = tmp_path / "embedded"
    (folder / "tokenizer.json").write_text('{"version": "1.0"}')
    tokens = tokens_of(with_values(Settings(), {"student.path": str(folder)}))
    assert (tokens.basis, bool(tokens.why)) == (Basis.CHARACTERS, True)


def test_a_chat_is_counted_without_its_frame_and_says_so(tmp_path: Path) -> None:
    both("embedded", tmp_path)
    folder = tmp_path / "embedded"
    chat_tokenizer(next(iter(STYLES))).save_pretrained(folder)
    tokens = tokens_of(with_values(Settings(), {"student.path": str(folder)}))
    assert tokens.basis is Basis.NEARLY
    assert tokens.why


def test_the_shorter_limit_holds(tmp_path: Path) -> None:
    both("embedded", tmp_path)
    settings = with_values(Settings(), {"student.path": str(tmp_path / "embedded")})
    assert length_limit(settings) == 512
    assert length_limit(with_values(settings, {"train.max_tokens": 100})) == 100


@pytest.mark.parametrize("limit", [5, 40])
def test_very_long_texts_are_long_and_shown_by_characters(tmp_path: Path, limit: int) -> None:
    _, tokens = both("embedded", tmp_path)
    short: list[Segment] = [("Q: 1", 0.0), ("(1) 2", 1.0)]
    assert tokens.is_long(short, limit) == (tokens.count(short) > limit)
    long: list[Segment] = [("Q: 1", 0.0), ("x" * 200_000, 1.5)]
    assert tokens.is_long(long, limit)
    pieces, basis, why = tokens.look(long)
    assert (basis, len(pieces)) == (Basis.CHARACTERS, 3)
    assert "100,000" in why
    assert tokens.look(short) == (tokens.pieces(short), Basis.TOKENS, "")
