"""`tripost review` and `tripost continue`: deciding without the app."""

import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from db.records import (
    Attempt,
    CommandKind,
    Item,
    Origin,
    Split,
    Subtask,
    Trajectory,
    Turn,
    TurnKind,
)
from db.review_records import ReviewStatus
from db.store import Store
from engine import trajectory as trj
from engine.project import Project
from engine.reason_tags import REASON_TAGS
from engine.second_looks import GAP, is_looked_at_again
from engine.tasks.multistep_arithmetic import MultistepArithmetic
from engine.tasks.trial import with_answer
from tripost_tui.cli import tripost

from .conftest import CommandLine

TASK = MultistepArithmetic(seen=("3x1",))
HOSTILE = "\x1b]0;owned\x07 \u202e[/x]"


def edited(item: Item) -> trj.Trajectory:
    """A wrong answer, flagged, and the update that puts it right."""
    wrong = with_answer(item, "12345")
    flagged = TASK.feedback(item.question, wrong)
    update = TASK.improve(item.question, wrong, flagged)
    return trj.Trajectory(
        item.question,
        (trj.Turn.of(wrong, flagged), trj.Turn.of(update, trj.correct(update))),
    )


def with_trajectories(project: Project, count: int, hostile: bool = False) -> list[int]:
    """A run with edited trajectories, of which the last may try to steer the terminal."""
    with Store.open(project.db_path) as store:
        run = store.create_run(
            seed=1, iterations=1, config={}, config_hash="", versions={}, student="none"
        )
        store.add_items(TASK.generate(Split.TRAIN, [Subtask.SEEN], count, seed=1))
        items = store.items(TASK.name)
        attempts = store.add_attempts(
            Attempt(
                run_id=run.id,
                iteration=1,
                pass_=0,
                item_id=item.id,
                text="",
                seed=1,
                temperature=1.0,
                finish_reason="eos",
                tokens=1,
            )
            for item in items
        )
        rows = []
        for attempt, item in zip(attempts, items, strict=True):
            one = edited(item)
            turns: list[Turn] = []
            for turn in one.turns:
                assert turn.feedback is not None
                words = turn.attempt.text + (HOSTILE if hostile else "")
                turns += [
                    Turn(kind=TurnKind.ATTEMPT, author="student", text=words),
                    Turn(
                        kind=TurnKind.FEEDBACK,
                        author="script",
                        text=turn.feedback.render(),
                        verdict=turn.feedback.verdict,
                        step=turn.feedback.step,
                        span=turn.feedback.span,
                    ),
                ]
            rows.append(
                Trajectory(
                    run_id=run.id,
                    iteration=1,
                    attempt_id=attempt,
                    item_id=item.id,
                    origin=Origin.EDITED,
                    text=trj.render(one, TASK.hint),
                    updates=1,
                    turns=tuple(turns),
                )
            )
        return store.add_edits(rows)


@pytest.fixture
def project(cli: CommandLine) -> Project:
    return cli.new("p")


@pytest.fixture
def ids(project: Project) -> list[int]:
    return with_trajectories(project, 4)


def typed(*lines: str, arguments: tuple[str, ...] = ()) -> Result:
    """`tripost review p`, with these lines typed."""
    return CliRunner().invoke(
        tripost,
        ["review", "p", "--plain", *arguments],
        input="".join(f"{line}\n" for line in lines),
        catch_exceptions=False,
    )


def statuses(project: Project, ids: list[int]) -> list[str]:
    with Store.open(project.db_path, readonly=True) as store:
        return [store.review_state(key).status.value for key in ids]


def test_before_a_run_there_is_nothing_to_review(cli: CommandLine, project: Project) -> None:
    result = cli("review", "p")
    assert result.exit_code == 3
    assert "There is no run" in result.stderr
    assert cli("continue", "p").exit_code == 3


