"""Chats as texts, and what a reasoning model thinks before it answers."""

from local_experts.back_ends.chat_text import ChatText, plain_text
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


def test_a_template_may_begin_the_thoughts() -> None:
    assert ChatText("<|user|>1 + 1?<|assistant|><think>\n").begins_thinking
    assert not ChatText("<|assistant|><think>\n\n</think>\n\n").begins_thinking
