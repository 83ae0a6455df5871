"""A GGUF model in this process's memory: texts to tokens, tokens to texts, one at a time.

Tokens become texts by llama.cpp's own function: the class ``Llama`` of llama-cpp-python loses
tokens of more than 32 bytes.
"""

from __future__ import annotations

import codecs
import ctypes
from collections.abc import Callable, Generator, Sequence
from contextlib import closing
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path
from typing import Any

from jinja2 import TemplateError

from local_experts.back_ends.llama_cpp_library import LIBRARY_ERRORS, library, reason, reasons
from local_experts.back_ends.llama_cpp_sampling import Sampler
from local_experts.errors import ExpertError, ModelFileInvalid
from local_experts.options import ExpertOptions

_BATCH_TOKENS = 512


@dataclass(frozen=True, slots=True)
class Written:
    """A piece of a reply: the text that is whole so far, and how many tokens it took.

    ``done`` is set with the last one: the model ended its reply.
    """

    text: str
    tokens: int
    done: bool = False


class LoadedModel:
    """One model and its one context. Not for several threads at a time."""

    def __init__(self, path: Path, options: ExpertOptions) -> None:
        """Load it. Raises ModelFileInvalid, LibraryMissing or ExpertError."""
        self._library = library()
        told: list[str] = []
        try:
            with reasons() as told:
                self._llama: Any = self._library.Llama(
                    str(path),
                    n_ctx=options.context_tokens,
                    n_batch=_BATCH_TOKENS,
                    n_ubatch=_BATCH_TOKENS,
                    n_gpu_layers=options.gpu_layers,
                    n_threads=options.threads or None,
                    n_threads_batch=options.threads or None,
                    # Only then can a prompt's beginning be kept where a window slides.
                    swa_full=True,
                    verbose=False,
                )
        except LIBRARY_ERRORS as error:
            why = reason(error, told)
            if "load model" in str(error):
                raise ModelFileInvalid(f"{path}: llama.cpp cannot load it: {why}.") from error
            if isinstance(error, TemplateError):
                raise ModelFileInvalid(f"{path}: its chat template is none: {why}.") from error
            raise ExpertError(
                f"{path}: llama.cpp has no context of {options.context_tokens:,} tokens for it: "
                f"{why}. Its memory may not be enough; set a smaller one, or fewer GPU layers."
            ) from error
        self._vocabulary = self._library.llama_model_get_vocab(self._llama.model)
        self._evaluated: list[int] = []

    def close(self) -> None:
        """Free its memory."""
        self._llama.close()

    @property
    def template(self) -> str | None:
        """The chat template of the file."""
        found = self._llama.metadata.get("tokenizer.chat_template")
        return found if isinstance(found, str) and found else None

    @property
    def begin(self) -> str:
        """The token at a text's beginning, as a template writes it; empty where there is none."""
        return self._token_text(self._llama.token_bos())

    @property
    def end(self) -> str:
        """The token at a text's end."""
        return self._token_text(self._llama.token_eos())

    def tokens(self, text: str, *, has_control_tokens: bool) -> list[int]:
        """Text as tokens. Raises one of LIBRARY_ERRORS."""
        raw = text.encode("utf-8", errors="replace")
        found: list[int] = self._llama.tokenize(
            raw, add_bos=not has_control_tokens, special=has_control_tokens
        )
        return found

    def grammar(self, schema: str) -> str:
        """A JSON schema as the library's grammar. Raises ExpertError with the reason."""
        from llama_cpp.llama_grammar import json_schema_to_gbnf

        try:
            return str(json_schema_to_gbnf(schema))
        except LIBRARY_ERRORS as error:
            raise ExpertError(f"The library refuses the schema: {reason(error, [])}.") from error

    def reply(
        self,
        prompt: Sequence[int],
        *,
        grammar: str | None,
        temperature: float,
        seed: int,
        still_time: Callable[[], None],
    ) -> Generator[Written, None, None]:
        """Continue a prompt, without a limit of tokens; at each step ``still_time`` may raise.

        Raises ExpertError where the grammar is refused or admits none, or one of LIBRARY_ERRORS.
        """
        sampler = Sampler(self._vocabulary, grammar=grammar, temperature=temperature, seed=seed)
        with closing(sampler):
            self._read(prompt, still_time)
            yield from self._write(sampler, still_time)

    def _read(self, prompt: Sequence[int], still_time: Callable[[], None]) -> None:
        """Evaluate a prompt, but for what it has in common with the last one.

        Rounding depends on how a prompt is cut into batches. So whole batches are kept, and the
        cuts are the same whatever was asked before.
        """
        # The last token is always read, for what comes after it.
        pairs = zip(prompt[:-1], self._evaluated, strict=False)
        shared = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))
        kept = shared // _BATCH_TOKENS * _BATCH_TOKENS
        memory = self._library.llama_get_memory(self._llama.ctx)
        if kept and not self._library.llama_memory_seq_rm(memory, -1, kept, -1):
            kept = 0
        if not kept:
            self._llama.reset()
        self._llama.n_tokens = kept
        self._evaluated = list(prompt[:kept])
        for start in range(kept, len(prompt), _BATCH_TOKENS):
            still_time()
            batch = list(prompt[start : start + _BATCH_TOKENS])
            self._llama.eval(batch)
            self._evaluated += batch

    def _write(
        self, sampler: Sampler, still_time: Callable[[], None]
    ) -> Generator[Written, None, None]:
        decoder = codecs.getincrementaldecoder("utf-8")("replace")
        text = ""
        tokens = 0
        while True:
            token = sampler.choose(self._llama.ctx)
            tokens += 1
            if self._library.llama_vocab_is_eog(self._vocabulary, token):
                yield Written(text + decoder.decode(b"", final=True), tokens, done=True)
                return
            text += decoder.decode(self._piece(token))
            yield Written(text, tokens)
            still_time()
            self._llama.eval([token])

    def _piece(self, token: int) -> bytes:
        """The text of a token; control tokens have none."""
        size = 64
        while True:
            buffer = ctypes.create_string_buffer(size)
            length = self._library.llama_token_to_piece(
                self._vocabulary, token, buffer, size, 0, False
            )
            if length >= 0:
                return buffer.raw[:length]
            size = -length

    def _token_text(self, token: int) -> str:
        if token < 0:
            return ""
        text: bytes = self._library.llama_vocab_get_text(self._vocabulary, token)
        return text.decode("utf-8", errors="replace")
