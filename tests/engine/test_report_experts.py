"""The report says who corrected what, what was given up, and what the experts' calls took."""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from db.expert_records import ExpertCall
from db.records import (
    Attempt,
    Drop,
    DropStage,
    Item,
    Origin,
    Run,
    Split,
    Subtask,
    Trajectory,
    Turn,
    TurnKind,
)
from db.store import Store
from engine.config import Settings, settings_hash
from engine.control import EXPERTS_CHANGED
from engine.editing import DropReason
from engine.report import Report, build_report
from engine.report_experts import experts_json
from engine.report_formats import to_json, to_markdown
from engine.report_tables import report_tables

TASK = "multistep_arithmetic"
QWEN, GPT = "ollama:qwen3:8b", "openai:gpt@http://h/v1"


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with Store.create(tmp_path / "tripost.db") as store:
        store.add_items(
            Item(
                task=TASK,
                split=Split.TRAIN,
                subtask=Subtask.SEEN,
                question=f"{number}?",
                answer="5",
                rationale="",
            )
            for number in range(8)
        )
        yield store


@pytest.fixture
def run(store: Store) -> Run:
    settings = Settings()
    return store.create_run(
        seed=1,
        iterations=2,
        config=settings.model_dump(mode="json"),
        config_hash=settings_hash(settings),
        versions={},
        student="embedded",
    )


def edited(
    store: Store,
    run: Run,
    iteration: int,
    kept: Sequence[Sequence[str]],
    dropped: Sequence[DropReason] = (),
) -> None:
    """Trajectories by their authors, of attempt, feedback, attempt, feedback …; then drops."""
    items = store.items(TASK)
    attempts = store.add_attempts(
        Attempt(
            run_id=run.id,
            iteration=iteration,
            pass_=0,
            item_id=item.id,
            text="",
            seed=1,
            temperature=1.0,
            finish_reason="stop",
            tokens=3,
        )
        for item in items[: len(kept) + len(dropped)]
    )
    kinds = [TurnKind.ATTEMPT, TurnKind.FEEDBACK] * 9
    trajectories = [
        Trajectory(
            run_id=run.id,
            iteration=iteration,
            attempt_id=attempt,
            item_id=item.id,
            origin=Origin.EDITED,
            text="",
            updates=len(authors) // 2 - 1,
            turns=tuple(
                Turn(kind=kind, author=author, text="")
                for kind, author in zip(kinds, authors, strict=False)
            ),
        )
        for attempt, item, authors in zip(attempts, items, kept, strict=False)
    ]
    drops = [
        Drop(
            run_id=run.id,
            iteration=iteration,
            stage=DropStage.EDIT,
            reason=reason,
            attempt_id=attempt,
        )
        for attempt, reason in zip(attempts[len(kept) :], dropped, strict=True)
    ]
    store.add_edits(trajectories, drops)


def called(store: Store, run: Run, iteration: int, role: str, expert: str, **more: Any) -> None:
    """A call that brought a reply of 100 tokens in and 20 out in 2 s, unless told otherwise."""
    values: dict[str, Any] = {
        "reply": "{}",
        "prompt_tokens": 100,
        "reply_tokens": 20,
        "seconds": 2.0,
    }
    key = str(len(store.expert_calls(run.id)))
    call = ExpertCall(
        run_id=run.id,
        iteration=iteration,
        key=key,
        role=role,
        expert=expert,
        request={},
        **(values | more),
    )
    store.add_expert_calls([call])


def json_of(report: Report) -> Any:
    return json.loads(json.dumps(to_json(report), allow_nan=False))["experts"]


def titles(report: Report) -> set[str]:
    return {table.title for table in report_tables(report)}


SECTIONS = {
    "Who corrected",
    "Given up by FBK and IMP",
    "Calls of experts",
    "Tokens and cost of experts",
}