def test_one_key_decides_and_goes_on(cli: CommandLine, project: Project, ids: list[int]) -> None:
    result = typed("a", "x", "s", "q")
    assert result.exit_code == 0
    # Newest first.
    assert statuses(project, ids) == ["pending", "pending", "rejected", "accepted"]
    assert f"accepted {ids[3]}" in result.stdout
    assert "2 decided now. Of all: 1 accepted, 1 rejected, 2 pending." in result.stdout
    # What was put off comes last.
    shown = [int(line.split()[1]) for line in result.stdout.splitlines() if line.startswith("traj")]
    assert shown == [ids[3], ids[2], ids[1], ids[0]]
    typed("a", "a")
    assert statuses(project, ids) == ["accepted", "accepted", "rejected", "accepted"]
    assert "Nothing to review: 3 accepted, 1 rejected." in typed().stdout


def test_what_is_shown_is_what_is_needed_to_decide(
    cli: CommandLine, project: Project, ids: list[int]
) -> None:
    with Store.open(project.db_path, readonly=True) as store:
        row = store.trajectory(ids[0])
        item = store.item(row.item_id)
    text = typed("q", arguments=("--order", "oldest")).stdout
    assert item.question in text
    assert ">>" in text
    flagged = text.split(">>")[1].split("<<")[0]
    assert "12345" in flagged
    assert f"Reference answer: {item.answer}" in text
    assert "Checker: pass" in text
    assert "Update, by student:" in text
    with Store.open(project.db_path, readonly=True) as store:
        assert list(store.checks(ids)) == ids[:1]


def test_the_end_of_the_input_is_an_end(cli: CommandLine, project: Project, ids: list[int]) -> None:
    assert typed().exit_code == 0
    assert statuses(project, ids) == ["pending"] * 4


def test_marks_leave_it_in_front(cli: CommandLine, project: Project, ids: list[int]) -> None:
    result = typed("f", "1", "3", "1", "m", "look again", "m at once", "f", "f", "7", "??", "q")
    with Store.open(project.db_path, readonly=True) as store:
        state = store.review_state(ids[3])
    assert state.flagged
    assert state.tags == tuple(sorted({REASON_TAGS[2], REASON_TAGS[6]}))
    assert state.note == "at once"
    assert state.status is ReviewStatus.PENDING
    assert "is no key" in result.stdout
    again = typed("q").stdout
    assert "So far: flagged · tags " in again
    assert "note at once" in again


def test_undo_and_redo_reach_across_sessions(
    cli: CommandLine, project: Project, ids: list[int]
) -> None:
    typed("a", "x", "q")
    result = typed("u", "u", "q")
    assert f"undone: reject of trajectory {ids[2]}" in result.stdout
    assert f"undone: accept of trajectory {ids[3]}" in result.stdout
    assert statuses(project, ids) == ["pending"] * 4
    result = typed("U", "U", "U", "q")
    assert "nothing to redo" in result.stdout
    assert statuses(project, ids)[2:] == ["rejected", "accepted"]
    assert "undone: reject" in cli("review", "p", "--undo").stderr
    assert "redone: reject" in cli("review", "p", "--redo").stderr
    assert cli("review", "p", "--undo", "--redo").exit_code == 2


def test_undone_in_a_session_it_is_shown_again(
    cli: CommandLine, project: Project, ids: list[int]
) -> None:
    result = typed("a", "u", "x", "q")
    assert statuses(project, ids)[3] == "rejected"
    assert "1 decided now" in result.stdout


