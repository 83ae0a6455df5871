"""Record the run that `test_recorded_run.py` looks at: ``python tests/tripost_tui/record_run.py``.

The real engine runs the demo in small: two iterations, a few questions. What is kept is its
database, compacted, and its settings.
"""

import shutil
import sqlite3
import subprocess
import sys
import tempfile
from pathlib import Path

RECORDING = Path(__file__).parent / "recorded_run"


def main() -> None:
    from engine.config import demo_settings, with_values
    from engine.project import DATABASE_FILE, SETTINGS_FILE, Project

    settings = with_values(
        demo_settings(),
        {
            "run.iterations": 2,
            "task.train_items": 96,
            "task.test_items": 24,
            "collect.questions": 48,
            "train.epochs": 2,
            "student.threads": 1,
        },
    )
    with tempfile.TemporaryDirectory() as folder:
        project = Project.create(Path(folder) / "tripost-demo", settings)
        subprocess.run([sys.executable, "-m", "engine", "run", str(project.path)], check=True)
        with sqlite3.connect(project.db_path) as database:
            database.execute("UPDATE heartbeats SET pid = 0, host = 'recorded'")
        database.execute("VACUUM")
        database.close()
        RECORDING.mkdir(exist_ok=True)
        for name in (DATABASE_FILE, SETTINGS_FILE):
            shutil.copy(project.path / name, RECORDING / name)


if __name__ == "__main__":
    main()
