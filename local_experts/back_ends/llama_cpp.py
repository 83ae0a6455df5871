"""A GGUF file as an expert, by llama.cpp in this process.

The model is loaded by the first call, and calls are made one after the other.
"""

from __future__ import annotations

import hashlib
import json
import os
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from functools import cached_property
from pathlib import Path
from threading import Lock

from local_experts.back_ends.chat_text import ChatText, plain_text, template_text
from local_experts.back_ends.llama_cpp_library import INSTALL, LIBRARY_ERRORS
from local_experts.back_ends.llama_cpp_model import LoadedModel
from local_experts.back_ends.replies import split_thinking
from local_experts.discovery import llama_cpp_version
from local_experts.errors import (
    ContextTooSmall,
    ExpertError,
    ExpertTooSlow,
    LibraryMissing,
    ModelFileInvalid,
    ModelMissing,
    NotUnloaded,
    PromptTooLong,
)
from local_experts.gguf import GgufFile, read_gguf
from local_experts.names import BackEnd
from local_experts.options import ExpertOptions
from local_experts.protocol import ExpertFacts, Finish, Json, OnText, Reply, Request

_END_BYTES = 1 << 20
_SAMPLE_BYTES = 1 << 16
_SAMPLES = 64
_WHOLE_UP_TO_BYTES = 8 << 20
_NO_SUCH_FILE = 404


