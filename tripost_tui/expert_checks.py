"""The experts within reach as the doctor's findings. None is needed: scripts can be the experts."""

from collections.abc import Iterable

from engine.doctor import Check, Status
from local_experts.discovery import Discovery
from local_experts.errors import ExpertError, ModelFileInvalid
from local_experts.gguf import GgufFile

_NAMED = 8


def expert_checks(found: Discovery) -> list[Check]:
    """One finding for each kind of expert. Texts hold names from servers: clean before showing."""
    files = [problem for problem in found.problems if isinstance(problem, ModelFileInvalid)]
    unreached = [problem for problem in found.problems if problem not in files]
    checks = []
    if found.ollama is not None:
        models = _listed([model.name for model in found.ollama.models], "no models")
        detail = f"{found.ollama.version} at {found.ollama.url}: {models}"
        checks.append(Check("ollama", Status.OK, detail))
    if found.openai is not None:
        detail = f"{found.openai.url}: {_listed(found.openai.models, 'no models')}"
        checks.append(Check("openai-compatible", Status.OK, detail))
    checks += [_unreached(problem) for problem in unreached]
    checks.append(Check("gguf files", Status.OK, _listed(map(_gguf, found.gguf), "none found")))
    checks += [Check("gguf files", Status.WARNING, str(problem)) for problem in files]
    version = found.llama_cpp or "not installed (pip install 'tripost-tui[llama-cpp]')"
    checks.append(Check("llama-cpp-python", Status.OK, version))
    return checks


def _unreached(problem: ExpertError) -> Check:
    return Check("experts", Status.OK, f"{problem} Scripted experts need no server.")


def _gguf(file: GgufFile) -> str:
    name = file.name or file.path.name
    return f"{name} ({file.architecture or 'unknown kind'}, {file.size_bytes / 1e9:.1f} GB)"


def _listed(names: Iterable[str], none: str) -> str:
    every = list(names)
    shown = ", ".join(every[:_NAMED])
    rest = len(every) - _NAMED
    return f"{shown} and {rest} more" if rest > 0 else shown or none
