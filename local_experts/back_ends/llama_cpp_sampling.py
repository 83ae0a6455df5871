"""Choosing the next token: by a grammar, at a temperature, from a seed.

Step by step, where llama.cpp has a function for all: it would end the process, by an exception of
C++ that nobody catches, where a grammar admits none of the model's tokens.
"""

from __future__ import annotations

import ctypes
from typing import Any

import numpy as np

from local_experts.back_ends.llama_cpp_library import as_line, library, reasons
from local_experts.errors import ExpertError

_CANDIDATE = np.dtype([("id", np.int32), ("logit", np.float32), ("p", np.float32)], align=True)
"""A token with its chance, as llama.cpp has it."""

_RANDOM_SEED = 0xFFFFFFFF  # llama.cpp draws one where it is given this


class Sampler:
    """Chooses the tokens of one reply. To be closed."""

    def __init__(
        self, vocabulary: Any, *, grammar: str | None, temperature: float, seed: int
    ) -> None:
        """``grammar`` is in GBNF. Raises ExpertError where the library refuses it."""
        self._library = library()
        self._size = int(self._library.llama_vocab_n_tokens(vocabulary))
        self._grammar = None if grammar is None else self._grammar_sampler(vocabulary, grammar)
        library_ = self._library
        self._chain = library_.llama_sampler_chain_init(
            library_.llama_sampler_chain_default_params()
        )
        parts = (
            [
                library_.llama_sampler_init_temp(temperature),
                library_.llama_sampler_init_dist(seed % _RANDOM_SEED),
            ]
            if temperature > 0
            else [library_.llama_sampler_init_greedy()]
        )
        for part in parts:
            library_.llama_sampler_chain_add(self._chain, part)

    def close(self) -> None:
        """Free what it holds."""
        self._library.llama_sampler_free(self._chain)
        if self._grammar is not None:
            self._library.llama_sampler_free(self._grammar)

    def choose(self, context: Any) -> int:
        """The token after all that ``context`` has read.

        Raises ExpertError where there is none: the grammar admits none, or the model's numbers
        are none.
        """
        found = self._library.llama_get_logits_ith(context, -1)
        candidates = np.zeros(self._size, _CANDIDATE)
        candidates["id"] = np.arange(self._size)
        candidates["logit"] = np.ctypeslib.as_array(found, shape=(self._size,))
        array = self._library.llama_token_data_array(
            data=candidates.ctypes.data_as(self._library.llama_token_data_p),
            size=self._size,
            selected=-1,
            sorted=False,
        )
        if not np.isfinite(candidates["logit"]).any():
            raise ExpertError("The model calculates no finite numbers. Its file may be damaged.")
        if self._grammar is not None:
            self._library.llama_sampler_apply(self._grammar, ctypes.byref(array))
            if not np.isfinite(candidates["logit"]).any():
                raise ExpertError(
                    "The schema asks for a character that none of the model's tokens has."
                )
        self._library.llama_sampler_apply(self._chain, ctypes.byref(array))
        token = int(array.data[array.selected].id)
        if self._grammar is not None:
            self._library.llama_sampler_accept(self._grammar, token)
        return token

    def _grammar_sampler(self, vocabulary: Any, grammar: str) -> Any:
        with reasons() as told:
            sampler = self._library.llama_sampler_init_grammar(
                vocabulary, grammar.encode(), b"root"
            )
        if not sampler:
            why = as_line(told) or "it does not say why"
            raise ExpertError(f"The library refuses the grammar: {why}.")
        return sampler
