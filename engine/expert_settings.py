"""The settings of experts: who gives feedback and improvements, and what that may cost."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, ValidationInfo, field_validator

from engine.setting_types import Section, senseless, setting
from local_experts.accounts import Price, parse_price
from local_experts.errors import ExpertAddressInvalid
from local_experts.names import FORMS, BackEnd, parse_name

SCRIPT = "script"
"""Names the task's own scripts in a chain of experts."""

_Chain = Annotated[
    tuple[Annotated[str, Field(min_length=1, max_length=1000)], ...],
    Field(strict=False, min_length=1, max_length=10),
]
_Prices = Annotated[
    tuple[Annotated[str, Field(min_length=1, max_length=1000)], ...],
    Field(strict=False, max_length=100),
]


class ExpertSettings(Section):
    """Who corrects attempts: the task's scripts, or language models, local or hosted."""

    feedback: _Chain = setting(
        (SCRIPT,),
        "Who gives feedback (FBK), in the order of asking: the next is asked where one gives up. "
        f'"{SCRIPT}", {FORMS}.',
    )
    improve: _Chain = setting((SCRIPT,), "Who improves attempts (IMP), as above.")
    votes: Annotated[int, Field(ge=1, le=25)] = setting(
        1, "Feedbacks that a language model gives on an attempt; what most of them name counts."
    )
    feedback_temperature: Annotated[float, Field(ge=0, le=2)] = setting(
        0.0, "Sampling temperature of feedback."
    )
    improve_temperature: Annotated[float, Field(ge=0, le=2)] = setting(
        0.7, "Sampling temperature of improvements."
    )
    check_right: bool = setting(
        False,
        "Ask a language model for feedback also where the answer is right, as steps may be wrong "
        "all the same; off, the answer decides.",
    )
    show_gold: bool = setting(False, "Tell the language model the right answer.")
    context_tokens: Annotated[int, Field(ge=512, le=1_048_576)] = setting(
        8192, "Context that a local model is loaded with, in tokens; prompts must fit."
    )
    reply_tokens: Annotated[int, Field(ge=64, le=131_072)] = setting(
        2048, "Length limit of a reply, thinking included, in tokens."
    )
    thinking: Literal["auto", "on", "off"] = setting(
        "auto", "Whether a reasoning model thinks before it replies; auto: as it does by itself."
    )
    reasks: Annotated[int, Field(ge=0, le=10)] = setting(
        1, "How often to ask again, with what was wrong, where a reply makes no sense."
    )
    concurrency: Annotated[int, Field(ge=1, le=256)] = setting(
        8, "Calls of one server at once at most; fewer while it is pressed. A file answers singly."
    )
    timeout_s: Annotated[float, Field(gt=0, le=86_400)] = setting(
        120.0, "Seconds that one call may take."
    )
    tries: Annotated[int, Field(ge=1, le=100)] = setting(
        6, "Tries of a call that fails for a passing cause; then the run ends and can be taken up."
    )
    offline: bool = setting(False, "Make no call: replay what was replied before, or stop.")
    budget_tokens: Annotated[int, Field(ge=0, le=10**12)] = setting(
        0, "Tokens, read and written, at which the run stops; 0: no ceiling."
    )
    budget_cost: Annotated[float, Field(ge=0, le=1e9)] = setting(
        0.0, "Cost at which the run stops, in the currency of the prices; 0: no ceiling."
    )
    prices: _Prices = setting(
        (),
        "What hosted experts cost for a million tokens read and written, as in "
        "openai:gpt-5-mini@https://api.openai.com/v1=0.25/2.",
    )
    hand_over: Literal["auto", "on", "off"] = setting(
        "auto",
        "Take the student out of memory while a local language model is asked, and the other way "
        "round; auto: where they would share a GPU.",
    )
    gpu_layers: Annotated[int, Field(ge=-1, le=10_000)] = setting(
        -1, "Layers of a GGUF file that go to the GPU; -1: all."
    )

    @field_validator("feedback", "improve")
    @classmethod
    def _known_experts(cls, chain: tuple[str, ...]) -> tuple[str, ...]:
        for name in chain:
            if name != SCRIPT:
                try:
                    parsed = parse_name(name)
                except ExpertAddressInvalid as error:
                    raise senseless(f'"{SCRIPT}" or {FORMS} ({error.message})') from error
                path = Path(parsed.model).expanduser()
                if parsed.back_end is BackEnd.GGUF and not path.is_absolute():
                    raise senseless("gguf: with a whole path: an engine has a folder of its own")
        if len(set(chain)) < len(chain):
            raise senseless("a list in which nobody comes twice")
        return chain

    @field_validator("feedback_temperature")
    @classmethod
    def _votes_differ(cls, temperature: float, info: ValidationInfo) -> float:
        if not temperature and info.data.get("votes", 1) > 1:
            raise senseless("above 0 with several votes: greedy ones are all the same")
        return temperature

    @field_validator("prices")
    @classmethod
    def _readable_prices(cls, prices: tuple[str, ...]) -> tuple[str, ...]:
        for price in prices:
            try:
                parse_price(price)
            except ExpertAddressInvalid as error:
                raise senseless(f"a list of prices ({error.message})") from error
        return prices

    @field_validator("prices")
    @classmethod
    def _ceiling_has_prices(cls, prices: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
        """A ceiling on cost that no price can reach would be no ceiling."""
        hosted = [
            name
            for role in ("feedback", "improve")
            for name in info.data.get(role, ())
            if name != SCRIPT and parse_name(name).back_end is BackEnd.OPENAI
        ]
        priced = {parse_price(price)[0] for price in prices}
        if info.data.get("budget_cost") and (lacking := sorted({*hosted} - priced)):
            raise senseless(f"with a price for {', '.join(lacking)}, as budget_cost is set")
        return prices

    @property
    def models(self) -> tuple[str, ...]:
        """The language models that are asked, each once."""
        asked = dict.fromkeys((*self.feedback, *self.improve))
        return tuple(name for name in asked if name != SCRIPT)

    def price_of(self, name: str) -> Price:
        """What an expert costs; nothing where no price is set."""
        return dict(map(parse_price, self.prices)).get(name, Price())
