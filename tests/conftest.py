"""What holds for all tests: nothing of the person's own machine is read or written."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

# What all tests share lies beside them, in requirements.py.
sys.path.insert(0, str(Path(__file__).parent))

# How long an example takes says more about the machine than about the code.
settings.register_profile("tripost", deadline=None)
settings.load_profile("tripost")


@pytest.fixture(scope="session", autouse=True)
def _apart_from_the_person(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TRIPOST_STATE_DIR", str(tmp_path_factory.mktemp("state")))
        patch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.null.Keyring")
        for name in ("OLLAMA_HOST", "OPENAI_BASE_URL", "OPENAI_API_KEY", "NO_COLOR"):
            patch.delenv(name, raising=False)
        yield