def test_a_run_that_scripts_alone_corrected_has_no_sections_about_experts(
    store: Store, run: Run
) -> None:
    edited(store, run, 1, [["student", "script", "script", "script"]], [DropReason.FEEDBACK_FAILED])
    report = build_report(store, run.id)
    assert report.experts is None
    assert json_of(report) is None
    assert not titles(report) & SECTIONS


def test_turns_are_counted_by_author_and_iteration(store: Store, run: Run) -> None:
    qwen = f"expert:{QWEN}"
    edited(
        store,
        run,
        1,
        [
            ["student", qwen, qwen, qwen, "script", "gold"],
            ["student", "gold"],
            ["student", "student", "student", "gold"],
        ],
    )
    edited(store, run, 2, [["student", qwen, "script", "gold"]])
    report = build_report(store, run.id)
    work = report.experts
    assert work is not None
    counts = {(one.iteration, one.author): (one.feedbacks, one.updates) for one in work.authors}
    assert counts == {
        (1, "student"): (1, 1),
        (1, qwen): (2, 1),
        (1, "script"): (0, 1),
        (1, "gold"): (3, 0),
        (2, qwen): (1, 0),
        (2, "script"): (0, 1),
        (2, "gold"): (1, 0),
    }
    sums = {one.author: (one.feedbacks, one.updates) for one in work.in_all().authors}
    assert sums == {"student": (1, 1), qwen: (3, 1), "script": (0, 2), "gold": (4, 0)}
    text = to_markdown(report)
    assert f"| 1 | {qwen} | 2 | 1 |" in text
    assert f"| all | {qwen} | 3 | 1 |" in text
    assert "No call was made: all replies came from the record." in text


def test_sums_are_left_out_where_there_is_one_iteration(store: Store, run: Run) -> None:
    edited(store, run, 1, [["student", f"expert:{QWEN}"]])
    assert "| all |" not in to_markdown(build_report(store, run.id))


def test_drops_are_those_of_fbk_and_of_imp(store: Store, run: Run) -> None:
    called(store, run, 1, "feedback", QWEN)
    edited(
        store,
        run,
        1,
        [],
        [
            DropReason.IMPROVE_UNUSABLE,
            DropReason.FEEDBACK_GAVE_UP,
            DropReason.FEEDBACK_UNUSABLE,
            DropReason.FEEDBACK_UNUSABLE,
            DropReason.UPDATE_KEEPS_SPAN,
            DropReason.ATTEMPT_UNREADABLE,
        ],
    )
    edited(store, run, 2, [], [DropReason.FEEDBACK_GAVE_UP])
    report = build_report(store, run.id)
    assert report.experts is not None
    told = [(one.iteration, one.who, one.reason, one.count) for one in report.experts.given_up]
    assert told == [
        (1, "FBK", "FBK's reply is unusable", 2),
        (1, "FBK", "FBK gave up", 1),
        (1, "IMP", "IMP's reply is unusable", 1),
        (1, "IMP", "update keeps the flagged part", 1),
        (2, "FBK", "FBK gave up", 1),
    ]
    assert "| all | FBK | FBK gave up | 2 |" in to_markdown(report)


def test_every_reason_that_names_fbk_or_imp_is_theirs(store: Store, run: Run) -> None:
    called(store, run, 1, "feedback", QWEN)
    named = [reason for reason in DropReason if reason.startswith(("FBK", "IMP", "update"))]
    named.remove(DropReason.GOLD_REJECTED)  # of a gold rationale, which nobody was asked about
    for iteration, reason in enumerate(named, start=1):
        edited(store, run, iteration, [], [reason])
    work = build_report(store, run.id).experts
    assert work is not None
    assert [one.reason for one in work.given_up] == named


