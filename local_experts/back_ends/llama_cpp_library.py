"""llama-cpp-python itself: loaded when it is needed, silent, and what it says of its errors."""

from __future__ import annotations

import ctypes
import os
import tempfile
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from jinja2 import TemplateError

from local_experts.errors import LibraryMissing

INSTALL = "Install it with: pip install 'tripost-tui[llama-cpp]'"

LIBRARY_ERRORS = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    LookupError,
    MemoryError,
    OSError,
    RuntimeError,
    TemplateError,
    TypeError,
    ValueError,
)
"""What llama-cpp-python raises: it has no errors of its own."""

_LOG_ERROR = 4  # as ggml.h has it
_LONGEST_REASON = 500

_told: deque[str] = deque(maxlen=20)
"""The last errors that llama.cpp has logged."""

_listener: Any = None
"""Kept, since llama.cpp calls it as long as the process lives."""


def library() -> Any:
    """The module llama_cpp. Raises LibraryMissing."""
    global _listener
    try:
        import llama_cpp
    except ModuleNotFoundError as error:
        raise LibraryMissing(f"llama-cpp-python is not installed ({error}). {INSTALL}") from error
    except LIBRARY_ERRORS as error:
        raise LibraryMissing(f"llama-cpp-python cannot be loaded: {error}") from error
    if _listener is None:
        _listener = llama_cpp.llama_log_callback(_listen)
        llama_cpp.llama_log_set(_listener, ctypes.c_void_p(0))
    return llama_cpp


def _listen(level: int, text: bytes, _data: object) -> None:
    if level == _LOG_ERROR and (line := text.decode("utf-8", errors="replace").strip()):
        _told.append(line)


@contextmanager
def reasons() -> Iterator[list[str]]:
    """Collect why something goes wrong: what is logged, and the first line written to stderr.

    The parser of grammars writes past the log. Nothing of it reaches the real stderr. The list is
    filled at the end.
    """
    found: list[str] = []
    _told.clear()
    with tempfile.TemporaryFile() as file:
        stderr = os.dup(2)
        try:
            os.dup2(file.fileno(), 2)
            yield found
        finally:
            os.dup2(stderr, 2)
            os.close(stderr)
            file.seek(0)
            # What it could not parse follows, all of it.
            written = file.read().decode("utf-8", errors="replace").splitlines()[:1]
            found += [*written, *_told]


def reason(error: BaseException, told: list[str]) -> str:
    """Why, in words without a full stop; the library's own words where it logged some."""
    return as_line(told) or as_line([str(error)]) or type(error).__name__


def as_line(lines: list[str]) -> str:
    """Texts as one line of bounded length, without a full stop."""
    return " ".join(" ".join(lines).split()).rstrip(".")[:_LONGEST_REASON]
