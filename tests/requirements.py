"""What a machine may lack. Where it has to be there, a test fails instead of being skipped.

``TRIPOST_REQUIRE`` names what has to be there, with commas between: the modules' names.
"""

import importlib.util
import os

import pytest

REQUIRE = "TRIPOST_REQUIRE"


def required() -> set[str]:
    """The names that have to be there."""
    return {name for name in os.environ.get(REQUIRE, "").split(",") if name}


def need(*modules: str) -> None:
    """Skip the test, or the file of tests, where one of ``modules`` is not installed."""
    missing = [name for name in modules if importlib.util.find_spec(name) is None]
    if not missing:
        return
    lacking = f"{', '.join(missing)} is not installed"
    if required() & set(modules):
        pytest.fail(f"{lacking}, and {REQUIRE} says that it has to be", pytrace=False)
    pytest.skip(lacking, allow_module_level=True)
