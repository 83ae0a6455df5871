"""What is told of a run that has ended: its report, or how to go on."""

from engine.errors import RunFailed
from engine.project import Project
from tripost_tui.failures import RunStopped
from tripost_tui.following import End, Ending
from tripost_tui.progress import write_json
from tripost_tui.reporting import print_report_of


def tell(project: Project, ending: Ending, *, as_json: bool) -> None:
    """Print the report of a finished run (``tripost report`` has it as JSON).

    Raises RunStopped for one that was stopped, RunFailed for one that failed or whose engine died;
    its title and exit code are those of the engine's error, where that is known.
    """
    if as_json:
        write_json({"kind": "end", "status": ending.end.value, "reason": ending.reason or None})
    if ending.end is End.FINISHED:
        if not as_json:
            print_report_of(project, "text")
        return
    go_on = f"Go on with: tripost run {project.path}"
    if ending.end is End.STOPPED:
        reason = f"{ending.reason}\n" if ending.reason else ""
        raise RunStopped(f"{reason}{go_on}")
    log = f"The engine's log: {project.logs / 'engine.log'}"
    if ending.end is End.FAILED:
        failed = RunFailed(
            f"{ending.reason or 'No reason is known.'}\n{log}\n{go_on}", ending.title or None
        )
        failed.exit_code = ending.exit_code or failed.exit_code
        raise failed
    raise RunFailed(
        f"Nothing that it stored is lost.\n{log}\n{go_on}", "The engine ended unexpectedly"
    )
