"""Continuous batching by transformers: a text that ends makes room for the next at once.

What transformers lacks is added where it lets a logits processor look at each request before a
step: stop strings, and random numbers from each item's own seed. All else that it does to a
result is rounding, as with `Sampler`. It works in a thread of its own and keeps errors to itself;
here they are raised.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, cast

import torch
from torch import Tensor
from transformers import ContinuousBatchingConfig, GenerationConfig, PreTrainedModel
from transformers.generation.continuous_batching import ContinuousBatchingManager, RequestStatus
from transformers.generation.continuous_batching.cb_logits_processors import (
    ContinuousBatchingLogitsProcessor,
    ContinuousBatchingLogitsProcessorList,
)
from transformers.generation.continuous_batching.requests import (
    FutureRequestState,
    GenerationOutput,
)
from transformers.generation.logits_process import LogitsProcessorList

from engine.errors import StudentError
from engine.student.context import context_tokens
from engine.student.device import free_cached, is_out_of_memory
from engine.student.evaluating import evaluating
from engine.student.generation.draws import chances, draw
from engine.student.generation.memory import RowMemory, longest_first
from engine.student.generation.prompts import NOTHING, Prompt, tokenise
from engine.student.generation.requests import Generation, OutOfMemory, Request
from engine.student.generation.stopping import StopRules
from engine.student.model import Student
from engine.student.text_format import TextFormat

_PAGE_TOKENS = 64
_STEP_TOKENS = 512
"""Tokens that go through the model in one step, of prompts that are read and of texts that grow."""
_SPARE_PAGES = 8
_POLL_S = 0.1
_LAYERS = frozenset({"full_attention", "sliding_attention"})


class ContinuousBatchingFailed(StudentError):
    """transformers' continuous batching gave up or lost a text."""

    title = "Continuous batching failed"


def check_continuous(student: Student) -> None:
    """Find out whether a student can be generated from by continuous batching.

    Raises:
        StudentError: it cannot, and why.
    """
    model = student.language_model
    text = model.config.get_text_config(decoder=True)
    other = sorted(set(getattr(text, "layer_types", None) or ()) - _LAYERS)
    sizes = {getattr(layer, "head_dim", None) for layer in getattr(text, "per_layer_config", ())}
    why = ""
    if other:
        why = f"{type(model).__name__} has layers of the kind {other[0]}, which it does not know"
    elif len(sizes) > 1:
        why = f"{type(model).__name__} has heads of several sizes, which it cannot page together"
    elif not model._supports_attention_backend:
        why = f"{type(model).__name__} has an attention of its own, without pages"
    elif getattr(text, "attn_logit_softcapping", None):
        why = f"{type(model).__name__} caps the logits of its attention, which it leaves out"
    elif student.compute_dtype.itemsize < model.dtype.itemsize:
        why = (
            "all weights of the student are fp32, and it cannot calculate in another number "
            "format than theirs"
        )
    if why:
        raise StudentError(
            f'student.generation is "continuous", but {why}. Set student.generation to "batch".',
            "The student cannot be generated from by continuous batching",
        )


