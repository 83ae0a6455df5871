"""Every screen while its database is held, is from a newer version, or cannot be written."""

import shutil
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from permissions import permissions_bind
from piloting import AppPilot, StartedBackend, app_on, at_home, said, text_of, until
from reviewed import review_project

from db.review_records import ReviewStatus
from db.store import Store
from engine.project import Project
from tripost_tui.actions import STAGES, Target
from tripost_tui.app import TripostApp
from tripost_tui.screens.base import BaseScreen
from tripost_tui.screens.help import HelpScreen
from tripost_tui.screens.review import ReviewScreen
from tripost_tui.state.place import Place

SIZE = (120, 40)
HELD = Path(__file__).parent / "held_lock.py"


@pytest.fixture
def reviewed(tmp_path: Path) -> tuple[Project, int]:
    return review_project(tmp_path / "tripost-demo")


@contextmanager
def held(project: Project) -> Iterator[None]:
    """Another process lets nobody read or write the database."""
    command = [sys.executable, str(HELD), str(project.db_path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as one:
        assert one.stdin is not None
        assert one.stdout is not None
        assert one.stdout.readline() == "held\n"
        try:
            yield
        finally:
            one.stdin.close()


def flat(pilot: AppPilot) -> str:
    return " ".join(text_of(pilot).split())


async def at_stage(pilot: AppPilot, target: Target, project: Project) -> BaseScreen:
    app = pilot.app
    assert isinstance(app, TripostApp)
    await at_home(pilot)
    app.open_stage(target, Place(project.path, "demo"))
    assert isinstance(app.screen, BaseScreen)
    return app.screen


@pytest.mark.parametrize("target", STAGES)
async def test_a_held_database_is_told_keys_go_on_and_it_recovers(
    target: Target, app: TripostApp, reviewed: tuple[Project, int]
) -> None:
    project, _ = reviewed
    async with app.run_test(size=SIZE) as pilot:
        screen = await at_stage(pilot, target, project)
        await until(pilot, lambda: "demo ·" in text_of(pilot), "reading")
        with held(project):
            await until(pilot, lambda: "database is busy" in flat(pilot), "the notice")
            begun = time.monotonic()
            await pilot.press("question_mark")
            await until(pilot, lambda: isinstance(app.screen, HelpScreen), "help")
            assert time.monotonic() - begun < 5
            await pilot.press("escape")
            assert app.screen is screen
        await until(pilot, lambda: "database is busy" not in flat(pilot), "recovery")


@pytest.mark.parametrize("target", STAGES)
async def test_a_screen_opened_on_a_held_database_comes_when_it_is_free(
    target: Target, app: TripostApp, reviewed: tuple[Project, int]
) -> None:
    project, _ = reviewed
    async with app.run_test(size=SIZE) as pilot:
        await at_home(pilot)
        with held(project):
            await at_stage(pilot, target, project)
            await until(pilot, lambda: "database is busy" in flat(pilot), "the notice")
        await until(pilot, lambda: "database is busy" not in flat(pilot), "recovery")
        assert "demo" in text_of(pilot)


async def test_what_is_decided_meanwhile_is_refused_aloud_and_nothing_is_half_done(
    app: TripostApp, reviewed: tuple[Project, int]
) -> None:
    project, run_id = reviewed
    async with app.run_test(size=SIZE) as pilot:
        screen = await at_stage(pilot, Target.REVIEW, project)
        assert isinstance(screen, ReviewScreen)
        await until(pilot, lambda: screen.view.item is not None, "reading")
        with held(project):
            await pilot.press("a")
            await until(pilot, lambda: "database is busy" in flat(pilot), "the notice")
            assert screen.view.at == 0
        await until(pilot, lambda: screen._poll_trouble is None, "the database")
        await pilot.press("a")
        await until(pilot, lambda: screen.view.counts.accepted == 1, "the decision")
    with Store.open(project.db_path) as store:
        states = store.review_states(run_id)
    assert {key: state.status for key, state in states.items()} == {12: ReviewStatus.ACCEPTED}


async def test_home_tells_that_a_project_is_held_and_recovers(
    app: TripostApp, reviewed: tuple[Project, int]
) -> None:
    async with app.run_test(size=SIZE) as pilot:
        with held(reviewed[0]):
            home = await at_home(pilot)
            await until(pilot, lambda: "unreadable" in text_of(pilot), "the row")
        await until(pilot, lambda: home.state.rows[0].trouble is None, "recovery")


@pytest.mark.parametrize("target", STAGES)
async def test_a_database_of_a_newer_version_is_told_and_left_alone(
    target: Target, app: TripostApp, reviewed: tuple[Project, int]
) -> None:
    project, _ = reviewed
    with closing(sqlite3.connect(project.db_path)) as database:
        row = ("tripost", "m099_from_the_future", "2030-01-01")
        database.execute(
            "INSERT INTO _sqlite_migrations (migration_set, name, applied_at) VALUES (?, ?, ?)", row
        )
        database.commit()
    before = project.db_path.read_bytes()
    async with app.run_test(size=SIZE) as pilot:
        await at_stage(pilot, target, project)
        await until(pilot, lambda: "from a newer version" in flat(pilot), "the notice")
        assert "m099_from_the_future" in flat(pilot)
        await pilot.press("a", "p", "escape")
        await until(pilot, lambda: "unreadable" in text_of(pilot), "Home")
    assert project.db_path.read_bytes() == before


@pytest.mark.parametrize("target", STAGES)
async def test_a_project_that_is_moved_away_is_told_and_found_again(
    target: Target, app: TripostApp, reviewed: tuple[Project, int]
) -> None:
    project, _ = reviewed
    async with app.run_test(size=SIZE) as pilot:
        await at_stage(pilot, target, project)
        await until(pilot, lambda: "demo ·" in text_of(pilot), "reading")
        elsewhere = project.path.with_name("elsewhere")
        project.path.rename(elsewhere)
        await until(pilot, lambda: "No such project" in flat(pilot), "the notice")
        elsewhere.rename(project.path)
        await until(pilot, lambda: "No such project" not in flat(pilot), "recovery")


@pytest.fixture
def read_only(tmp_path: Path) -> Iterator[Project]:
    project, _ = review_project(tmp_path / "demo")
    project.path.chmod(0o555)
    project.db_path.chmod(0o444)
    with permissions_bind():
        yield project
    project.path.chmod(0o755)


async def test_a_read_only_project_is_looked_at_but_not_reviewed(read_only: Project) -> None:
    app = app_on(StartedBackend(read_only.path.parent), read_only.path)
    async with app.run_test(size=SIZE) as pilot:
        await until(pilot, lambda: "demo ·" in text_of(pilot), "the run")
        assert "✗" not in text_of(pilot)
        app.open_stage(Target.REVIEW, Place(read_only.path, "demo"))
        screen = app.screen
        assert isinstance(screen, ReviewScreen)
        await until(pilot, lambda: screen.view.item is not None, "reading")
        for key in ("a", "f", "1"):
            await pilot.press(key)
            await until(pilot, lambda: "cannot be written" in flat(pilot), "the notice")
            assert screen.view.at == 0
            assert screen.view.counts.decided == 0
        await pilot.press("j")
        await until(pilot, lambda: screen.view.at == 1, "the next")


FULL_DISK = """
import asyncio, pathlib, sys
sys.path[:0] = [sys.argv[2]]
from piloting import StartedBackend, app_on, text_of, until
from db.store import Store
from tripost_tui.actions import Target
from tripost_tui.state.place import Place

folder = pathlib.Path(sys.argv[1]) / "demo"

async def main():
    app = app_on(StartedBackend(folder.parent))
    async with app.run_test(size=(120, 40)) as pilot:
        app.open_stage(Target.REVIEW, Place(folder, "demo"))
        screen = app.screen
        await until(pilot, lambda: screen.view.item is not None, "reading")
        await pilot.press("a")
        await until(pilot, lambda: screen.view.counts.accepted == 1, "the decision")
        ballast = folder.parent / "ballast"
        with ballast.open("wb", buffering=0) as file:
            try:
                while True:
                    file.write(bytes(4096))
            except OSError:
                pass
        await pilot.press("a")
        await until(pilot, lambda: "The disk is full" in text_of(pilot), "the notice")
        print("told", screen.view.counts.accepted, screen.view.at)
        ballast.unlink()
        await pilot.press("x")
        await until(pilot, lambda: screen.view.counts.rejected == 1, "the next decision")
        assert "The disk is full" not in text_of(pilot)

asyncio.run(main())
with Store.open(folder / "tripost.db") as store:
    run = store.latest_run()
    print(sorted((key, state.status.value) for key, state in store.review_states(run.id).items()))
"""


def test_a_full_disk_is_told_costs_no_decision_and_is_got_over(
    tmp_path: Path, reviewed: tuple[Project, int]
) -> None:
    project, _ = reviewed
    disk = tmp_path / "disk"
    disk.mkdir()
    command = ["unshare", "--map-root-user", "--mount", "sh", "-c"]
    mount = 'mount -t tmpfs -o size=2m none "$1"'
    if (
        shutil.which("unshare") is None
        or subprocess.run([*command, mount, "sh", disk], check=False).returncode
    ):
        pytest.skip("this system lets no user mount a filesystem")
    script = f'{mount} && cp -r "$2" "$1/demo" && exec "$3" -c "$4" "$1" "$5"'
    arguments = [disk, project.path, sys.executable, FULL_DISK, Path(__file__).parent]
    done = subprocess.run(
        [*command, script, "sh", *arguments], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout == "told 1 1\n[(11, 'rejected'), (12, 'accepted')]\n"


async def test_where_the_app_cannot_write_its_list_it_says_so(
    app: TripostApp, state_folder: Path
) -> None:
    state_folder.parent.mkdir(exist_ok=True)
    state_folder.write_text("a file in the way")
    async with app.run_test(size=SIZE) as pilot:
        await at_home(pilot)
        await pilot.press("l")
        await until(pilot, lambda: "The project cannot be used" in flat(pilot), "the error")
        await pilot.press("escape")
        await pilot.press("enter")
        await said(pilot, "no project in the list")
