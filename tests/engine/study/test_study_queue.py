"""The queue with a stand-in for engines: order, jobs, failures, stops, and deaths at any point."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from studies import SMALL, StandIn, do_run, runs_of, study_of

import engine.study.sharing
from db.store import Store
from engine.errors import ProjectError
from engine.project import Project
from engine.study.comparing import compare_runs
from engine.study.plan import planned_runs
from engine.study.queue import News, Queue, What
from engine.study.results import read_results
from engine.study.sharing import COPIED
from engine.study.writing import json_text, to_csv

REFERENCE = "multistep_arithmetic-tripost-seed1"


SMALLEST = SMALL.replace("[1, 2]", "[1]").replace("[0.2, 0.7]", "0.2")


class Killed(BaseException):
    """What a kill looks like from inside: nothing is caught, nothing is put in order."""


def work(
    tmp_path: Path, stand_in: StandIn, jobs: int = 1, text: str = SMALL, **options: object
) -> list[News]:
    news: list[News] = []
    queue = Queue(tmp_path / "out", runs_of(tmp_path, text), stand_in, news.append, jobs)
    queue.work(pause=lambda _: None, **options)  # type: ignore[arg-type]
    return news


def results(tmp_path: Path, text: str = SMALL) -> tuple[str, str]:
    study = study_of(tmp_path, text)
    found = read_results(tmp_path / "out", planned_runs(study))
    comparison = compare_runs(study.name, "tripost", found)
    return json_text(comparison), to_csv(comparison)


def said(news: list[News], what: What) -> list[str]:
    return [one.run.name for one in news if one.what is what]


def test_all_runs_are_done_once_each_an_ordinary_project(tmp_path: Path) -> None:
    stand_in = StandIn()
    news = work(tmp_path, stand_in)
    names = [run.name for run in runs_of(tmp_path)]
    assert sorted(stand_in.done) == sorted(names)
    assert said(news, What.FINISHED) == stand_in.done
    assert stand_in.at_once == 1
    for name in names:
        assert Project.open(tmp_path / "out/runs" / name).name == name


def test_what_is_finished_is_not_done_again(tmp_path: Path) -> None:
    work(tmp_path, StandIn())
    before = results(tmp_path)
    again = StandIn()
    assert work(tmp_path, again) == []
    assert again.done == []
    assert results(tmp_path) == before


def test_jobs_work_side_by_side_but_wait_for_what_they_need(tmp_path: Path) -> None:
    stand_in = StandIn()
    news = work(tmp_path, stand_in, jobs=6)
    # Of six runs two need nothing of others.
    assert stand_in.at_once >= 2
    order = [(one.what, one.run.name) for one in news]
    for run in runs_of(tmp_path):
        for other in run.waits_for:
            assert order.index((What.FINISHED, other)) < order.index((What.STARTED, run.name))


def test_a_budget_is_what_the_reference_trained_on(tmp_path: Path) -> None:
    work(tmp_path, StandIn())
    folder = tmp_path / "out/runs/multistep_arithmetic-continued_rationale-seed2"
    # The stand-in has 100 + seed tokens in each of two iterations.
    assert Project.open(folder).settings.train.token_budget == 102


def test_the_start_is_copied_and_said_to_be(tmp_path: Path) -> None:
    work(tmp_path, StandIn())
    with (
        Store.read(tmp_path / "out/runs" / REFERENCE / "tripost.db") as first,
        Store.read(tmp_path / "out/runs" / f"{REFERENCE}-p0.2" / "tripost.db") as other,
    ):
        assert first.evaluations(1, 0) == other.evaluations(1, 0)
        assert first.events_of_kind(1, COPIED) == []
        told = other.events_of_kind(1, COPIED)
    assert [event.data["project"] for event in told] == [REFERENCE, REFERENCE]
    assert [event.data["iteration"] for event in told] == [0, 1]


@pytest.mark.parametrize("how", ["fails", "dies"])
def test_a_failure_is_told_and_the_others_go_on(tmp_path: Path, how: str) -> None:
    stand_in = StandIn(**{how: frozenset({REFERENCE})})
    news = work(tmp_path, stand_in)
    assert said(news, What.FAILED) == [REFERENCE]
    # Those that wanted a part of it do that part themselves; those that need all of it cannot.
    assert said(news, What.LEFT_OUT) == ["multistep_arithmetic-continued_rationale-seed1"]
    assert len(stand_in.done) == 4
    work(tmp_path, stand_in := StandIn())
    assert len(stand_in.done) == 2
    assert '"status": "failed"' not in results(tmp_path)[0]


def test_a_stop_has_the_runs_at_work_end_and_starts_no_other(tmp_path: Path) -> None:
    stand_in, news = StandIn(), list[News]()
    queue = Queue(tmp_path / "out", runs_of(tmp_path), stand_in, news.append, 2)
    queue.work(pause=lambda _: queue.stop())
    assert said(news, What.STARTED) == said(news, What.STOPPED)
    assert stand_in.done == []
    work(tmp_path, stand_in)
    stand_in.stopped.clear()
    work(tmp_path, stand_in)
    assert len(stand_in.done) == 6


def test_a_run_that_is_at_work_already_is_followed(tmp_path: Path) -> None:
    stand_in = StandIn(dies=frozenset({REFERENCE}))
    work(tmp_path, stand_in, text=SMALL.split("[budget]", maxsplit=1)[0])
    stand_in = StandIn()
    stand_in.start(Project.open(tmp_path / "out/runs" / REFERENCE))
    news = work(tmp_path, stand_in)
    assert said(news, What.FOLLOWED) == [REFERENCE]
    assert stand_in.done.count(REFERENCE) == 1


def test_settings_that_changed_since_are_not_taken_for_the_same(tmp_path: Path) -> None:
    work(tmp_path, StandIn())
    news = work(tmp_path, StandIn(), text=SMALL.replace("items = 12", "items = 13"))
    assert len(said(news, What.LEFT_OUT)) == 6
    assert "task.test_items" in news[0].why


def test_a_disk_that_is_too_small_is_told_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from collections import namedtuple

    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr("shutil.disk_usage", lambda _: usage(10**9, 10**9 - 10**6, 10**6))
    with pytest.raises(ProjectError, match="too little room"):
        work(tmp_path, stand_in := StandIn())
    assert stand_in.done == []


def _killing(monkeypatch: pytest.MonkeyPatch, at: int) -> Callable[[], int]:
    """Kill at the ``at``-th point: before and after a project is in its place, and commits."""
    count = 0

    def point() -> None:
        nonlocal count
        count += 1
        if count == at:
            raise Killed

    rename, transaction = os.rename, Store.transaction

    def renamed(old: Path, new: Path) -> None:
        point()
        rename(old, new)
        point()

    def written(store: Store) -> object:
        point()
        return transaction(store)

    monkeypatch.setattr(engine.study.sharing.os, "rename", renamed)
    monkeypatch.setattr(Store, "transaction", written)
    return lambda: count


def test_a_queue_that_is_killed_anywhere_ends_with_the_same_tables(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "whole").mkdir()
    work(tmp_path / "whole", StandIn(), text=SMALLEST)
    expected = [_timeless(text) for text in results(tmp_path / "whole", SMALLEST)]
    at, points = 1, 2
    while at < points:
        folder = tmp_path / f"killed{at}"
        folder.mkdir()
        with monkeypatch.context() as patch:
            reached = _killing(patch, at)
            try:
                work(folder, StandIn(), text=SMALLEST)
            except Killed:
                points = reached() + 10_000
            else:
                points = 0
        work(folder, StandIn(), text=SMALLEST)
        assert [_timeless(text) for text in results(folder, SMALLEST)] == expected, at
        # Every point would take a while; these are some of each kind.
        at = at + 1 if at < 4 else at * 3 // 2


def _timeless(text: str) -> str:
    return "\n".join(line for line in text.splitlines() if '"seconds"' not in line)


def test_runs_that_persons_did_by_hand_count(tmp_path: Path) -> None:
    """Whoever takes up a project of the study with tripost run does the queue's work."""
    stand_in = StandIn(dies=frozenset({REFERENCE}))
    work(tmp_path, stand_in)
    do_run(Project.open(tmp_path / "out/runs" / REFERENCE))
    work(tmp_path, stand_in := StandIn())
    assert REFERENCE not in stand_in.done
