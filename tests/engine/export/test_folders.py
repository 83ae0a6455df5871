"""An export's folder: whole or not at all, and never over what a person has made."""

from pathlib import Path

import pytest

from engine.errors import ProjectError
from engine.export.folders import PROVENANCE, check_room, check_target, new_folder
from engine.files import free_bytes


def export_at(folder: Path, text: str = "old") -> Path:
    folder.mkdir(parents=True)
    (folder / PROVENANCE).write_text("{}")
    (folder / "weights").write_text(text)
    return folder


def test_a_folder_appears_whole(tmp_path: Path) -> None:
    out = tmp_path / "a" / "b" / "out"
    with new_folder(out) as folder:
        (folder / "weights").write_text("x")
        assert not out.exists()
    assert [path.name for path in out.iterdir()] == ["weights"]
    assert [path.name for path in out.parent.iterdir()] == ["out"]


@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit, ValueError, OSError])
def test_whatever_goes_wrong_nothing_is_left(tmp_path: Path, error: type[BaseException]) -> None:
    expected = ProjectError if error is OSError else error
    with pytest.raises(expected), new_folder(tmp_path / "a" / "out") as folder:
        (folder / "weights").write_text("half")
        raise error
    assert list(tmp_path.iterdir()) == []


def test_an_earlier_export_is_replaced_only_when_allowed(tmp_path: Path) -> None:
    out = export_at(tmp_path / "out")
    with pytest.raises(ProjectError, match="--force"), new_folder(out):
        pass
    assert (out / "weights").read_text() == "old"
    with new_folder(out, replace=True) as folder:
        (folder / "weights").write_text("new")
    assert (out / "weights").read_text() == "new"
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_a_replacement_that_fails_leaves_the_earlier_one(tmp_path: Path) -> None:
    out = export_at(tmp_path / "out")
    with pytest.raises(ValueError, match="no"), new_folder(out, replace=True) as folder:
        (folder / "weights").write_text("new")
        raise ValueError("no")
    assert (out / "weights").read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


@pytest.mark.parametrize("kind", ["folder", "file", "link", "dead link"])
def test_what_is_no_export_is_never_replaced(tmp_path: Path, kind: str) -> None:
    out = tmp_path / "mine"
    if kind == "folder":
        out.mkdir()
    elif kind == "file":
        out.write_text("years of work")
    else:
        target = export_at(tmp_path / "other") if kind == "link" else tmp_path / "nowhere"
        out.symlink_to(target)
    with pytest.raises(ProjectError, match="It is no export"):
        check_target(out, replace=True)


def test_what_came_meanwhile_is_left_alone(tmp_path: Path) -> None:
    out = tmp_path / "out"
    with pytest.raises(ProjectError, match="there already"), new_folder(out):
        out.mkdir()
        (out / "thesis").write_text("years of work")
    assert (out / "thesis").read_text() == "years of work"
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_room_is_that_of_the_disk_it_would_be_on(tmp_path: Path) -> None:
    free = free_bytes(tmp_path / "not" / "yet")
    assert free is not None
    check_room(tmp_path / "not" / "yet", 1000)
    with pytest.raises(ProjectError, match="GB are free"):
        check_room(tmp_path / "not" / "yet", free + 1)
