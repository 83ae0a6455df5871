"""What is not installed skips a test, unless it has to be there."""

import pytest
from requirements import REQUIRE, need

MISSING = "a_module_that_nobody_has"


def test_what_is_installed_is_no_reason_to_skip(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(REQUIRE, "pytest")
    need("pytest")


def test_what_is_missing_skips(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(REQUIRE, "something_else")
    with pytest.raises(pytest.skip.Exception, match=MISSING):
        need("pytest", MISSING)


def test_what_is_missing_and_has_to_be_there_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(REQUIRE, f"something_else,{MISSING}")
    with pytest.raises(pytest.fail.Exception, match="has to be"):
        need(MISSING)
