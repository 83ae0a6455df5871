"""What is told of an expert that is looked at, as text of 80 columns and as JSON."""

from __future__ import annotations

from typing import Any

import click

from engine.experts.trial import Told
from tripost_tui.expert_list import filled
from tripost_tui.expert_questions import Finding, Step
from tripost_tui.text import clean_text, one_line

_COLOURS = {Finding.OK: "green", Finding.NOTE: "yellow", Finding.FAILED: "red"}
_LONGEST = 1000
_LONGEST_TEXT = 4000


def step_text(step: Step) -> str:
    """A step with what to do about it; safe to print."""
    line = f"{step.name}: {one_line(step.detail, _LONGEST)}"
    lines = filled(line, " " * 8, f"{step.finding:>6}  ")
    # The word is there for those who see no colour.
    word = click.style(f"{step.finding:>6}", fg=_COLOURS[step.finding])
    lines[0] = word + lines[0][6:]
    return "\n".join([*lines, *filled(one_line(step.fix, _LONGEST), " " * 8)])


def step_facts(step: Step) -> dict[str, Any]:
    """A step as JSON values."""
    return {
        "kind": "step",
        "step": step.name,
        "finding": str(step.finding),
        "detail": step.detail,
        "fix": step.fix or None,
    }


def told_text(told: Told) -> str:
    """A part of a trial; safe to print."""
    cut = told.text[:_LONGEST_TEXT] + ("…" if len(told.text) > _LONGEST_TEXT else "")
    word = {None: "", True: "right: ", False: "wrong: "}[told.good]
    lines = [
        line
        for paragraph in clean_text(cut).splitlines()
        for line in filled(paragraph, "    ") or [""]
    ]
    return f"\n  {word}{told.part}\n" + "\n".join(lines)


def told_facts(told: Told) -> dict[str, Any]:
    """A part of a trial as JSON values."""
    return {"kind": "trial", "part": str(told.part), "text": told.text, "good": told.good}