class ContinuousSampler:
    """Continues prompts by transformers' continuous batching; ``temperature`` 0 is greedy."""

    def __init__(
        self,
        model: PreTrainedModel,
        form: TextFormat,
        temperature: float,
        pulse: Callable[[], None] = lambda: None,
        *,
        budget: int | None = None,
        on_backoff: Callable[[OutOfMemory], None] = lambda _: None,
    ) -> None:
        """``pulse`` is called several times a second.

        ``budget`` is how many bytes all may take that is there for texts, None for as many as the
        requests can use. ``on_backoff`` is told when memory ran out all the same.
        """
        self._model = model
        self._form = form
        self._temperature = temperature
        self._pulse = pulse
        self._budget = budget
        self._on_backoff = on_backoff
        self._context = context_tokens(model.config)
        self._row = RowMemory.of(model)
        self._rules = StopRules(form)

    def generate(self, requests: Sequence[Request]) -> list[Generation]:
        """Continue any number of prompts, in the order given. See `TextGenerator`.

        Raises:
            ContinuousBatchingFailed: transformers gave up.
        """
        prompts = tokenise(requests, self._form, self._context)
        found = {prompt.place: NOTHING for prompt in prompts if not prompt.max_tokens}
        waiting = longest_first([p for p in prompts if p.max_tokens])
        with evaluating(self._model):
            while len(found) < len(requests):
                found.update(self._attempt(waiting))
        return [found[place] for place in range(len(requests))]

    def _attempt(self, prompts: Sequence[Prompt]) -> dict[int, Generation]:
        """Return nothing where memory ran out; from then on half the pages have to do."""
        pages = self._pages(prompts)
        try:
            return self._continue(prompts, pages)
        except (RuntimeError, MemoryError) as error:
            if not is_out_of_memory(error):
                raise ContinuousBatchingFailed(str(error)) from error
            message = str(error)
        free_cached(self._model.device)
        self._budget = pages * self._page_bytes // 2
        if self._budget < self._needed_pages(prompts[:1]) * self._page_bytes:
            raise StudentError(
                f"Memory does not suffice to generate a single text ({message}). Lower "
                "max_attempt_tokens of collect and evaluate, choose a smaller student, or set "
                'student.generation to "batch".',
                "Not enough memory to generate",
            )
        self._on_backoff(OutOfMemory(len(prompts), message))
        return {}

    @property
    def _page_bytes(self) -> int:
        # What is read from the pages in one step is copied.
        token = max(token for token, _ in self._row.layers)
        return _PAGE_TOKENS * (self._row.cache(1) + 2 * token)

    def _needed_pages(self, prompts: Sequence[Prompt]) -> int:
        tokens = (len(prompt.ids) + prompt.max_tokens for prompt in prompts)
        return _SPARE_PAGES + sum(math.ceil(count / _PAGE_TOKENS) for count in tokens)

    def _pages(self, prompts: Sequence[Prompt]) -> int:
        """Return how many pages of the cache to have: at least enough for the longest text."""
        wanted = self._needed_pages(prompts)
        if self._budget is None:
            return wanted
        return max(self._needed_pages(prompts[:1]), min(wanted, self._budget // self._page_bytes))

    def _continue(self, prompts: Sequence[Prompt], pages: int) -> dict[int, Generation]:
        processor = _SeededDraws(prompts, self._rules, self._temperature, self._form.end_id)
        manager = self._manager(processor, pages, len(prompts))
        outputs: dict[int, GenerationOutput] = {}
        try:
            # All are there before it begins, so that its steps are the same every time.
            for prompt in prompts:
                manager.add_request(
                    list(prompt.ids),
                    request_id=str(prompt.place),
                    max_new_tokens=prompt.max_tokens,
                    eos_token_id=sorted(self._form.end_ids),
                )
            manager.start()
            while len(outputs) < len(prompts):
                self._pulse()
                output = manager.get_result(timeout=_POLL_S)
                if output is not None:
                    outputs[int(output.request_id)] = output
                elif not manager.is_running():
                    break
        finally:
            manager.stop(hard_stop=True)
            manager.destroy()
        if error := manager.background_thread_status.fatal_error:
            raise error
        return {prompt.place: self._read(prompt, outputs, processor) for prompt in prompts}

    def _manager(self, processor: _SeededDraws, pages: int, rows: int) -> ContinuousBatchingManager:
        manager: ContinuousBatchingManager = cast(Any, self._model).init_continuous_batching(
            # The processor leaves one token to choose from.
            GenerationConfig(do_sample=False, eos_token_id=self._form.end_id),
            ContinuousBatchingConfig(
                page_size=_PAGE_TOKENS,
                num_blocks=pages,
                max_batch_tokens=_STEP_TOKENS,
                max_requests_per_batch=min(rows, _STEP_TOKENS),
                # A text of one step must be there before the next is drawn.
                use_async_batching=False,
                # Would fetch kernels from a hub.
                auto_switch_to_flash=False,
                # Which texts share a beginning depends on what is in the cache at the moment.
                allow_block_sharing=False,
                max_memory_percent=1.0,
            ),
        )
        processors = ContinuousBatchingLogitsProcessorList(LogitsProcessorList([processor]))
        processors.tensors_required = 1
        manager.logit_processor = processors
        return manager

    def _read(
        self,
        prompt: Prompt,
        outputs: Mapping[int, GenerationOutput],
        processor: _SeededDraws,
    ) -> Generation:
        output = outputs.get(prompt.place)
        if output is None:
            raise ContinuousBatchingFailed("It ended before all texts were finished.")
        if output.error is not None or output.status is not RequestStatus.FINISHED:
            raise ContinuousBatchingFailed(output.error or f"A text is left {output.status.name}.")
        found = processor.marked.get(prompt.place) or self._rules.ended(
            prompt, output.generated_tokens
        )
        if found is None:
            count = len(output.generated_tokens)
            raise ContinuousBatchingFailed(f"A text ended after {count} tokens without a reason.")
        return found


class _SeededDraws(ContinuousBatchingLogitsProcessor):
    """Leaves one token of each row of logits: drawn by the item's own seed, or the end.

    transformers asks it for one int32 for each request before a step, on the CPU, and hands these
    back with the logits, on the device.
    """

    _END = -1

    def __init__(
        self, prompts: Sequence[Prompt], rules: StopRules, temperature: float, end_id: int
    ) -> None:
        self.supported_kwargs = {}
        self.ignored_kwargs = ()
        self._prompts = {str(prompt.place): prompt for prompt in prompts}
        self._rules = rules
        self._temperature = temperature
        self._end_id = end_id
        self.marked: dict[int, Generation] = {}
        """What ended with its stop string, by place; to transformers it went on for a token."""
        steps = max(prompt.max_tokens for prompt in prompts)
        self._chances = chances(prompts, steps).flatten() if temperature else None
        self._first = {str(p.place): row * steps for row, p in enumerate(prompts)}

    def fill_defaults(self, int32_tensor: Tensor) -> None:
        int32_tensor.zero_()

    def prepare_tensor_args(self, requests_with_new_token: list[FutureRequestState]) -> Tensor:
        """Return the place of each request's next random number, or `_END`."""
        return torch.tensor(
            [self._next(request) for request in requests_with_new_token], dtype=torch.int32
        )

    def _next(self, request: FutureRequestState) -> int:
        state = request.state
        prompt = self._prompts.get(state.request_id)
        if prompt is None:
            return 0  # made up, to warm up
        # What had to leave the cache comes back with its text as part of its prompt.
        written = state.initial_tokens[len(prompt.ids) :] + state.generated_tokens
        if prompt.stop and written:
            ended = self._rules.ended(prompt, written)
            if ended is not None:
                self.marked[prompt.place] = ended
                return self._END
        return self._first[state.request_id] + len(written)

    def __call__(self, scores: Tensor, tensor_arg: Tensor) -> Tensor:
        if self._chances is None:
            token = draw(scores, self._temperature, None)
        else:
            self._chances = self._chances.to(tensor_arg.device)
            chance = self._chances[tensor_arg.long().clamp(min=0)]
            token = draw(scores, self._temperature, chance)
        token = token.masked_fill(tensor_arg == self._END, self._end_id)
        return scores.fill_(-math.inf).scatter_(1, token[:, None], 0.0)
