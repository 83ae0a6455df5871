"""What a run was trained on, as JSON lines: with its weights, and in the forms of other trainers.

Files, each line a JSON object in ASCII, in the order of training:

- ``examples.jsonl``: the examples that were trained on. ``text`` is all of one, ``segments`` are
  its parts in order, each with its ``text``, the ``weight`` of its tokens in the loss (or ``runs``:
  pairs of a number of characters and their weight), what it is (``part``) and who wrote it
  (``author``). With ``kind``, ``iteration``, ``item``, ``subtask``, ``question``, ``answer``, and
  of examples from a trajectory its number, its ``origin`` and its ``review``.
- ``prompt_completion.jsonl``: the same without weights, as ``prompt`` and ``completion``.
- ``messages.jsonl``: the same as a chat of a user and an assistant.
- ``trajectories.jsonl``: all trajectories, as a person left them, with all turns.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from db.records import Example, ExampleKind, Item, Segment, Trajectory, Turn, TurnKind
from db.review_records import ReviewState, ReviewStatus
from db.store import Store
from engine.errors import ProjectError
from engine.review import as_reviewed

EXAMPLES = "examples.jsonl"
PROMPTS = "prompt_completion.jsonl"
MESSAGES = "messages.jsonl"
TRAJECTORIES = "trajectories.jsonl"

_PARTS = ("question", "attempt", "feedback", "update line", "update")
_QUESTION, _ANSWER = "Q: ", "\nAnswer:"


@dataclass(frozen=True, slots=True)
class DatasetCounts:
    """How many lines were written."""

    examples: int
    trajectories: int
    rejected: int
    edited: int


def write_dataset(
    store: Store, run_id: int, iterations: Iterable[int], hint: str, folder: Path
) -> DatasetCounts:
    """Write the files of a dataset into ``folder``, the same for the same run.

    Raises:
        ProjectError: nothing was selected to train on.
        StoreError, OSError: it cannot be read or written.
    """
    examples = trajectories = rejected = edited = 0
    files = {
        name: (folder / name).open("w", encoding="ascii", newline="\n")
        for name in (EXAMPLES, PROMPTS, MESSAGES, TRAJECTORIES)
    }
    try:
        items: dict[int, Item] = {}
        for iteration in iterations:
            reviews = store.review_states(run_id, iteration)
            rows = {row.id: row for row in store.trajectories(run_id, iteration)}
            for row in rows.values():
                state = reviews.get(row.id)
                trajectories += 1
                rejected += state is not None and state.status is ReviewStatus.REJECTED
                edited += state is not None and state.edited is not None
                item = _item(store, items, row.item_id)
                _write(files[TRAJECTORIES], _trajectory_line(row, item, state, hint))
            for example in store.examples(run_id, iteration, selected=True):
                examples += 1
                item = _item(store, items, example.item_id)
                source = rows.get(example.trajectory_id or 0)
                state = reviews.get(source.id) if source else None
                _write(files[EXAMPLES], _example_line(example, item, source, state, hint))
                prompt, completion = _halves(example.segments)
                _write(files[PROMPTS], {"prompt": prompt, "completion": completion})
                _write(files[MESSAGES], {"messages": _messages(prompt, completion)})
    finally:
        for file in files.values():
            file.close()
    if not examples:
        raise ProjectError("Nothing was selected to train on.", "Nothing was exported")
    return DatasetCounts(examples, trajectories, rejected, edited)


def _item(store: Store, known: dict[int, Item], item_id: int) -> Item:
    if item_id not in known:
        known[item_id] = store.item(item_id)
    return known[item_id]


def _write(file: Any, line: Mapping[str, Any]) -> None:
    file.write(json.dumps(line) + "\n")


# --- examples ----------------------------------------------------------------------------------


def _example_line(
    example: Example,
    item: Item,
    source: Trajectory | None,
    state: ReviewState | None,
    hint: str,
) -> dict[str, Any]:
    authors = _authors(example, source, state, hint)
    return {
        "text": "".join(text for text, _ in example.segments),
        "segments": [
            {
                "text": text,
                **_weight(weight),
                "part": part,
                "author": author,
            }
            for (text, weight), (part, author) in zip(example.segments, authors, strict=True)
        ],
        "kind": example.kind.value,
        "iteration": example.iteration,
        "item": item.id,
        "subtask": item.subtask.value,
        "question": item.question,
        "answer": item.answer,
        "trajectory": example.trajectory_id,
        "origin": source.origin.value if source else None,
        "review": _review(state) if source else None,
    }


def _weight(weight: float | tuple[tuple[int, float], ...]) -> dict[str, Any]:
    if isinstance(weight, tuple):
        return {"runs": [list(run) for run in weight]}
    return {"weight": weight}


def _authors(
    example: Example, source: Trajectory | None, state: ReviewState | None, hint: str
) -> Iterator[tuple[str, str | None]]:
    """Give for each segment what it is, and who wrote it where that is known."""
    wrote: dict[str, str] = {}
    if source is not None:
        # As edited, where it was: the newer word on who wrote a text counts.
        for turn in (*source.turns, *_reviewed_turns(source, state, hint)):
            wrote[turn.text.strip()] = turn.author
    gold = example.kind is ExampleKind.GROUND_TRUTH
    short = len(example.segments) == 2 and example.segments[0][0].endswith(_ANSWER)
    for index, (text, _) in enumerate(example.segments):
        part = "answer" if short and index else _PARTS[min(index, len(_PARTS) - 1)]
        if part in ("question", "update line"):
            yield part, None
        elif gold:
            yield part, "gold" if part == "attempt" else None
        else:
            yield part, wrote.get(text.removeprefix("Feedback:").strip())


def _halves(segments: Sequence[Segment]) -> tuple[str, str]:
    first, *others = segments
    return first[0], "".join(text for text, _ in others)


def _messages(prompt: str, completion: str) -> list[dict[str, str]]:
    """Write an example as a chat: the question is the user's, all else the reply to it.

    As `engine.student.text_format` does for a student with a chat template.
    """
    text = prompt.removeprefix(_QUESTION)
    question, marker, rest = text.rpartition(_ANSWER) if _ANSWER in text else (text, "", "")
    reply = (marker + rest).removeprefix("\n") + completion
    return [
        {"role": "user", "content": question},
        {"role": "assistant", "content": reply},
    ]


# --- trajectories ------------------------------------------------------------------------------


def _trajectory_line(
    row: Trajectory, item: Item, state: ReviewState | None, hint: str
) -> dict[str, Any]:
    edited = state is not None and state.edited is not None
    turns = _reviewed_turns(row, state, hint) or row.turns
    return {
        "trajectory": row.id,
        "iteration": row.iteration,
        "item": item.id,
        "subtask": item.subtask.value,
        "question": item.question,
        "answer": item.answer,
        "origin": row.origin.value,
        "review": _review(state),
        "turns": [_turn_line(turn) for turn in turns],
        "text": state.edited if edited and state is not None else row.text,
        "text_as_collected": row.text if edited else None,
    }


def _turn_line(turn: Turn) -> dict[str, Any]:
    line: dict[str, Any] = {"kind": turn.kind.value, "author": turn.author, "text": turn.text}
    if turn.kind is TurnKind.FEEDBACK:
        line |= {
            "verdict": turn.verdict.value if turn.verdict else None,
            "step": turn.step,
            "span": turn.span,
            "reason": turn.reason,
        }
    return line


def _reviewed_turns(row: Trajectory, state: ReviewState | None, hint: str) -> tuple[Turn, ...]:
    """Return the turns of an edited trajectory; none where it was not, or cannot be read."""
    if state is None or state.edited is None:
        return ()
    try:
        return as_reviewed(row, state, hint).turns
    except ValueError:
        return ()


def _review(state: ReviewState | None) -> dict[str, Any]:
    """How a trajectory stands in review now; what was decided after training changed nothing."""
    if state is None:
        return {"status": ReviewStatus.PENDING.value, "edited": False, "flagged": False, "tags": []}
    return {
        "status": state.status.value,
        "edited": state.edited is not None,
        "flagged": state.flagged,
        "tags": list(state.tags),
        "note": state.note,
    }
