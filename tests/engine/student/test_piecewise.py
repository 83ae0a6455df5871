"""Texts that pieces cut otherwise than their tokenizer would are counted."""

from chat_models import chat_tokenizer, published_tokenizer
from tiny_students import arithmetic_tokenizer

from engine.student.piecewise import count_cut_otherwise
from engine.student.text_format import TextFormat
from engine.trajectory import prompt

TEXTS = [
    (prompt("(1 + 2) =", ""), "(1) A = 3.\n", "Feedback:"),
    (prompt("(1 + 2) =", ""), "(1) An", "swer"),
]


def test_none_where_tokens_end_with_pieces() -> None:
    assert count_cut_otherwise(TextFormat(arithmetic_tokenizer()), TEXTS) == 0


def test_those_are_counted_of_which_a_token_goes_over_a_border() -> None:
    form = TextFormat(published_tokenizer("byte level"))
    assert [count_cut_otherwise(form, [text]) for text in TEXTS] == [0, 1]
    assert count_cut_otherwise(form, TEXTS) == 1


def test_chats_are_counted_too() -> None:
    form = TextFormat(chat_tokenizer("qwen2.5"), "chat")
    assert count_cut_otherwise(form, TEXTS) == 1
