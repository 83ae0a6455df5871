"""What a model thinks is no part of its reply."""

import pytest

from local_experts.back_ends.replies import split_thinking

WRITTEN = [
    ("It is 4.", False, "It is 4.", ""),
    (" 4 \n", False, " 4 \n", ""),
    ("<think>2 + 2</think>\n\nIt is 4.\n", False, "It is 4.\n", "2 + 2"),
    ("\n<think>\n\n</think>\n\nIt is 4.", False, "It is 4.", ""),
    ("2 + 2</think>\nIt is 4.", False, "It is 4.", "2 + 2"),
    ("2 + 2</think>It is 4.", True, "It is 4.", "2 + 2"),
    ("<think>2 + 2</think>It is 4.", True, "It is 4.", "2 + 2"),
    ("<think>a</think><think>b</think>It is 4.", False, "It is 4.", "a\nb"),
    ("<think>a</think>4 and <think>b</think>5", False, "4 and 5", "a\nb"),
    ("a</think><think>b</think>4", False, "4", "a\nb"),
    ("<think>2 + 2 is", False, "", "2 + 2 is"),
    ("2 + 2 is", True, "", "2 + 2 is"),
    ("I <think you know", False, "I <think you know", ""),
]


@pytest.mark.parametrize(("written", "begins", "text", "thinking"), WRITTEN)
def test_thinking_is_told_apart(written: str, begins: bool, text: str, thinking: str) -> None:
    assert split_thinking(written, begins) == (text, thinking)
