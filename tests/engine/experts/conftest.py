"""What runs with experts share: a student that answers questions about dates, at times wrongly."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1]))
sys.path.insert(0, str(Path(__file__).parent))

sys.path.insert(0, str(Path(__file__).parents[2] / "local_experts"))

from llama_server import student_gguf

__all__ = ["student_gguf"]


@pytest.fixture(scope="session")
def date_student(tmp_path_factory: pytest.TempPathFactory, one_thread: None) -> Path:
    from tiny_students import able_date_student

    return able_date_student(tmp_path_factory.mktemp("dates"))
