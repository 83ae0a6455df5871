"""The app as it is installed: from a wheel, in an environment without the source tree."""

import os
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def done(*command: str | Path, cwd: Path) -> str:
    """Run a command and return what it said. Raises AssertionError when it fails."""
    run = subprocess.run(
        command, cwd=cwd, env=plain_env(), capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, f"{run.stdout}\n{run.stderr}"
    return run.stdout


def plain_env() -> dict[str, str]:
    """The environment without what would let Python find the source tree."""
    return {key: value for key, value in os.environ.items() if not key.startswith("PYTHON")}


@pytest.fixture(scope="session")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Programs of an environment that has the wheel; its dependencies are this one's."""
    folder = tmp_path_factory.mktemp("installed")
    pip = (sys.executable, "-m", "pip", "--disable-pip-version-check", "-q")
    done(*pip, "wheel", "--no-deps", "--no-build-isolation", "-w", folder, ROOT, cwd=folder)
    (wheel,) = folder.glob("*.whl")
    done(sys.executable, "-m", "venv", "--without-pip", folder / "env", cwd=folder)
    python = folder / "env" / "bin" / "python"
    done(*pip, "--python", python, "install", "--no-deps", "--no-index", wheel, cwd=folder)
    ask = "import sysconfig; print(sysconfig.get_path('purelib'))"
    site = Path(done(python, "-c", ask, cwd=folder).strip())
    # One line of a path file; path files in the folder that it names are not read, so that an
    # editable installation there stays unseen.
    (site / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n")
    ask = "import engine, tripost_tui; print(engine.__file__, tripost_tui.__file__)"
    for found in done(python, "-c", ask, cwd=folder).split():
        assert Path(found).is_relative_to(site)
    return python.parent


@pytest.fixture
def env(installed: Path, tmp_path: Path) -> dict[str, str]:
    """Of a person who has just installed it: nothing is known of them yet."""
    home = tmp_path / "home"
    home.mkdir()
    path = os.pathsep.join([str(installed), os.environ.get("PATH", os.defpath)])
    return {"LANG": "C.UTF-8", "HOME": str(home), "PATH": path}
