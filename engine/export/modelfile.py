r"""Ollama's Modelfile: where the weights are, how a question is put, when a reply ends.

Syntax: Ollama's docs/modelfile.mdx and parser. A value in three quotation marks goes as it is up to
the next three; the template in it is one of Go's, in which ``{{`` begins an expression. A student
that was trained on plain text gets its question as that text has it, with no roles around it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

_PROMPT, _RESPONSE = "{{ .Prompt }}", "{{ .Response }}"


@dataclass(frozen=True, slots=True)
class Speech:
    """How a student is asked, as text: ``before`` the question, ``after`` it up to its attempt.

    ``stops`` are the texts of the tokens that end what it writes; ``attempt_tokens`` is the longest
    attempt and the longest feedback that it was tested with; ``context_tokens`` all that it can
    look at, None where it does not say.
    """

    before: str
    after: str
    stops: Sequence[str]
    attempt_tokens: int
    context_tokens: int | None = None
    is_chat: bool = False

    def prompt(self, question: str) -> str:
        return f"{self.before}{question}{self.after}"

    @property
    def reply_tokens(self) -> int:
        """Enough for an attempt, feedback on it, and an updated attempt."""
        return 3 * self.attempt_tokens


def modelfile(file: str, speech: Speech, notes: Sequence[str] = ()) -> str:
    """Write a Modelfile for the GGUF file ``file`` beside it; ``notes`` become comments."""
    values: Mapping[str, object] = {
        # The tests ask greedily; Ollama's own default also punishes repeats, and updates repeat.
        "temperature": 0,
        "repeat_penalty": 1,
        "num_predict": speech.reply_tokens,
        **({"num_ctx": min(speech.context_tokens, 8192)} if speech.context_tokens else {}),
    }
    lines = [f"# {' '.join(note.split())}" for note in notes]
    lines += [f"FROM ./{file}", f'TEMPLATE """{template(speech)}"""']
    lines += [f"PARAMETER {name} {value}" for name, value in values.items()]
    lines += [f"PARAMETER stop {_quoted(stop)}" for stop in speech.stops if _can_stop(stop)]
    return "\n".join(lines) + "\n"


def template(speech: Speech) -> str:
    """Write the template: what stands around the question, and the place of the reply."""
    return f"{_literal(speech.before)}{_PROMPT}{_literal(speech.after)}{_RESPONSE}"


def _literal(text: str) -> str:
    """Write a text so that Go's templates and the Modelfile both leave it as it is."""
    # A single brace or quotation mark at an end could make two or three with what comes next.
    signs = {"{": '{{ "{" }}', '"': '{{ "\\"" }}'}
    return "".join(signs.get(sign, sign) for sign in text)


def _can_stop(stop: str) -> bool:
    """Whether it can be written; an end of text ends a reply by its token all the same."""
    return bool(stop) and stop.isprintable() and '"""' not in stop and not stop.endswith('"')


def _quoted(stop: str) -> str:
    return f'"""{stop}"""'
