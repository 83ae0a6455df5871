"""The file with what a person has set: read whatever is in it, written whole."""

import tomllib
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from permissions import permissions_bind

from engine.doctor import Status
from engine.errors import ProjectError
from tripost_tui.actions import ACTIONS
from tripost_tui.preferences import (
    Ascii,
    Preferences,
    change_preferences,
    preference_checks,
    preferences_path,
    preferences_toml,
    read_preferences,
)
from tripost_tui.theme_names import THEME_NAMES


@pytest.fixture
def path(state_folder: Path) -> Path:
    path = preferences_path()
    assert path == state_folder / "config" / "app.toml"
    path.parent.mkdir(parents=True)
    return path


def test_it_is_where_programs_of_this_system_keep_their_settings(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("TRIPOST_STATE_DIR")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    assert preferences_path() == tmp_path / "tripost" / "app.toml"


def test_without_a_file_all_is_as_by_default(path: Path) -> None:
    reading = read_preferences(path)
    assert reading.preferences == Preferences()
    assert reading.faults == ()


def test_what_is_written_is_read(path: Path) -> None:
    path.write_text(
        'theme = "light"\nmotion = false\nascii = "on"\n'
        '[keys]\n"run.pause" = ["F5", "^t"]\nhome.forget = []\n'
    )
    reading = read_preferences(path)
    assert reading.faults == ()
    assert reading.preferences == Preferences(
        "light", False, Ascii.ON, {"run.pause": ("f5", "ctrl+t"), "home.forget": ()}
    )


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ('theme = "pink"', 'theme: \'pink\' is none of "dark", "light"'),
        ("theme = 3", "theme: 3 is none of"),
        ("motion = 1", "motion: 1 is none of true, false; it stays true"),
        ('motion = "no"', "motion: 'no' is none of true, false"),
        ('ascii = "maybe"', 'is none of "auto", "on", "off"; it stays "auto"'),
        ("ascii = []", "ascii: [] is none of"),
        ("colour = 1", "colour: there is no such setting"),
        ("keys = 3", "keys: 3 is no table of actions and their keys"),
        ('[keys]\n"run.dance" = ["d"]', "there is no action 'run.dance'"),
        ('[keys.run]\npause = ["s"]', 's is "stop" of Run'),
    ],
)
def test_a_fault_is_named_and_the_rest_holds(path: Path, text: str, fault: str) -> None:
    first, _, rest = text.partition("[keys")
    extra = 'theme = "light"\n' if "theme" not in text else "motion = false\n"
    path.write_text(f"{extra}{first}\n" + (f"[keys{rest}\n" if rest else ""))
    reading = read_preferences(path)
    assert len(reading.faults) == 1
    assert fault in reading.faults[0]
    assert reading.preferences != Preferences()


@pytest.mark.parametrize("raw", [b"theme = ", b"\xff\xfe\x00", b"[[keys]]\n[keys]", b"\x00"])
def test_a_file_that_is_no_toml_keeps_nobody_out(path: Path, raw: bytes) -> None:
    path.write_bytes(raw)
    reading = read_preferences(path)
    assert reading.preferences == Preferences()
    assert len(reading.faults) == 1


def test_what_cannot_be_read_is_told(path: Path) -> None:
    path.mkdir()
    assert "cannot be read" in read_preferences(path).faults[0]
    with pytest.raises(ProjectError, match=r"app\.toml"):
        change_preferences(lambda now: now, path)


@given(
    st.builds(
        Preferences,
        st.sampled_from(list(THEME_NAMES)),
        st.booleans(),
        st.sampled_from(Ascii),
        st.just({}) | st.sampled_from([{"run.pause": ("f5", "quotation_mark")}, {"home.new": ()}]),
    )
)
def test_read_is_the_inverse_of_write(preferences: Preferences) -> None:
    written = tomllib.loads(preferences_toml(preferences))
    assert written["theme"] == preferences.theme
    assert {one: tuple(has) for one, has in written["keys"].items()} == preferences.keys


def test_a_change_is_written_whole_and_leaves_the_rest(path: Path) -> None:
    change_preferences(lambda now: replace(now, theme="light"), path)
    change_preferences(lambda now: replace(now, keys={"run.pause": ("f5",)}), path)
    assert read_preferences(path).preferences == Preferences(
        theme="light", keys={"run.pause": ("f5",)}
    )
    names = {one.name for one in path.parent.iterdir()}
    assert names <= {"app.toml", "app.toml.lock"}


def test_a_file_with_faults_is_kept_before_it_is_written_anew(path: Path) -> None:
    path.write_text("theme = ")
    change_preferences(lambda now: replace(now, motion=False), path)
    assert path.with_name("app.toml.old").read_text() == "theme = "
    assert read_preferences(path).preferences == Preferences(motion=False)


def test_a_folder_that_cannot_be_written_is_told(path: Path) -> None:
    path.parent.chmod(0o500)
    with permissions_bind(), pytest.raises(ProjectError, match="Permission denied"):
        change_preferences(lambda now: now, path)


def test_the_doctor_names_what_is_wrong(path: Path) -> None:
    (fine,) = preference_checks(read_preferences(path))
    assert fine.status is Status.OK
    path.write_text('theme = "pink"\nmotion = 3\n')
    wrong = preference_checks(read_preferences(path))
    assert [one.status for one in wrong] == [Status.WARNING, Status.WARNING]
    assert str(path) in wrong[0].fix


def test_the_names_of_actions_fit_into_the_file() -> None:
    everything = {action.id: ("f5",) for action in ACTIONS}
    written = tomllib.loads(preferences_toml(Preferences(keys=everything)))
    assert written["keys"].keys() == everything.keys()
