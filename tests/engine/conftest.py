"""Students and engines that the tests of this folder share; torch is loaded on first use."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from engines import Engines, Finished
    from transformers import LlamaForCausalLM, PreTrainedTokenizerFast

# What these tests share lies beside them, in tiny_students.py and engines.py; experts that they
# ask lie with the tests of those.
sys.path.insert(0, str(Path(__file__).parent))
sys.path.insert(0, str(Path(__file__).parents[1] / "local_experts"))
os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")


@pytest.fixture(scope="session")
def tokenizer() -> "PreTrainedTokenizerFast":
    from tiny_students import arithmetic_tokenizer

    return arithmetic_tokenizer()


@pytest.fixture(scope="session")
def one_thread() -> None:
    """Sums are taken in the same order every time."""
    import torch

    torch.set_num_threads(1)


@pytest.fixture(scope="session")
def model(one_thread: None) -> "LlamaForCausalLM":
    """A random model; not to be changed."""
    from tiny_students import random_model

    return random_model().eval()


@pytest.fixture(scope="session")
def random_student(
    tmp_path_factory: pytest.TempPathFactory,
    model: "LlamaForCausalLM",
    tokenizer: "PreTrainedTokenizerFast",
) -> Path:
    """A folder with a random student."""
    from tiny_students import save

    return save(model, tokenizer, tmp_path_factory.mktemp("random"))


@pytest.fixture(scope="session")
def able_student(
    tmp_path_factory: pytest.TempPathFactory,
    one_thread: None,
    tokenizer: "PreTrainedTokenizerFast",
) -> Path:
    """A folder with a student that answers the questions of small projects, at times wrongly."""
    from tiny_students import able_model, save

    return save(able_model(), tokenizer, tmp_path_factory.mktemp("able"))


@pytest.fixture(scope="session")
def engines() -> Iterator["Engines"]:
    """Starts engine processes."""
    from engines import Engines

    with Engines() as started:
        yield started


@pytest.fixture(scope="session")
def finished(
    tmp_path_factory: pytest.TempPathFactory, engines: "Engines", able_student: Path
) -> "Finished":
    """An undisturbed run; not to be changed."""
    from engines import undisturbed

    return undisturbed(engines, tmp_path_factory.mktemp("finished") / "project", able_student)
