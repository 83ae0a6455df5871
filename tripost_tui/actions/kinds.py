"""What an action is, and where its keys work."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from tripost_tui.situation import Reason, Situation, always


class Target(StrEnum):
    """Where an action's keys work."""

    GLOBAL = "global"
    HOME = "home"
    RUN = "run"
    COLLECT = "collect"
    REVIEW = "review"
    BALANCE = "balance"
    TRAIN = "train"
    EVALUATE = "evaluate"
    REPORT = "report"
    PLAYGROUND = "playground"
    NEW = "new"
    DOCTOR = "doctor"
    SETTINGS = "settings"
    EXPORT = "export"
    QUIT = "quit"
    CONFIRM = "confirm"


TITLES = {
    Target.GLOBAL: "Everywhere",
    Target.HOME: "Home",
    Target.RUN: "Run",
    Target.COLLECT: "Collect",
    Target.REVIEW: "Review",
    Target.BALANCE: "Balance",
    Target.TRAIN: "Train",
    Target.EVALUATE: "Evaluate",
    Target.REPORT: "Report",
    Target.PLAYGROUND: "Playground",
    Target.NEW: "New project",
    Target.DOCTOR: "Doctor and log",
    Target.SETTINGS: "Settings",
    Target.EXPORT: "Export",
    Target.QUIT: "When quitting with a run at work",
    Target.CONFIRM: "When asked to confirm",
}

DIALOGS = frozenset({Target.QUIT, Target.CONFIRM})
"""They have keys of their own; all others share theirs with those that work everywhere."""

TYPED_IN = frozenset({Target.NEW, Target.PLAYGROUND})
"""Letters are typed there most of the time, so that they are no keys."""

STAGES = (
    Target.RUN,
    Target.COLLECT,
    Target.REVIEW,
    Target.BALANCE,
    Target.TRAIN,
    Target.EVALUATE,
)
"""Screens about one run, in the order of its stages: ``[`` and ``]`` go from one to the next."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """One thing to do. ``footer`` is its rank there, the lowest first; None keeps it out.

    ``letter`` puts it into the go-to menu.
    """

    id: str
    label: str
    description: str
    keys: tuple[str, ...]
    why_not: Callable[[Situation], Reason] = always
    footer: int | None = None
    letter: str | None = None
    label_now: Callable[[Situation], str] | None = None

    @property
    def target(self) -> Target:
        return Target(self.id.split(".", 1)[0])

    @property
    def handler(self) -> str:
        """Name of the method that carries it out."""
        return "do_" + self.id.split(".", 1)[1]

    def labelled(self, now: Situation) -> str:
        """The footer's word for it in this situation; empty where it is not to stand there."""
        return self.label_now(now) if self.label_now else self.label
