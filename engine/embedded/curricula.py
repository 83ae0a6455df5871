"""The schooling of each student that comes with the package."""

from engine.embedded import arithmetic, sorting
from engine.embedded.curriculum import Curriculum

CURRICULA: dict[str, Curriculum] = {
    curriculum.task.name: curriculum for curriculum in (arithmetic.CURRICULUM, sorting.CURRICULUM)
}
