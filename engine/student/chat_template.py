"""What a tokenizer's chat template writes around a question and the reply to it.

It is read once, from one whole exchange as the template writes it: what stands before the
question, between both, and behind the reply. That is what a chat model was tuned on; some templates
write something else where a reply is still to come.
"""

from __future__ import annotations

from dataclasses import dataclass

from jinja2 import TemplateError
from transformers import PreTrainedTokenizerBase

from engine.errors import StudentError

_QUESTION, _REPLY = "What-is-asked", "What-is-replied"

_SAME_DAY = "{%- macro strftime_now(format) -%}26 Jul 2024{%- endmacro -%}"
"""Llama 3 and SmolLM3 write today's date; a run that is taken up tomorrow must write the same."""

_FAILURES = (
    TemplateError,
    ArithmeticError,
    AttributeError,
    LookupError,
    RecursionError,
    TypeError,
    ValueError,
)
"""What a template may raise; it is a program that others wrote."""


@dataclass(frozen=True, slots=True)
class Frame:
    """The template's own text: ``before`` the question, ``between`` it and the reply, ``after``.

    ``lead`` are the blanks between ``between`` and the reply; ``trims`` says that a question is
    written without the blanks around it.
    """

    before: str
    between: str
    lead: str
    after: str
    trims: bool


def read_template(tokenizer: PreTrainedTokenizerBase) -> Frame:
    """Read the chat template of a tokenizer.

    Raises:
        StudentError: it has none, or one that does not write a question and a reply as they are.
    """
    if not tokenizer.chat_template:
        raise StudentError(
            'student.prompting is "chat", but its tokenizer has no chat template. Set '
            'student.prompting to "plain".',
            "The student has no chat template",
        )
    try:
        template = _SAME_DAY + tokenizer.get_chat_template()
        whole, spaced = (_rendered(tokenizer, template, q) for q in (_QUESTION, f" {_QUESTION} "))
    except _FAILURES as error:
        raise useless(f"it fails: {error}") from error
    before, asked, rest = whole.partition(_QUESTION)
    between, replied, after = rest.partition(_REPLY)
    if not asked or not replied or _QUESTION in rest or _REPLY in after:
        raise useless("it does not write one question and one reply, each as it is")
    trims = spaced == whole
    if not trims and spaced != whole.replace(_QUESTION, f" {_QUESTION} "):
        raise useless("it changes the blanks around a question")
    bare = between.rstrip(" ")
    return Frame(before, bare, between.removeprefix(bare), after, trims)


def useless(why: str) -> StudentError:
    """Return the error of a template that cannot be used."""
    return StudentError(
        f"The chat template of its tokenizer cannot be used: {why}. Set student.prompting to "
        '"plain".',
        "The chat template cannot be used",
    )


def _rendered(tokenizer: PreTrainedTokenizerBase, template: str, question: str) -> str:
    messages = [
        {"role": "user", "content": question},
        {"role": "assistant", "content": _REPLY},
    ]
    return str(
        tokenizer.apply_chat_template(
            messages,
            chat_template=template,
            tokenize=False,
            # Thoughts before the answer are no part of a trajectory; other templates ignore it.
            enable_thinking=False,
            # Where a template takes the date from its caller.
            date_string="26 Jul 2024",
        )
    )
