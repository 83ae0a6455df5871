"""Projects: made whole or not at all, opened or refused with what to do."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from permissions import permissions_bind

from db.store import Store
from engine.config import Settings, demo_settings
from engine.errors import ConfigError, ProjectError
from engine.project import (
    Project,
    forget_project,
    known_projects,
    remember_project,
    state_dir,
)


@pytest.fixture(autouse=True)
def _own_state_dir(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TRIPOST_STATE_DIR", str(tmp_path_factory.mktemp("state") / "tripost"))


def on_a_tiny_disk(folder: Path, code: str) -> subprocess.CompletedProcess[str]:
    """Run Python with a filesystem of 64 KiB at ``folder``, which it is given as argument."""
    command = ["unshare", "--map-root-user", "--mount", "sh", "-c"]
    mount = 'mount -t tmpfs -o size=64k none "$1"'
    if (
        shutil.which("unshare") is None
        or subprocess.run([*command, mount, "sh", folder], check=False).returncode
    ):
        pytest.skip("this system lets no user mount a filesystem")
    script = f'{mount} && exec "$2" -c "$3" "$1"'
    return subprocess.run(
        [*command, script, "sh", folder, sys.executable, code],
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_project_is_made_and_opened(tmp_path: Path) -> None:
    made = Project.create(tmp_path / "a" / "b", demo_settings())
    assert Project.open(tmp_path / "a" / "b") == made
    assert made.settings_path == made.path / "project.toml"
    assert all(folder.is_dir() for folder in (made.checkpoints, made.logs, made.exports))
    with Store.open(made.db_path) as store:
        assert store.latest_run() is None


def test_a_copied_project_is_the_same_project(tmp_path: Path) -> None:
    made = Project.create(tmp_path / "here", demo_settings())
    shutil.copytree(made.path, tmp_path / "there")
    assert Project.open(tmp_path / "there").settings == made.settings


def test_a_project_without_a_name_has_its_folders(tmp_path: Path) -> None:
    assert Project.create(tmp_path / "sums").name == "sums"
    assert Project.create(tmp_path / "other", demo_settings()).name == "demo"


def test_a_project_may_be_made_in_an_empty_folder(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    assert Project.create(tmp_path / "empty").settings == Settings()


def test_a_taken_path_is_refused_and_left_alone(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "thesis.tex").write_text("mine")
    Project.create(tmp_path / "project")
    for name, why in [
        ("file", "this is a file"),
        ("full", r"not empty \(it has 'thesis.tex'\)"),
        ("project", "a project already"),
    ]:
        with pytest.raises(ProjectError, match=why):
            Project.create(tmp_path / name)
    assert (tmp_path / "file").read_text() == "mine"
    assert (tmp_path / "full" / "thesis.tex").read_text() == "mine"
    assert Project.open(tmp_path / "project").settings == Settings()


def test_what_is_no_project_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for path, why in [
        (tmp_path / "none", "no such folder"),
        (tmp_path / "file", "this is a file"),
        (tmp_path, "it has no project.toml"),
    ]:
        with pytest.raises(ProjectError, match=why) as caught:
            Project.open(path)
        assert str(path) in caught.value.message
        assert caught.value.exit_code == 3


def test_a_project_without_its_database_is_incomplete(tmp_path: Path) -> None:
    project = Project.create(tmp_path / "p")
    project.db_path.unlink()
    with pytest.raises(ProjectError, match=r"no tripost\.db"):
        Project.open(project.path)


def test_wrong_settings_are_the_settings_error(tmp_path: Path) -> None:
    project = Project.create(tmp_path / "p")
    project.settings_path.write_text("[train]\nepochs = 0\n")
    with pytest.raises(ConfigError, match=r"project\.toml: train\.epochs = 0"):
        Project.open(project.path)


def test_a_read_only_place_is_refused_and_stays_empty(tmp_path: Path) -> None:
    tmp_path.chmod(0o555)
    with permissions_bind(), pytest.raises(ProjectError) as caught:
        Project.create(tmp_path / "p")
    assert caught.value.title == "The project cannot be written"
    assert not list(tmp_path.iterdir())


def test_a_read_only_project_can_be_opened_but_not_prepared(tmp_path: Path) -> None:
    project = Project.create(tmp_path / "p")
    for folder in (project.path, *filter(Path.is_dir, project.path.iterdir())):
        folder.chmod(0o555)
    with permissions_bind():
        assert Project.open(project.path) == project
        with pytest.raises(ProjectError, match="Permission denied"):
            project.prepare()


def test_an_unreadable_settings_file_is_named(tmp_path: Path) -> None:
    project = Project.create(tmp_path / "p")
    project.settings_path.chmod(0)
    with permissions_bind(), pytest.raises(ConfigError, match=r"project\.toml: Permission denied"):
        Project.open(project.path)


def test_missing_folders_are_made_again(tmp_path: Path) -> None:
    project = Project.create(tmp_path / "p")
    project.exports.rmdir()
    project.prepare()
    assert project.exports.is_dir()


def test_on_a_full_disk_no_half_project_stays(tmp_path: Path) -> None:
    done = on_a_tiny_disk(
        tmp_path,
        "import pathlib, sys\n"
        "from db.errors import StoreFull\n"
        "from engine.errors import ProjectError\n"
        "from engine.project import Project\n"
        "disk = pathlib.Path(sys.argv[1])\n"
        "try:\n"
        "    Project.create(disk / 'a' / 'b')\n"
        "except (ProjectError, StoreFull) as error:\n"
        "    print(error.title, sorted(disk.iterdir()))\n",
    )
    assert done.stdout == "The disk is full []\n", done.stderr


def test_settings_that_do_not_fit_on_the_disk_leave_the_old_ones(tmp_path: Path) -> None:
    done = on_a_tiny_disk(
        tmp_path,
        "import errno, pathlib, sys\n"
        "from engine.config import Settings, load_settings, with_values, write_settings\n"
        "disk = pathlib.Path(sys.argv[1])\n"
        "(disk / 'ballast').write_bytes(bytes(52_000))\n"
        "write_settings(disk / 'project.toml', Settings())\n"
        "new = with_values(Settings(), {'student.path': 'x' * 4000})\n"
        "try:\n"
        "    write_settings(disk / 'project.toml', new)\n"
        "except OSError as error:\n"
        "    print(errno.errorcode[error.errno], sorted(p.name for p in disk.iterdir()))\n"
        "print(load_settings(disk / 'project.toml') == Settings())\n",
    )
    assert done.stdout == "ENOSPC ['ballast', 'project.toml']\nTrue\n", done.stderr


def test_known_projects_are_listed_last_opened_first(tmp_path: Path) -> None:
    assert known_projects() == []
    one = Project.create(tmp_path / "one")
    for path in (one.path, tmp_path / "gone", one.path):
        remember_project(path)
    assert [(known.path.name, known.exists) for known in known_projects()] == [
        ("one", True),
        ("gone", False),
    ]
    forget_project(tmp_path / "gone")
    assert [known.path for known in known_projects()] == [one.path]


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"projects": [{"path": 3}]}', b"\xff"])
def test_a_damaged_list_of_projects_counts_as_empty_and_is_written_anew(
    tmp_path: Path, content: bytes
) -> None:
    state_dir().mkdir(parents=True)
    (state_dir() / "projects.json").write_bytes(content)
    assert known_projects() == []
    remember_project(tmp_path)
    assert [known.path for known in known_projects()] == [tmp_path]


def test_a_state_folder_that_cannot_be_made_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("TRIPOST_STATE_DIR", str(tmp_path / "file"))
    with pytest.raises(ProjectError, match="file"):
        remember_project(tmp_path)
    assert known_projects() == []