def test_an_edit_goes_through_the_editor_and_is_checked(
    cli: CommandLine, project: Project, ids: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    with Store.open(project.db_path, readonly=True) as store:
        row = store.trajectory(ids[3])
        answer = store.item(row.item_id).answer
    monkeypatch.setenv("EDITOR", editor(project.path, f"text.replace('is {answer}.', 'is 777.')"))
    result = typed("e", "a", "q")
    assert "edited; the checker says" in result.stdout
    assert "Update, by person:" in result.stdout
    with Store.open(project.db_path, readonly=True) as store:
        state = store.review_state(ids[3])
        assert store.trajectory(ids[3]) == row
    assert state.status is ReviewStatus.ACCEPTED
    assert state.edited is not None
    assert "is 777." in state.edited
    monkeypatch.setenv("EDITOR", editor(project.path, "'no steps'"))
    refused = typed("e", "E", "q")
    assert refused.stdout.count("The text cannot be used") == 2
    (listed,) = cli.json("review", "p", "--filter", "by:person", "--json")
    assert (listed["id"], listed["edited"]) == (ids[3], True)
    assert "person" in listed["authors"]
    assert "is 777." in listed["text"]


def editor(folder: Path, change: str) -> str:
    """A command that edits a file as ``change`` says."""
    script = folder / "editor.py"
    script.write_text(
        "import os, pathlib, sys\n"
        "path = pathlib.Path(sys.argv[1])\n"
        "text = path.read_text()\n"
        f"path.write_text({change})\n"
        # An editor that takes no time at all looks like one that saved nothing.
        "os.utime(path, (2e9, 2e9))\n"
    )
    return f"{sys.executable} {script}"


def test_json_lists_with_state_by_filter_and_order(
    cli: CommandLine, project: Project, ids: list[int]
) -> None:
    cli("review", "p", "--accept", f"{ids[0]},{ids[1]}", "--reject", str(ids[2]))
    listed = cli.json("review", "p", "--json", "--order", "oldest")
    assert [(one["id"], one["status"]) for one in listed] == list(
        zip(ids, ["accepted", "accepted", "rejected", "pending"], strict=True)
    )
    assert listed[0]["check"] is None
    (some,) = cli.json(
        "review", "p", "--json", "--filter", "check:pass -status:accepted", "--limit", "1"
    )
    assert (some["id"], some["check"]) == (ids[3], "pass")
    assert some["answer"] in some["text"]


def test_decisions_by_ids_are_one_step(cli: CommandLine, project: Project, ids: list[int]) -> None:
    result = cli("review", "p", "--reject", f"{ids[0]}-{ids[3]}")
    assert "0 accepted, 4 rejected; one undo step" in result.stderr
    assert statuses(project, ids) == ["rejected"] * 4
    cli("review", "p", "--undo")
    assert statuses(project, ids) == ["pending"] * 4


WRONG_USE: dict[str, list[str]] = {
    "no id": ["--accept", "x"],
    "a range without an end": ["--accept", "3-"],
    "both": ["--accept", "1,2", "--reject", "2"],
    "no order": ["--order", "best"],
    "no limit": ["--limit", "0"],
    "no status": ["--filter", "status:done"],
}


@pytest.mark.parametrize("name", WRONG_USE)
def test_wrong_use_is_told(cli: CommandLine, project: Project, ids: list[int], name: str) -> None:
    assert cli("review", "p", *WRONG_USE[name]).exit_code == 2
    assert statuses(project, ids) == ["pending"] * 4


def test_a_fault_in_a_filter_is_pointed_at(cli: CommandLine, ids: list[int]) -> None:
    text = cli("review", "p", "--filter", "iter:1 status:done").stderr
    lines = text.splitlines()
    line = next(n for n, shown in enumerate(lines) if shown.strip() == "iter:1 status:done")
    assert lines[line + 1].index("^") == lines[line].index("done")
    assert "One of pending, accepted, rejected." in text


def test_an_unknown_id_decides_nothing(cli: CommandLine, project: Project, ids: list[int]) -> None:
    result = cli("review", "p", "--accept", f"{ids[0]},99")
    assert result.exit_code == 3
    assert "99" in result.stderr
    assert statuses(project, ids) == ["pending"] * 4


def test_stats_tell_counts_and_agreement(
    cli: CommandLine, project: Project, ids: list[int]
) -> None:
    typed("a", "x", "q")
    text = cli("review", "p", "--stats").stdout
    assert "2 pending, 1 accepted, 1 rejected, 0 flagged, 0 edited" in text
    assert "50.0% accepted" in text
    assert "agreement with the task's checker: 1 of 2, 50.0%" in text
    (told,) = cli.json("review", "p", "--stats", "--json")
    assert (told["pending"], told["with_checker"]["of"], told["with_oneself"]["share"]) == (
        2,
        2,
        None,
    )


def test_model_text_cannot_steer_the_terminal(cli: CommandLine, project: Project) -> None:
    with_trajectories(project, 1, hostile=True)
    result = typed("m \x1b[2J\u202e", "q")
    assert "owned" in result.stdout
    assert "\x1b" not in result.stdout
    assert "\u202e" not in result.stdout
    assert "\x1b" not in typed("q").stdout


def test_a_second_look_shows_neither_decision_nor_verdict(
    cli: CommandLine, project: Project
) -> None:
    ids = with_trajectories(project, 80)
    chosen = [key for key in ids if is_looked_at_again(1, key)]
    place = ids.index(chosen[0])
    keys = ["a"] * (place + 1 + GAP)
    result = typed(*keys, "x", "q", arguments=("--order", "oldest"))
    again = result.stdout.split("again, without your decision")
    assert len(again) == 2
    assert f"trajectory {chosen[0]} " in again[0].splitlines()[-1]
    assert "Checker" not in again[1].split("before, it was accepted")[0]
    with Store.open(project.db_path, readonly=True) as store:
        state = store.review_state(chosen[0])
    assert (state.status, state.blind) == (ReviewStatus.ACCEPTED, ReviewStatus.REJECTED)


# --- a run that waits --------------------------------------------------------------------------


def test_status_tells_what_is_pending(cli: CommandLine, project: Project, ids: list[int]) -> None:
    cli("review", "p", "--accept", str(ids[0]))
    assert "review: 3 pending, 1 accepted, 0 rejected" in cli("status", "p").stdout
    (told,) = cli.json("status", "p", "--json")
    assert told["review"] == {
        "pending": 3,
        "accepted": 1,
        "rejected": 0,
        "flagged": 0,
        "edited": 0,
    }


def test_continue_reaches_an_engine_that_waits_and_no_other(
    cli: CommandLine, project: Project
) -> None:
    cli("run", "p", "--detach", plot="review")
    told: dict[str, Any] = {}
    deadline = time.monotonic() + 30
    while told.get("state") != "waiting for review":
        assert time.monotonic() < deadline
        (told,) = cli.json("status", "p", "--json")
    assert f"tripost continue {project.path}" in cli("status", "p").stdout
    result = cli("continue", "p")
    assert result.exit_code == 0
    assert "asked to go on without what is undecided" in result.stdout
    while told["state"] != "running":
        assert time.monotonic() < deadline
        (told,) = cli.json("status", "p", "--json")
    refused = cli("continue", "p")
    assert refused.exit_code == 3
    assert "does not wait for review" in refused.stderr
    with Store.open(project.db_path) as store:
        store.send_command(1, CommandKind.STOP)


def test_it_needs_no_terminal(project: Project, ids: list[int]) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tripost_tui", "review", str(project.path), "--plain"],
        input=b"a\n\xff\nx\n",
        capture_output=True,
        env={"PYTHONPATH": str(Path(__file__).resolve().parents[3])},
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert statuses(project, ids) == ["pending", "pending", "rejected", "accepted"]
    listed = subprocess.run(
        [sys.executable, "-m", "tripost_tui", "review", str(project.path), "--json"],
        capture_output=True,
        env={"PYTHONPATH": str(Path(__file__).resolve().parents[3])},
        check=True,
    )
    assert len([json.loads(line) for line in listed.stdout.splitlines()]) == 4
