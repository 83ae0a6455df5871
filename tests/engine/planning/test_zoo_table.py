from pathlib import Path

from engine.planning.models import MODELS
from engine.planning.zoo_table import table

PAGE = Path(__file__).resolve().parents[3] / "docs/models.md"


def test_the_page_of_students_is_what_the_code_gives() -> None:
    assert PAGE.read_text() == table() + "\n", (
        "python -m engine.planning.zoo_table > docs/models.md"
    )


def test_every_student_is_in_each_table() -> None:
    lines = table().splitlines()
    for model in MODELS:
        assert sum(line.startswith(f"| {model.name} |") for line in lines) == 3
