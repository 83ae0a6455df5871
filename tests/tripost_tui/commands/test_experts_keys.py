"""Keys go into the keyring and to no output."""

import sys
from collections.abc import Iterator
from typing import Any

import pytest
from click.testing import CliRunner

from tests.local_experts.chest import Chest, Locked, in_place
from tripost_tui.cli import tripost

from .conftest import CommandLine
from .expert_servers import CANARY


@pytest.fixture
def chest() -> Iterator[Chest]:
    with in_place(Chest()) as chest:
        yield chest


def key(*arguments: str, given: str = "") -> Any:
    return CliRunner().invoke(tripost, ["experts", "key", *arguments], input=given)


def test_a_key_is_set_from_stdin_listed_and_deleted(chest: Chest, cli: CommandLine) -> None:
    result = key("set", "OPENROUTER_API_KEY", given=f"{CANARY}\n")
    assert result.exit_code == 0
    assert chest.held == {("tripost", "OPENROUTER_API_KEY"): CANARY}
    listed = key("list").output
    assert "OPENROUTER_API_KEY   set (keyring)      openrouter.ai" in listed
    rows = {row["key"]: row for row in cli.json("experts", "key", "list", "--json")}
    assert rows["OPENROUTER_API_KEY"]["place"] == "keyring"
    assert rows["GROQ_API_KEY"]["place"] is None
    doctor = cli("doctor").output
    assert "OPENROUTER_API_KEY is set (keyring)" in doctor
    assert CANARY not in result.output + listed + doctor
    assert key("delete", "OPENROUTER_API_KEY").exit_code == 0
    assert chest.held == {}
    assert '"deleted": false' in key("delete", "OPENROUTER_API_KEY", "--json").output
    assert '"stored": true' in key("set", "GROQ_API_KEY", "--json", given=CANARY).output
    assert "has no OPENROUTER_API_KEY" in key("delete", "OPENROUTER_API_KEY").output


def test_the_environment_goes_first_and_that_is_said(
    chest: Chest, cli: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", CANARY)
    result = key("set", "OPENAI_API_KEY", given="another-key")
    assert "that one is used" in result.output
    assert "OPENAI_API_KEY       set (environment)" in key("list").output


@pytest.mark.parametrize("given", ["", "\n", "two words\n", f"{CANARY}é\n"])
def test_what_cannot_be_a_key_is_refused_without_being_repeated(
    chest: Chest, cli: CommandLine, given: str
) -> None:
    result = key("set", "OPENAI_API_KEY", given=given)
    assert result.exit_code == 2
    assert "Nothing was stored" in result.output
    assert CANARY not in result.output
    assert chest.held == {}


def test_a_key_in_the_place_of_its_name_is_not_repeated(chest: Chest, cli: CommandLine) -> None:
    result = key("set", CANARY)
    assert result.exit_code == 2
    assert CANARY not in result.output


def test_a_keyring_that_does_not_work_is_told_before_a_key_is_typed(cli: CommandLine) -> None:
    with in_place(Locked()):
        result = key("set", "OPENAI_API_KEY", given=CANARY)
        listed = key("list")
    assert result.exit_code == 8
    assert "into the environment" in result.output
    assert "KeyringLocked" in listed.output
    assert listed.exit_code == 0
    assert CANARY not in result.output


def test_without_the_package_it_is_told_how_to_install_it(
    cli: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "keyring", None)
    for command in ("set", "delete"):
        result = key(command, "OPENAI_API_KEY", given=CANARY)
        assert result.exit_code == 8
        assert "pip install 'tripost-tui[keyring]'" in result.output
