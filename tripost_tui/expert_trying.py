"""One expert looked at step by step: from its name to a planted error that it is shown.

Details may hold what a server or a model wrote: they are data, and cleaned before they are shown.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping

from engine.expert_settings import ExpertSettings
from engine.experts.candidates import opened_candidate, planted_errors
from engine.experts.prompts import Prompts
from engine.experts.team import expert_options
from engine.experts.trial import Part, Told, one_item_trial
from engine.tasks.base import Task
from local_experts.books import MemoryBook
from local_experts.discovery import find_openai
from local_experts.errors import (
    ContextTooSmall,
    ExpertAddressInvalid,
    ExpertError,
    ExpertRefused,
    KeyMissing,
    KeyRefused,
    LibraryMissing,
    ModelFileInvalid,
    ModelMissing,
    PromptTooLong,
)
from local_experts.keys import Key, key_names, key_place
from local_experts.names import BackEnd, ExpertName, parse_name
from local_experts.opening import open_expert
from local_experts.protocol import Expert, ExpertFacts
from tripost_tui.expert_addresses import key_of, url_of
from tripost_tui.expert_list import size_text
from tripost_tui.expert_questions import Finding, Step, repeated, schema_step

NO_ERRORS = (
    "No error can be planted in this task: it has no rationales that its own script accepts, or no "
    "script that names errors. A built-in task can stand in: --task multistep_arithmetic"
)


_LOOK_S = 10.0


class Trying:
    """An expert that is being looked at. ``key`` is never to be shown: see :meth:`hidden`."""

    def __init__(
        self, name: str, settings: ExpertSettings, environment: Mapping[str, str] | None = None
    ) -> None:
        self.name = parse_name(name)
        self.settings = settings
        self.failed = False
        self._environment = os.environ if environment is None else environment
        self._key: Key | None = None

    def hidden(self, text: str) -> str:
        """``text`` without the expert's key, should a server repeat it."""
        return text if self._key is None else self._key.hidden_in(text)

    def steps(self) -> Iterator[Step]:
        """Look at one thing after the other, until one keeps the expert from being used."""
        if self.name.back_end is BackEnd.GGUF:
            yield Step("name", Finding.OK, f"a file for llama.cpp: {self.name.model}")
        else:
            try:
                url = url_of(self.name, self._environment)
            except ExpertError as error:
                yield self.failure(error)
                return
            yield Step("name", Finding.OK, f"{self.name.model} at {url}, {self.name.back_end}")
            try:
                key = self._look_for_key(url)
            except ExpertError as error:
                yield self.failure(error)
                return
            yield key
        try:
            expert = open_expert(str(self.name), expert_options(self.settings), self._environment)
        except ExpertError as error:
            yield self.failure(error)
            return
        try:
            yield from self._asked(expert)
        finally:
            expert.close()

    def trial(self, task: Task, prompts: Prompts, seed: int) -> Iterator[Told]:
        """Show it one planted error, if the task has any. Raises an ExpertError."""
        errors = planted_errors(task, 1, seed)
        if not errors:
            yield Told(Part.QUESTION, NO_ERRORS)
            return
        planted = errors[0]
        with opened_candidate(str(self.name), self.settings, prompts, MemoryBook()) as candidate:
            fbk, imp = candidate.fbk(planted.item, seed), candidate.imp(planted.item, seed)
            yield from one_item_trial(task, planted, fbk, imp)

    def _look_for_key(self, url: str) -> Step:
        self._key = key_of(self.name, url, self._environment)
        openai = self.name.back_end is BackEnd.OPENAI
        possible = key_names(url, self._environment) if openai else ()
        if self._key is not None:
            place = key_place(self._key.name, self._environment)
            return Step("key", Finding.OK, f"{self._key.name} is set ({place})")
        if possible:
            fix = f"If it wants one: export {possible[0]}=…, or {_key_set(possible[0])}"
            return Step("key", Finding.NOTE, f"{' and '.join(possible)} not set", fix)
        return Step("key", Finding.OK, "none is sent")

    def _asked(self, expert: Expert) -> Iterator[Step]:
        try:
            facts = expert.facts()
            yield from self._of_facts(facts)
            # The first reply takes as long as loading the model does.
            yield schema_step(expert, self.settings)
            yield from repeated(expert, self.settings)
        except ExpertError as error:
            yield self.failure(error)

    def _of_facts(self, facts: ExpertFacts) -> Iterator[Step]:
        hosted = self.name.back_end is not BackEnd.GGUF
        version = "" if facts.version is None else f", version {facts.version}"
        yield Step("reachable", Finding.OK, f"it answers{version}" if hosted else "it can be read")
        known = [part for part in (facts.parameters, facts.quantisation) if part]
        if facts.size_bytes is not None:
            known.append(size_text(facts.size_bytes))
        if self._is_listed(facts):
            yield Step("model", Finding.OK, ", ".join(["it is there", *known]))
        else:
            yield Step(
                "model", Finding.NOTE, "the server has no list of models; the next step tells"
            )
        wanted, has = self.settings.context_tokens, facts.context_tokens
        if has is None:
            yield Step("context", Finding.NOTE, "nobody tells how long it is")
        elif has < wanted:
            detail = f"{has:,} tokens, fewer than the {wanted:,} of experts.context_tokens"
            yield Step("context", Finding.NOTE, detail, "A prompt that does not fit is refused.")
        else:
            yield Step("context", Finding.OK, f"{has:,} tokens, {wanted:,} are asked for")

    def _is_listed(self, facts: ExpertFacts) -> bool:
        """False where the server has no list of models, so that nobody knows yet."""
        if self.name.back_end is not BackEnd.OPENAI or facts.context_tokens is not None:
            return True
        url = url_of(self.name, self._environment)
        try:
            find_openai(url, None if self._key is None else self._key.value, _LOOK_S)
        except ExpertError:
            return False
        return True

    def failure(self, error: ExpertError) -> Step:
        """The step that an error belongs to, with what helps; the expert cannot be used."""
        self.failed = True
        step, fix = _what_to_do(error, self.name)
        return Step(step, Finding.FAILED, str(error), fix)


def _what_to_do(error: ExpertError, name: ExpertName) -> tuple[str, str]:
    """The step that an error belongs to, and what helps."""
    ollama = name.back_end is BackEnd.OLLAMA
    match error:
        case KeyMissing():
            return "key", f"export {name.key}=…, or {_key_set(name.key)}"
        case KeyRefused():
            return "key", "Set another one: tripost experts key list tells which are set."
        case ExpertAddressInvalid():
            return "name", "tripost experts list tells names that can be used."
        case LibraryMissing():
            return "library", "docs/experts.md says how to build it for a GPU."
        case ContextTooSmall():
            return "context", "Try a smaller one: --context-tokens, and experts.context_tokens."
        case PromptTooLong():
            return (
                "context",
                "experts.context_tokens has to hold a prompt and experts.reply_tokens.",
            )
        case ModelMissing() if ollama:
            return "model", f"ollama pull {name.model}"
        case ModelMissing() | ModelFileInvalid():
            return "model", "tripost experts list tells what is there."
        case ExpertRefused(status=404 | 405):
            ends = "has no path" if ollama else "ends in /v1 with most servers"
            return "reachable", f"Look at the address: it {ends}."
        case _ if ollama:
            return "reachable", "Start it (ollama serve), or say where it is: ollama:MODEL@URL."
        case _ if name.back_end is BackEnd.OPENAI:
            return "reachable", "Is the server running, is the address right? It ends in /v1."
    return "reachable", ""


def _key_set(name: str) -> str:
    return f"tripost experts key set {name}"