def test_calls_are_accounted_for_by_expert_and_role(store: Store, run: Run) -> None:
    called(store, run, 1, "feedback", QWEN)
    called(store, run, 1, "feedback", QWEN, seconds=1.0)
    called(store, run, 1, "feedback", QWEN, reply=None, prompt_tokens=None, reply_tokens=None,
           seconds=60.0, error="gone")  # fmt: skip
    called(store, run, 1, "improve", GPT, cost=0.25, prompt_tokens=None, reply_tokens=None)
    called(store, run, 2, "improve", GPT, cost=0.5)
    called(store, run, 2, "improve", QWEN, reply=None, prompt_tokens=None, reply_tokens=None,
           seconds=3.0, error="gone")  # fmt: skip
    report = build_report(store, run.id)
    text = to_markdown(report)
    for line in (
        f"| 1 | feedback | {QWEN} | 2 | 1 | 1.50 s |",
        f"| 1 | feedback | {QWEN} | 200 | 40 | 0 | – |",
        f"| 1 | improve | {GPT} | 1 | 0 | 2.00 s |",
        f"| 1 | improve | {GPT} | 0 | 0 | 1 | 0.2500 |",
        f"| all | improve | {GPT} | 2 | 0 | 2.00 s |",
        f"| all | improve | {GPT} | 100 | 20 | 1 | 0.7500 |",
        f"| 2 | improve | {QWEN} | 0 | 1 | – |",
        f"| 2 | improve | {QWEN} | 0 | 0 | 0 | – |",
    ):
        assert line in text, line
    sums = {(one["role"], one["expert"]): one for one in json_of(report)["in_all"]["accounts"]}
    assert sums["feedback", QWEN] == {
        "role": "feedback",
        "expert": QWEN,
        "replies": 2,
        "failed": 1,
        "prompt_tokens": 200,
        "reply_tokens": 40,
        "untold": 0,
        "seconds": 3.0,
        "cost": 0.0,
    }


def test_an_experts_name_is_no_markup(store: Store, run: Run) -> None:
    hostile = "openai:a|b\x1b[2J <script>@http://h"
    called(store, run, 1, "feedback", hostile)
    text = to_markdown(build_report(store, run.id))
    assert "\x1b" not in text
    assert r"openai:a\|b \[2J \<script>@http://h" in text


def test_json_has_each_iteration_and_all_of_them(store: Store, run: Run) -> None:
    edited(store, run, 1, [["student", f"expert:{QWEN}"]], [DropReason.IMPROVE_GAVE_UP])
    report = build_report(store, run.id)
    assert report.experts is not None
    told = experts_json(report.experts)
    assert told == json_of(report)
    author = {"author": f"expert:{QWEN}", "feedbacks": 1, "updates": 0}
    given_up = {"who": "IMP", "reason": "IMP gave up", "count": 1}
    assert told == {
        "authors": [{"iteration": 1, **author}],
        "given_up": [{"iteration": 1, **given_up}],
        "accounts": [],
        "in_all": {"authors": [author], "given_up": [given_up], "accounts": []},
    }


def test_tables_have_rows_as_wide_as_their_heads(store: Store, run: Run) -> None:
    edited(store, run, 1, [["student", f"expert:{QWEN}"]], [DropReason.IMPROVE_GAVE_UP])
    called(store, run, 1, "feedback", QWEN)
    tables = [one for one in report_tables(build_report(store, run.id)) if one.title in SECTIONS]
    assert len(tables) == len(SECTIONS)
    for table in tables:
        assert table.rows
        assert all(len(row) == len(table.columns) for row in table.rows)
        assert all(column < len(table.columns) for column in table.numbers)


def test_when_others_were_asked_is_told_as_data(store: Store, run: Run) -> None:
    before, now = {"feedback": ["ollama:`a`"]}, {"feedback": ["script"]}
    message = "from now on feedback (FBK) by script instead of ollama:`a`|<b>"
    store.add_event(run.id, EXPERTS_CHANGED, message, data={"before": before, "now": now})
    report = build_report(store, run.id)
    (told,) = to_json(report)["experts_changed"]
    assert (told["before"], told["now"]) == (before, now)
    text = to_markdown(report)
    assert "from now on feedback (FBK) by script" in text
    assert r"ollama:\`a\`\|\<b>" in text
