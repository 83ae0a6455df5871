"""Chats as texts, and what a reasoning model thinks before it answers."""

import pytest

from local_experts.back_ends.chat_text import ChatText, plain_text, split_thinking
from local_experts.protocol import Message, Role


def test_without_a_template_speakers_are_named() -> None:
    chat = plain_text(
        [
            Message(Role.SYSTEM, "Be brief."),
            Message(Role.USER, "1 + 1?"),
            Message(Role.ASSISTANT, "2"),
            Message(Role.USER, "2 + 2?"),
        ]
    )
    assert chat.text == (
        "System: Be brief.\n\nUser: 1 + 1?\n\nAssistant: 2\n\nUser: 2 + 2?\n\nAssistant:"
    )
    assert chat.stops == ("\nSystem:", "\nUser:", "\nAssistant:")
    assert not chat.has_control_tokens


@pytest.mark.parametrize(
    ("reply", "begins", "text", "thinking"),
    [
        ("It is 4.", False, "It is 4.", ""),
        ("<think>2 + 2</think>\n\nIt is 4.", False, "It is 4.", "2 + 2"),
        ("\n<think>\n\n</think>\n\nIt is 4.", False, "It is 4.", ""),
        ("2 + 2</think>It is 4.", True, "It is 4.", "2 + 2"),
        ("<think>2 + 2</think>It is 4.", True, "It is 4.", "2 + 2"),
        ("<think>a</think><think>b</think>It is 4.", False, "It is 4.", "a\nb"),
        ("<think>2 + 2 is", False, "", "2 + 2 is"),
        ("2 + 2 is", True, "", "2 + 2 is"),
        ("A tag <think> is</think> text.", False, "A tag <think> is</think> text.", ""),
    ],
)
def test_thoughts_are_no_part_of_the_text(
    reply: str, begins: bool, text: str, thinking: str
) -> None:
    assert split_thinking(reply, begins) == (text, thinking)


def test_a_template_may_begin_the_thoughts() -> None:
    assert ChatText("<|user|>1 + 1?<|assistant|><think>\n").begins_thinking
    assert not ChatText("<|assistant|><think>\n\n</think>\n\n").begins_thinking
