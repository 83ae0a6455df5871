"""What is told of tasks and their questions, as text; safe to print."""

from __future__ import annotations

import shlex
import textwrap
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from db.records import Item
from engine.judging import Form, Tally, Unknown
from engine.tasks import is_folder
from engine.tasks.base import Drawing
from engine.tasks.own.problems import Problem
from engine.trajectory import prompt
from tripost_tui.text import clean_text, one_line

_OWN = (
    "A task of your own is a folder, and named by its path: ./mine, ../tasks/mine, ~/mine.\n"
    "Make one: tripost task new ./mine"
)
_SPLITS = "what a question asks decides, by a hash, which split it is in, whatever the seed"


def list_text(listed: Sequence[Mapping[str, Any]]) -> str:
    """Tell of each task what distinguishes it."""
    blocks = []
    for facts in listed:
        block = f"{facts['name']}: {facts['title']}\n{_difficulties(facts)}"
        blocks.append(textwrap.indent(block, "  ").removeprefix("  "))
    return "\n\n".join([*blocks, _OWN])


def facts_text(facts: Mapping[str, Any], name: str) -> str:
    """Tell all about a task, which the person called ``name``."""
    lines = [f"{facts['name']}: {facts['title']}"]
    if "folder" in facts:
        lines += _own(facts, name)
    else:
        lines += [_difficulties(facts), f"splits    {_SPLITS}"]
    example = facts["example"]
    if example is not None:
        asked = prompt(example["question"], facts["hint"]).rstrip("\n")
        lines += ["", "A question, as the student is asked:", _block(asked)]
        lines += ["", f"Its answer: {example['answer']}"]
        if "rationale" in example:
            lines += ["", "Its rationale:", _block(example["rationale"])]
    if "wrong_attempt" in facts:
        wrong = facts["wrong_attempt"]
        last = wrong["attempt"].rpartition("\n")[2]
        lines += ["", "What the script says where it ends in another answer:"]
        lines += [_block(f"{last}\nFeedback: {wrong['feedback']}")]
    return clean_text("\n".join(lines))


def _difficulties(facts: Mapping[str, Any]) -> str:
    return (
        f"seen      {', '.join(facts['seen'])}\n"
        f"unseen    {', '.join(facts['unseen'])}\n"
        + textwrap.fill(f"notation  {facts['notation']}", 96, subsequent_indent=" " * 10)
    )


def _own(facts: Mapping[str, Any], name: str) -> list[str]:
    answer, scripts = facts["answer"], facts["scripts"]
    found = answer.get("script") or answer.get("pattern")
    lines = [
        f"folder    {facts['folder']}",
        f"answer    {answer['kind']}{f': {found}' if found else ''}",
        f"scripts   {', '.join(f'{part}: {script}' for part, script in scripts.items()) or 'none'}",
        f"rows      {rows_text(facts['rows'])}",
    ]
    if others := [one for one in facts["subtasks"] if one not in ("seen", "unseen")]:
        lines.append(f"subtasks  {', '.join(one_line(one, 40) for one in others)}")
    how = f": tripost task check {quoted(name)}" if facts["problems"] else ", scripts not run"
    return [*lines, f"problems  {facts['problems'] or 'none'}{how}"]


def rows_text(rows: Mapping[str, Mapping[str, int]]) -> str:
    """Write ``train 13, dev 2, test 5 (1 seen, 4 unseen)``."""
    return ", ".join(f"{split} {_counted(counts)}" for split, counts in rows.items())


def _counted(counts: Mapping[str, int]) -> str:
    total = f"{sum(counts.values()):,}"
    if not counts.get("unseen"):
        return total
    return f"{total} ({', '.join(f'{count:,} {name}' for name, count in counts.items() if count)})"


def item_text(item: Item, number: int) -> str:
    """Write a question with its answer and its rationale, if it has one."""
    lines = [f"{number}. {item.split.value}, {item.subtask.value}", _block(item.question)]
    if item.rationale:
        lines += ["", _block(item.rationale)]
    return clean_text("\n".join([*lines, "", f"  Answer: {item.answer}", ""]))


def row_of(item: Item) -> dict[str, str]:
    """Return a question as a row of a task of one's own."""
    row = {"question": item.question, "answer": item.answer, "rationale": item.rationale}
    if not item.rationale:
        del row["rationale"]
    return {**row, "subtask": item.subtask.value, "split": item.split.value}


def quoted(name: str) -> str:
    """Write a task's name as the command line takes it."""
    return shlex.quote(clean_text(name))


def _block(text: str) -> str:
    return textwrap.indent(text, "  ")


def path_of(folder: Path) -> str:
    """Write a folder or file so that it is taken for a path: ``./mine``."""
    text = str(folder)
    return clean_text(text if is_folder(text) else f"./{text}")


def problem_json(problem: Problem) -> dict[str, Any]:
    """Return a problem as data."""
    return {
        "problem": problem.kind.value,
        "severity": problem.severity.value,
        "file": problem.file,
        "line": problem.line or None,
        "column": problem.column or None,
        "key": problem.key or None,
        "message": problem.message,
    }


def verdict_text(name: str, errors: int, warnings: int, said: str) -> str:
    """Sum up a check: ``units: no error, 1 warning; 20 rows: …``."""
    found = ", ".join((numbered(errors, "error"), numbered(warnings, "warning")))
    return f"{name}: {found}; {said}"


def drawing_text(drawing: Drawing) -> str:
    """Tell how many questions of a built-in task were tried, and what was set aside for them."""
    others = drawing.draws - len(drawing.items) - drawing.duplicates
    return (
        f"tried on {len(drawing.items):,} fresh questions of all splits and subtasks "
        f"({numbered(drawing.draws, 'draw')}; set aside: "
        f"{numbered(drawing.duplicates, 'duplicate')}, {others:,} of other splits)"
    )


def numbered(count: int, what: str) -> str:
    """Write ``no row``, ``1 row``, ``1,200 rows``."""
    return f"{count:,} {what}s" if count > 1 else f"1 {what}" if count else f"no {what}"


def tally_text(tally: Tally) -> str:
    """Sum up what became of attempts that were judged."""
    unreadable = f", {tally.unreadable:,} of them unreadable" if tally.unreadable else ""
    lines = [f"{numbered(tally.rows, 'row')}{unreadable}"]
    answered = [
        f"{tally.answered[form]:,} {how} ({tally.right[form]:,} right)"
        for form, how in ((Form.STRICT, "read strictly"), (Form.FLEXIBLE, "read flexibly"))
        if tally.answered[form]
    ]
    lines.append(f"answers: {', '.join(answered) or 'none'}{_reasons(tally.not_compared)}")
    judged = f"{tally.accepted + tally.rejected:,} judged ({tally.accepted:,} without an error)"
    lines.append(f"feedback: {judged}{_reasons(tally.not_judged)}")
    if tally.longer:
        lines.append(f"{numbered(tally.longer, 'row')} with more than an attempt: only that counts")
    return "\n".join(lines)


def _reasons(counts: Mapping[Unknown, int]) -> str:
    return "".join(f"; {kind}: {count:,}" for kind, count in counts.items())
