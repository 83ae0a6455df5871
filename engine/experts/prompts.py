"""The prompts for FBK and IMP: files that a person may edit, and the messages made of them.

A file has ``system``, ``user`` and ``gold`` texts and ``[[examples]]``. Placeholders are names in
braces, such as ``{attempt}``; ``{{attempt}}`` writes the braces themselves. What is put in their
place is data: it is never looked through for placeholders, and cannot end the tags around it.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from engine.errors import project_error
from engine.experts.prompt_files import (
    FBK,
    IMP,
    PLACEHOLDER,
    PromptFile,
    packaged_folder,
    read_prompt_file,
)
from engine.experts.replies import plain_text
from engine.files import write_atomically
from engine.trajectory import FINAL_RESPONSE, Attempt, Feedback, incorrect
from local_experts.protocol import Message, Role

_TAG = re.compile(r"<(?=/?(?:question|attempt|feedback|kept|gold)\b)", re.IGNORECASE)
_NOTHING_KEPT = "none"


@dataclass(frozen=True, slots=True)
class Prompts:
    """What an expert is told of a task, as FBK and as IMP."""

    feedback: PromptFile
    improve: PromptFile
    _beginnings: dict[tuple[Path, bool], tuple[Message, ...]] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )

    @property
    def sources(self) -> tuple[Path, Path]:
        """The files of FBK and of IMP."""
        return self.feedback.path, self.improve.path

    @property
    def hash(self) -> str:
        """SHA-256 over the content of both files, in hex digits."""
        both = (hashlib.sha256(file.content).digest() for file in (self.feedback, self.improve))
        return hashlib.sha256(b"".join(both)).hexdigest()

    def feedback_messages(
        self, question: str, attempt: Attempt, gold: str | None = None
    ) -> tuple[Message, ...]:
        """Ask FBK for the first error of an attempt; ``gold`` is shown if there is one."""
        return self._messages(self.feedback, _values(question, attempt), gold)

    def improve_messages(
        self, question: str, attempt: Attempt, feedback: Feedback, gold: str | None = None
    ) -> tuple[Message, ...]:
        """Ask IMP to continue from the flagged step; ``gold`` is shown if there is one."""
        return self._messages(self.improve, _values(question, attempt, feedback), gold)

    def _messages(
        self, file: PromptFile, values: Mapping[str, str], gold: str | None
    ) -> tuple[Message, ...]:
        key = (file.path, gold is not None)
        beginning = self._beginnings.get(key)
        if beginning is None:
            # The same for every attempt, and longer than what follows.
            beginning = self._beginnings[key] = _beginning(file, show_gold=gold is not None)
        return (*beginning, _asked(file, values, gold))


def load_prompts(task_name: str, folders: Sequence[Path] = ()) -> Prompts:
    """Read the prompts of a task.

    Each file is the first there is: in ``folders``, among the packaged ones of the task, among the
    packaged ones for any task.

    Raises:
        ConfigError: it names the file, the key, and what is allowed.
    """
    places = [*folders, packaged_folder(task_name)]
    files = {kind: [place / kind.file for place in places] for kind in (FBK, IMP)}
    fbk, imp = (
        read_prompt_file(next(filter(_is_there, paths), paths[-1]), kind)
        for kind, paths in files.items()
    )
    return Prompts(fbk, imp)


def write_prompts(task_name: str, folder: Path) -> tuple[Path, ...]:
    """Copy a task's packaged prompts to ``folder``, to be edited there; return what was written.

    A file that is there is left as it is. Raises ProjectError.
    """
    written: list[Path] = []
    source = packaged_folder(task_name)
    for kind in (FBK, IMP):
        path = folder / kind.file
        try:
            folder.mkdir(parents=True, exist_ok=True)
            if not path.exists():
                write_atomically(path, (source / kind.file).read_bytes())
                written.append(path)
        except OSError as error:
            raise project_error(path, error) from error
    return tuple(written)


def _is_there(path: Path) -> bool:
    """Whether there is a file, or something that keeps one from being looked for."""
    try:
        return path.exists()
    except OSError:
        return True


def fill_in(template: str, values: Mapping[str, str]) -> str:
    """Put values in the place of a template's placeholders, each in one go and as data."""
    data = {name: _as_data(value) for name, value in values.items()}
    return PLACEHOLDER.sub(lambda m: f"{{{m[1]}}}" if m[1] else data[m[2]], template)


def _as_data(text: str) -> str:
    """The text without control characters, and without the tags that stand around such texts."""
    return _TAG.sub("< ", plain_text(text))


def _beginning(file: PromptFile, *, show_gold: bool) -> tuple[Message, ...]:
    """What is said before an attempt is shown: the task, and the examples."""
    messages = [Message(Role.SYSTEM, file.system)]
    for example in file.examples:
        asked = _values(example.question, example.attempt, example.feedback)
        messages.append(_asked(file, asked, example.gold if show_gold else None))
        messages.append(Message(Role.ASSISTANT, example.reply))
    return tuple(messages)


def _asked(file: PromptFile, values: Mapping[str, str], gold: str | None) -> Message:
    parts = [fill_in(file.user, values)]
    if gold is not None:
        parts.append(fill_in(file.gold, {"gold": gold}))
    return Message(Role.USER, "\n\n".join(parts))


def _values(question: str, attempt: Attempt, feedback: Feedback | None = None) -> dict[str, str]:
    values = {"question": question, "attempt": attempt.text}
    if feedback is None:
        return values
    step = feedback.step or FINAL_RESPONSE
    said = incorrect(step, feedback.span or "", feedback.reason or "")
    return values | {
        "feedback": said.render(),
        "kept": Attempt(attempt.before(step)).text or _NOTHING_KEPT,
        "step": step,
    }
