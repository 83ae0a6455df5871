"""Real engines for a study's queue: detached processes, one a project."""

from __future__ import annotations

from db.errors import StoreError
from db.records import CommandKind
from db.store import Store
from engine import process
from engine.lock import lock_holder
from engine.project import Project
from engine.run_view import engine_state


class Engines:
    """Starts engines; they outlive whoever started them."""

    def start(self, project: Project) -> None:
        """Start or take up the project's run. Raises TripostError, StoreError."""
        process.spawn_engine(project)

    def is_at_work(self, project: Project) -> bool:
        """Tell whether an engine is at work there."""
        try:
            return engine_state(project).alive
        except StoreError:
            holder = lock_holder(project)
            return holder is not None and holder.alive

    def ask_to_stop(self, project: Project) -> None:
        """Leave a command to stop, unless one waits already."""
        try:
            with Store.open(project.db_path) as store:
                run = store.latest_run()
                if run is None:
                    return  # it is about to make one
                asked = [command.kind for command in store.pending_commands(run.id)]
                if CommandKind.STOP not in asked:
                    store.send_command(run.id, CommandKind.STOP)
        except StoreError:
            return  # asked again at the next look
