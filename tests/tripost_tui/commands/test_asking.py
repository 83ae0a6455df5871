"""`tripost ask`: what is wrong with it is told before anything is loaded."""

import pytest

from .conftest import CommandLine


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("1 + 1 =", "--random"), "Give one of"),
        (("--item", "1", "--random"), "Give one of"),
        (("1 + 1 =", "--subtask", "seen"), "--subtask goes with --random"),
        (("--item", "7"), "there is no test item 7. A run makes them."),
        (("x", "--iteration", "-1"), 'neither "start" nor'),
        (("x", "--iteration", "last"), 'neither "start" nor'),
        (("",), "There is no question."),
        ((), "There is no question."),
    ],
)
def test_wrong_usage_is_told(cli: CommandLine, arguments: tuple[str, ...], told: str) -> None:
    cli.new("mine")
    result = cli("ask", "mine", *arguments)
    assert result.exit_code == 2
    assert told in " ".join(result.stderr.split())


def test_weights_that_are_not_there_are_told(cli: CommandLine) -> None:
    cli.new("mine")
    result = cli("ask", "mine", "1 + 1 =", "--iteration", "3")
    assert result.exit_code == 3
    assert "there are no weights of iteration 3. There are: start." in result.stderr


def test_a_project_that_is_not_there_is_told(cli: CommandLine) -> None:
    result = cli("ask", "nowhere", "1 + 1 =")
    assert result.exit_code == 3
    assert "no such folder" in result.stderr


def test_it_loads_nothing_where_memory_may_not_suffice(
    cli: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    from engine.planning.cards import Card
    from engine.planning.machine import Machine
    from engine.play import outlook

    small = Machine(Card("GTX 750", 1.0, None, None), free_bytes=2**20)
    monkeypatch.setattr(outlook, "this_machine", lambda: small)
    cli.new("mine")
    result = cli("ask", "mine", "1 + 1 =")
    assert result.exit_code == 4
    assert "Memory may not suffice" in result.stderr
    assert "--anyway loads it all the same" in result.stderr
