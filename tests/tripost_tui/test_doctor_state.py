"""The doctor's screen, without Textual."""

from pathlib import Path

import recorded

from db.records import Event, Level, RunStatus
from db.store import Store
from engine.doctor import Check, Status
from engine.project import Project
from tripost_tui.state.doctor import KEPT_LINES, DoctorState, LogFilter, ProjectReading
from tripost_tui.state.engine_log import LogLine, LogPiece
from tripost_tui.state.log_reading import LogReader
from tripost_tui.state.run import Trouble

LINES = (
    LogLine(Level.INFO, "begun"),
    LogLine(Level.WARNING, "slow"),
    LogLine(Level.ERROR, "broken"),
)
NOW = 1000.0


def event(level: Level, message: str, at: float = NOW - 60) -> Event:
    return Event(id=1, run_id=1, at=at, level=level, kind="x", message=message, data={})


def following(*lines: LogLine) -> DoctorState:
    state = DoctorState(Path("/p"), "p")
    state.apply(ProjectReading(LogPiece(lines or LINES, anew=True)))
    return state


def test_the_gravest_findings_come_first() -> None:
    state = DoctorState()
    state.begin()
    assert state.summary() == "looking…"
    state.examined(
        [
            Check("a", Status.OK, ""),
            Check("b", Status.WARNING, ""),
            Check("c", Status.ERROR, ""),
            Check("d", Status.OK, ""),
        ]
    )
    assert [check.name for check in state.checks or ()] == ["c", "b", "a", "d"]
    assert state.summary() == "1 failed, 1 warning"
    assert state.worst is Status.ERROR
    state.examined([Check("a", Status.OK, "")])
    assert state.summary() == "all fine"


def test_what_kept_it_from_looking_is_told() -> None:
    state = DoctorState()
    state.begin()
    state.fail(Trouble("Broken", "for a reason"))
    assert state.summary() == "could not look"
    assert not state.looking


def test_levels_filter_the_log() -> None:
    state = following()
    shown = {}
    for _ in LogFilter:
        shown[state.filter] = [line.text for line in state.lines()]
        state.next_filter()
    assert shown == {
        LogFilter.ALL: ["begun", "slow", "broken"],
        LogFilter.WARNINGS: ["slow", "broken"],
        LogFilter.ERRORS: ["broken"],
    }
    assert state.filter is LogFilter.ALL


def test_a_filter_that_hides_everything_says_so() -> None:
    state = following(LINES[0])
    state.set_filter(LogFilter.ERRORS)
    assert state.log_note() == "No errors among 1 line: 1 shows all."
    assert "0 of 1" in state.log_title()


def test_the_log_says_why_there_is_nothing() -> None:
    assert "No project is selected" in DoctorState().log_note()
    state = DoctorState(Path("/p"), "p")
    state.apply(ProjectReading(LogPiece(missing=True)))
    assert "No engine has written here yet" in state.log_note()
    assert not state.situation().log_shown
    state.apply(ProjectReading(LogPiece(anew=True)))
    assert state.log_note() == "The log is empty."
    state.fail_log(Trouble("No such project", "gone"))
    assert state.log_note() == "No such project: gone"
    state.apply(ProjectReading(LogPiece(LINES)))
    assert state.log_note() == ""


def test_lines_are_kept_up_to_a_limit_and_forgotten_with_their_file() -> None:
    state = following(*(LogLine(Level.INFO, str(n)) for n in range(KEPT_LINES + 10)))
    assert len(state.lines()) == KEPT_LINES
    assert state.lines()[-1].text == str(KEPT_LINES + 9)
    state.apply(ProjectReading(LogPiece(LINES, skipped_bytes=2_000_000)))
    assert len(state.lines()) == len(LINES)
    assert "2.0 MB before it left out" in state.log_title()
    state.apply(ProjectReading(LogPiece(LINES[:1], anew=True)))
    assert [line.text for line in state.lines()] == ["begun"]


def test_errors_are_told_newest_first_after_the_end_of_the_run() -> None:
    state = DoctorState(Path("/p"), "p")
    errors = [event(Level.WARNING, "first", NOW - 120), event(Level.ERROR, "then\x1b[2J")]
    state.apply(ProjectReading(LogPiece(), errors, "failed", "out of memory"))
    assert state.error_lines(NOW) == [
        (Level.ERROR, "failed: out of memory"),
        (Level.ERROR, "then[2J, 1 min ago"),
        (Level.WARNING, "first, 2 min ago"),
    ]


def test_the_report_has_all_of_it_and_no_controls() -> None:
    state = following()
    assert "(not examined yet)" in state.report(NOW)
    state.examined([Check("gpu", Status.WARNING, "odd\x1b[31m", "Mend it.")])
    report = state.report(NOW)
    for part in ("warning  gpu: odd[31m", "Mend it.", "/p", "broken", "last 3 lines"):
        assert part in report
    assert "\x1b" not in report


def test_a_real_project_is_read(project: Project) -> None:
    run_id = recorded.record(project)
    with Store.open(project.db_path) as store:
        store.add_event(run_id, "memory.low", "memory is low", level=Level.WARNING)
    recorded.finish(project, run_id, RunStatus.FAILED, "out of memory")
    (project.logs / "engine.log").write_text("begun\nRuntimeError: boom\n")
    reader = LogReader(project.path, recorded.Clock(recorded.NOW))
    reading = reader.read()
    assert [line.level for line in reading.piece.lines] == [Level.INFO, Level.ERROR]
    assert "memory is low" in [one.message for one in reading.errors]
    assert (reading.word, reading.explanation) == ("failed", "out of memory")
    assert reader.read().piece.lines == []
