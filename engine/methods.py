"""The methods that a run can follow: TriPosT, and the baselines that it is compared with.

All go through the same stages and differ in what this table says. What each trains on is made in
`engine.drafting`, where its attempts come from in `engine.collection`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from engine.settings import Settings

WEIGHTS_OF_ONE = {"train.weight": 1.0, "train.change_factor": 1.0}
"""Settings of a method all of whose tokens that are learned weigh the same (w = 1)."""


class Attempts(StrEnum):
    """Who writes the attempts of stage 1."""

    STUDENT = "student"
    EXPERT = "expert"
    NOBODY = "nobody"


class Gold(StrEnum):
    """Which gold rationales an iteration trains on."""

    NONE = "none"
    GROUND_TRUTH = "ground truth"
    """With the positive feedback, of questions that no iteration asks."""
    ASKED = "of the iteration's questions"
    ALL = "of all training questions"


@dataclass(frozen=True, slots=True)
class Facts:
    """What a method does in each stage. ``title`` is its name for people.

    ``corrects``: FBK and IMP correct the attempts. ``trains``: there are stages 1 to 3 at all.
    ``uniform``: w = 1, whatever the settings of the weights.
    """

    title: str
    attempts: Attempts
    gold: Gold
    corrects: bool = False
    trains: bool = True
    uniform: bool = False

    @property
    def is_gold_alone(self) -> bool:
        """Tell whether it trains on gold rationales, without a first stage."""
        return self.trains and self.attempts is Attempts.NOBODY

    @property
    def balances(self) -> bool:
        """Tell whether examples are brought to p: only corrected attempts are improving ones."""
        return self.corrects


METHODS: Mapping[str, Facts] = {
    "tripost": Facts("TriPosT", Attempts.STUDENT, Gold.GROUND_TRUTH, corrects=True),
    "ft_rationale": Facts("gold rationales", Attempts.NOBODY, Gold.ALL),
    "continued_rationale": Facts("more gold rationales", Attempts.NOBODY, Gold.ASKED),
    "lmsi": Facts("LMSI (rejection sampling)", Attempts.STUDENT, Gold.NONE),
    "ft_si_demo": Facts(
        "expert's demonstrations",
        Attempts.EXPERT,
        Gold.GROUND_TRUTH,
        corrects=True,
        uniform=True,
    ),
    "prompt_only": Facts("prompted, not trained", Attempts.NOBODY, Gold.NONE, trains=False),
}
"""Every value of ``run.method``."""


def facts_of(settings: Settings) -> Facts:
    """Return what the settings' method does."""
    return METHODS[settings.run.method]


def facts_in(config: Mapping[str, Any]) -> Facts:
    """Return what a stored run's method does; TriPosT, where it is one of another version."""
    section = config.get("run")
    name = section.get("method") if isinstance(section, Mapping) else None
    return METHODS.get(str(name), METHODS["tripost"])


def is_by_expert(config: Mapping[str, Any]) -> bool:
    """Tell whether the attempts of a stored run are an expert's."""
    facts = facts_in(config)
    section = config.get("collect")
    by = section.get("attempts") if isinstance(section, Mapping) else None
    return facts.attempts is Attempts.EXPERT or (facts.corrects and by == Attempts.EXPERT)


def title_of(method: str) -> str:
    """Return a method's name for people, one of another version included."""
    return METHODS[method].title if method in METHODS else method


def attempts_by(settings: Settings) -> Attempts:
    """Return who writes the attempts: TriPosT without interaction has them of an expert."""
    by = facts_of(settings).attempts
    if by is Attempts.STUDENT and facts_of(settings).corrects:
        return Attempts(settings.collect.attempts)
    return by


def iterations_of(settings: Settings) -> int:
    """Return how many iterations a run has: without training, all would be the same."""
    return settings.run.iterations if facts_of(settings).trains else 1