class LlamaCppExpert:
    """A model in a file, see `protocol.Expert`.

    Time limits are for reading the prompt and writing the reply. Loading comes on top, since
    nothing can cut it short, and how long it takes depends on whether the file is in memory.
    """

    most_at_once = 1
    is_local = True

    def __init__(self, path: Path, options: ExpertOptions) -> None:
        self._path = path.expanduser()
        self._options = options
        self._lock = Lock()
        self._model: LoadedModel | None = None

    @property
    def name(self) -> str:
        return f"{BackEnd.GGUF}:{self._path}"

    @property
    def identity(self) -> Json:
        """All that a reply depends on. Raises ModelMissing or ModelFileInvalid.

        Not the number of threads or of layers on a GPU, which change a reply by rounding at most.
        """
        return {
            "back_end": str(BackEnd.GGUF),
            "file": self._path.name,
            "digest": self._digest,
            "context_tokens": self._options.context_tokens,
            "thinking": self._options.thinking,
            "library": f"llama-cpp-python {llama_cpp_version()}",
        }

    def facts(self) -> ExpertFacts:
        file = self._check()
        version = llama_cpp_version()
        if version is None:
            raise LibraryMissing(f"llama-cpp-python is not installed. {INSTALL}")
        return ExpertFacts(
            context_tokens=file.context,
            size_bytes=file.size_bytes,
            version=f"llama-cpp-python {version}",
        )

    def ask(self, request: Request, on_text: OnText | None = None) -> Reply:
        with self._lock:
            if self._model is None:
                self._check()
                self._model = LoadedModel(self._path, self._options)
            with _as_expert_errors(self._path):
                return self._ask(self._model, request, on_text)

    def unload(self) -> None:
        if not self._lock.acquire(timeout=self._options.timeout_s):
            raise NotUnloaded(f"{self._path}: a call is still under way.")
        try:
            model, self._model = self._model, None
            if model is not None:
                with _as_expert_errors(self._path):
                    model.close()
        finally:
            self._lock.release()

    def close(self) -> None:
        self.unload()

    def _ask(self, model: LoadedModel, request: Request, on_text: OnText | None) -> Reply:
        began = time.monotonic()

        def still_time() -> None:
            if time.monotonic() - began > self._options.timeout_s:
                raise ExpertTooSlow(
                    f"{self._path}: no complete reply in {self._options.timeout_s:g} s."
                )

        chat = self._written(model, request)
        prompt = model.tokens(chat.text, has_control_tokens=chat.has_control_tokens)
        room = self._options.context_tokens - request.max_tokens
        if len(prompt) > room or not prompt:
            raise PromptTooLong(
                f"{self._path}: the prompt has {len(prompt):,} tokens. With a reply of up to "
                f"{request.max_tokens:,} a context of {self._options.context_tokens:,} has room "
                f"for {max(0, room):,}."
            )
        grammar = None if request.schema is None else model.grammar(json.dumps(request.schema))
        text, tokens, finish = "", 0, Finish.LENGTH
        pieces = model.reply(
            prompt,
            grammar=grammar,
            temperature=request.temperature,
            seed=request.seed,
            still_time=still_time,
        )
        stops = chat.stops if grammar is None else ()
        with closing(pieces):
            for piece in pieces:
                text, tokens = piece.text, piece.tokens
                cut = _first(text, stops)
                if cut is not None:
                    text = text[:cut]
                if on_text is not None:
                    on_text(len(text))
                if piece.done or cut is not None:
                    finish = Finish.STOP
                    break
                if tokens >= request.max_tokens:
                    break
        if stops:
            text = text.strip()  # what parts it from the speaker's name
        # A grammar leaves no room for thoughts.
        said, thinking = (
            split_thinking(text, chat.begins_thinking) if grammar is None else (text, "")
        )
        return Reply(
            text=said,
            thinking=thinking,
            finish=finish,
            prompt_tokens=len(prompt),
            reply_tokens=tokens,
            seconds=time.monotonic() - began,
        )

    def _written(self, model: LoadedModel, request: Request) -> ChatText:
        if model.template is None:
            return plain_text(request.messages)
        try:
            return template_text(
                model.template,
                request.messages,
                begin=model.begin,
                end=model.end,
                thinking=self._options.thinking,
            )
        except LIBRARY_ERRORS as error:
            raise ExpertError(
                f"{self._path}: its chat template does not take the messages: {error}."
            ) from error

    def _check(self) -> GgufFile:
        """Look at the file's header."""
        if not self._path.is_file():
            raise ModelMissing(
                f"{self._path}: there is no such file. Download a GGUF model to it, or name "
                "another.",
                _NO_SUCH_FILE,
            )
        file = read_gguf(self._path)
        wanted = self._options.context_tokens
        if file.context is not None and file.context < wanted:
            raise ContextTooSmall(
                f"{self._path}: the model was made for {file.context:,} tokens, the settings ask "
                f"for {wanted:,}."
            )
        return file

    @cached_property
    def _digest(self) -> str:
        """SHA-256 of the size, both ends and samples from all over the file, or of a small file.

        All of a file of many gigabytes would take longer than loading it. Another model of the
        same size, a fine-tuned one too, differs nearly everywhere between the ends.
        """
        self._check()
        try:
            with self._path.open("rb") as file:
                size = os.fstat(file.fileno()).st_size
                digest = hashlib.sha256(f"{size}:".encode())
                if size <= _WHOLE_UP_TO_BYTES:
                    digest.update(file.read())
                else:
                    digest.update(file.read(_END_BYTES))
                    for index in range(1, _SAMPLES):
                        file.seek(size * index // _SAMPLES)
                        digest.update(file.read(_SAMPLE_BYTES))
                    file.seek(-_END_BYTES, os.SEEK_END)
                    digest.update(file.read())
        except OSError as error:
            raise ModelFileInvalid(f"{self._path}: {error.strerror or error}.") from error
        return digest.hexdigest()


def _first(text: str, stops: tuple[str, ...]) -> int | None:
    """Where the first of ``stops`` begins in ``text``."""
    places = [place for stop in stops if (place := text.find(stop)) >= 0]
    return min(places, default=None)


@contextmanager
def _as_expert_errors(path: Path) -> Iterator[None]:
    try:
        yield
    except LIBRARY_ERRORS as error:
        what = str(error) or type(error).__name__
        raise ExpertError(f"{path}: llama.cpp failed: {what}.") from error
