"""The experts within reach as the doctor's findings. None is needed: scripts can be the experts."""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterable
from contextlib import closing

from engine.doctor import Check, Status
from engine.expert_settings import SCRIPT, ExpertSettings
from local_experts.discovery import Discovery
from local_experts.errors import (
    ContextTooSmall,
    ExpertError,
    ExpertUnreachable,
    KeyMissing,
    KeyRefused,
    LibraryMissing,
    ModelFileInvalid,
    ModelMissing,
)
from local_experts.gguf import GgufFile
from local_experts.names import BackEnd, parse_name
from local_experts.protocol import ExpertFacts

_NAMED = 8
_NO_NEED = "Scripted experts need no server."


def expert_checks(found: Discovery) -> list[Check]:
    """One finding for each kind of expert. Texts hold names from servers: clean before showing."""
    files = [problem for problem in found.problems if isinstance(problem, ModelFileInvalid)]
    checks = []
    if found.ollama is not None:
        models = _listed([model.name for model in found.ollama.models], "no models")
        detail = f"{found.ollama.version} at {found.ollama.url}: {models}"
        checks.append(Check("ollama", Status.OK, detail))
    if found.ollama_problem is not None:
        checks.append(_no_ollama(found.ollama_problem))
    if found.openai is not None:
        detail = f"{found.openai.url}: {_listed(found.openai.models, 'no models')}"
        checks.append(Check("openai-compatible", Status.OK, detail))
    if found.openai_problem is not None:
        fix = "Start the server, or set OPENAI_BASE_URL and the key. " + _NO_NEED
        checks.append(Check("openai-compatible", Status.WARNING, str(found.openai_problem), fix))
    checks.append(Check("gguf files", Status.OK, _listed(map(_gguf, found.gguf), "none found")))
    checks += [Check("gguf files", Status.WARNING, str(problem)) for problem in files]
    version = found.llama_cpp or "not installed (pip install 'tripost-tui[llama-cpp]')"
    checks.append(Check("llama-cpp-python", Status.OK, version))
    return checks


def expert_check(name: str, settings: ExpertSettings) -> Check:
    """Whether one expert can be asked, by its name in the settings; nothing is generated.

    A server may take some seconds to answer. Texts may be the server's: clean before showing.
    """
    if name == SCRIPT:
        return Check(name, Status.OK, "the task's own scripts")
    from engine.experts.team import expert_options
    from local_experts.opening import open_expert

    try:
        with closing(open_expert(name, expert_options(settings))) as expert:
            facts = expert.facts()
    except ExpertError as error:
        return Check(name, Status.ERROR, f"{error.title}: {error.message}", _fix(name, error))
    return Check(name, Status.OK, f"{name}{_told(facts)}")


def _told(facts: ExpertFacts) -> str:
    parts = [facts.parameters, facts.quantisation]
    if facts.size_bytes:
        parts.append(f"{facts.size_bytes / 1e9:.1f} GB")
    if facts.context_tokens:
        parts.append(f"context {facts.context_tokens:,}")
    said = ", ".join(part for part in parts if part)
    return f" ({said})" if said else " is there"


def _fix(name: str, error: ExpertError) -> str:
    """What to do about it, where the message does not say so."""
    back_end, model = parse_name(name).back_end, parse_name(name).model
    other = f'or choose another expert, or "{SCRIPT}"'
    match error:
        case ExpertUnreachable() if back_end is BackEnd.OLLAMA:
            return f"Start it (ollama serve), set OLLAMA_HOST, {other}."
        case ExpertUnreachable():
            return f"Start the server, check its address, {other}."
        case KeyMissing() | KeyRefused():
            return f"Set the key in the environment or the keyring, {other}."
        case ModelMissing() if back_end is BackEnd.OLLAMA:
            return f"Fetch it (ollama pull {shlex.quote(model)}), {other}."
        case ModelMissing():
            return f"Name a model that is there, {other}."
        case LibraryMissing():
            return f"Install it, {other}."
        case ContextTooSmall():
            return f"Set experts.context_tokens lower in the project's settings, {other}."
        case _:
            return f"Check its address and what answers there, {other}."


def _no_ollama(problem: ExpertError) -> Check:
    """Nobody has to have one: where none was named and none listens, that is as it should be."""
    if isinstance(problem, ExpertUnreachable) and not os.environ.get("OLLAMA_HOST"):
        return Check("ollama", Status.OK, f"none answers ({problem.message}) {_NO_NEED}")
    fix = f"Start it (ollama serve), or set OLLAMA_HOST. {_NO_NEED}"
    return Check("ollama", Status.WARNING, str(problem), fix)


def _gguf(file: GgufFile) -> str:
    name = file.name or file.path.name
    return f"{name} ({file.architecture or 'unknown kind'}, {file.size_bytes / 1e9:.1f} GB)"


def _listed(names: Iterable[str], none: str) -> str:
    every = list(names)
    shown = ", ".join(every[:_NAMED])
    rest = len(every) - _NAMED
    return f"{shown} and {rest} more" if rest > 0 else shown or none
