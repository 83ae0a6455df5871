"""The commands by which an export is put to use, ready to be copied."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from engine.export.dataset import EXAMPLES, MESSAGES, PROMPTS
from engine.export.formats import GGUF_FILE, MODELFILE, PROMPT_FILE, ExportFormat
from engine.export.provenance import Provenance
from engine.export.tools import CONVERTER

_OUTTYPES = {"fp32": "f32", "fp16": "f16", "bf16": "bf16"}


@dataclass(frozen=True, slots=True)
class Usage:
    """A command or a few lines of a program, and what it is for. ``text`` is ASCII."""

    about: str
    text: str


def usages(provenance: Provenance, folder: Path, converter: Path | None = None) -> list[Usage]:
    """Return how to use an export in ``folder``; ``converter`` is llama.cpp's, if found."""
    where = shell_quoted(str(folder))
    match provenance.format:
        case ExportFormat.ADAPTER:
            return [Usage("Python, with peft", _python(provenance, folder, "peft"))]
        case ExportFormat.MERGED:
            found = [Usage("Python, with transformers", _python(provenance, folder))]
            if provenance.to_convert:
                found.append(_to_gguf(provenance, folder, converter))
            return found
        case ExportFormat.GGUF:
            return _llama_cpp(provenance, folder)
        case ExportFormat.OLLAMA:
            name = shell_quoted(provenance.name)
            first = [_to_gguf(provenance, folder, converter)] if provenance.to_convert else []
            return [
                *first,
                Usage("Ollama: take it up", f"cd {where} && ollama create {name} -f {MODELFILE}"),
                Usage("Ollama: ask it a question", f"ollama run {name}"),
                *_llama_cpp(provenance, folder),
            ]
        case ExportFormat.DATASET:
            return _datasets(folder)


def _to_gguf(provenance: Provenance, folder: Path, converter: Path | None) -> Usage:
    script = shell_quoted(str(converter)) if converter else f"llama.cpp/{CONVERTER}"
    where, out = shell_quoted(str(folder)), shell_quoted(str(folder / GGUF_FILE))
    outtype = _OUTTYPES.get(provenance.precision, "auto")
    return Usage(
        "GGUF, with llama.cpp's converter",
        f"python {script} {where} --outfile {out} --outtype {outtype}",
    )


def _llama_cpp(provenance: Provenance, folder: Path) -> list[Usage]:
    file = shell_quoted(str(folder / GGUF_FILE))
    prompt = shell_quoted(str(folder / PROMPT_FILE))
    return [
        Usage(
            "llama.cpp: answer the question in prompt.txt",
            f"llama-completion -m {file} -f {prompt} -no-cnv --temp 0 -n {provenance.reply_tokens}",
        ),
        Usage("llama.cpp: a server", f"llama-server -m {file}"),
    ]


def _python(provenance: Provenance, folder: Path, library: str = "transformers") -> str:
    """Write a program that asks the student a question as it was asked in the run."""
    auto = "AutoModelForCausalLM" if library == "transformers" else "AutoPeftModelForCausalLM"
    imports = [f"from transformers import {auto}, AutoTokenizer"]
    if library == "peft":
        imports = [f"from peft import {auto}", "from transformers import AutoTokenizer"]
    return "\n".join(
        [
            *imports,
            "",
            f"folder = {str(folder)!a}",
            "tokenizer = AutoTokenizer.from_pretrained(folder)",
            f"model = {auto}.from_pretrained(folder)",
            f"prompt = {provenance.prompt!a}",
            'ids = tokenizer(prompt, return_tensors="pt").input_ids',
            f"said = model.generate(input_ids=ids, max_new_tokens={provenance.reply_tokens}, "
            "do_sample=False)",
            "print(tokenizer.decode(said[0, ids.shape[1]:], skip_special_tokens=True))",
        ]
    )


def _datasets(folder: Path) -> list[Usage]:
    def load(name: str) -> str:
        file = ascii(str(folder / name))
        return (
            "from datasets import load_dataset\n\n"
            f'rows = load_dataset("json", data_files={file}, split="train")'
        )

    return [
        Usage("prompts and completions, as TRL's SFTTrainer reads them", load(PROMPTS)),
        Usage("chats, for models with a chat template", load(MESSAGES)),
        Usage("with the weight of each part", load(EXAMPLES)),
    ]


def shell_quoted(text: str) -> str:
    """Quote a text for a shell; what cannot be printed is spelled out, as bash and zsh read it."""
    if text.isprintable() and text.isascii():
        return shlex.quote(text)
    if text.isprintable():
        return "'" + text.replace("'", "'\"'\"'") + "'"
    spelled = "".join(
        {"\\": "\\\\", "'": "\\'"}.get(sign, sign)
        if sign.isprintable()
        else "".join(f"\\x{byte:02x}" for byte in sign.encode("utf-8", "surrogateescape"))
        for sign in text
    )
    return f"$'{spelled}'"


def joined(found: Sequence[Usage]) -> str:
    """Write all commands below each other, each with what it is for."""
    return "\n\n".join(f"# {each.about}\n{each.text}" for each in found) + "\n"
