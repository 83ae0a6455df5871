"""Record the run that comes with the package: ``python tests/tripost_tui/record_run.py [DIR]``.

The real engine runs the demo in small: all three iterations, fewer questions; about five minutes.
What is kept is its database, compacted and compressed, and its settings. DIR is a project in which
such a run is finished already.
"""

import gzip
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from contextlib import closing
from pathlib import Path

RECORDING = Path(__file__).parents[2] / "tripost_tui" / "recorded"


def main(finished: Path | None = None) -> None:
    from engine.config import demo_settings, with_values
    from engine.project import Project

    settings = with_values(
        demo_settings(),
        {"task.train_items": 900, "task.test_items": 120, "collect.questions": 200},
    )
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "tripost-demo"
        if finished is not None:
            shutil.copytree(finished, path)
            assert Project.open(path).settings == settings, "it was made with other settings"
        else:
            project = Project.create(path, settings)
            subprocess.run([sys.executable, "-m", "engine", "run", str(project.path)], check=True)
        pack(Project.open(path))


def pack(project) -> None:  # type: ignore[no-untyped-def]
    from db.store import Store
    from engine.config import with_values, write_settings
    from engine.project import DATABASE_FILE, SETTINGS_FILE
    from engine.review import check_some
    from engine.task_setup import project_task

    with Store.open(project.db_path) as store, closing(project_task(project)) as task:
        run = store.latest_run()
        assert run is not None
        assert run.status.value == "finished"
        while check_some(store, task, run.id):
            pass
    with closing(sqlite3.connect(project.db_path)) as database:
        database.execute("UPDATE heartbeats SET pid = 0, host = 'recorded'")
        database.commit()
        database.execute("VACUUM")
    named = with_values(project.settings, {"run.name": "recorded demo"})
    RECORDING.mkdir(exist_ok=True)
    write_settings(RECORDING / SETTINGS_FILE, named)
    packed = gzip.compress(project.db_path.read_bytes(), mtime=0)
    (RECORDING / f"{DATABASE_FILE}.gz").write_bytes(packed)


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else None)
