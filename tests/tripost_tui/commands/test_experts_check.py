"""`tripost experts check`: each way to fail is named with what helps, over real HTTP."""

from typing import Any

import pytest

from tests.local_experts.chest import Chest, in_place
from tests.local_experts.serving import Answer, Body, Raw, Status

from .conftest import CommandLine
from .expert_servers import (
    CANARY,
    CONTROLS,
    MODEL,
    asked_of,
    at,
    blind,
    hostile,
    is_about_an_attempt,
    ollama,
    openai,
    perfect,
)


def findings(lines: list[dict[str, Any]]) -> dict[str, str]:
    return {line["step"]: line["finding"] for line in lines if line["kind"] == "step"}


def failed(lines: list[dict[str, Any]]) -> dict[str, Any]:
    (step,) = (line for line in lines if line.get("finding") == "failed")
    assert lines[-1] == {"kind": "end", "usable": False}
    return step


@pytest.mark.parametrize("kind", [ollama, openai])
def test_a_perfect_expert_passes_step_by_step(cli: CommandLine, kind: Any) -> None:
    with kind() as server:
        lines = cli.json("experts", "check", at(server), "--json")
        result = cli("experts", "check", at(server))
    steps = findings(lines)
    assert list(steps) == [
        "name", "key", "reachable", "model", "context", "schema", "seeds", "speed",
    ]  # fmt: skip
    assert "failed" not in steps.values()
    assert steps["schema"] == steps["seeds"] == "ok"
    told = {line["part"]: line for line in lines if line["kind"] == "trial"}
    assert told["FBK says"]["text"] == told["what is wrong with it"]["text"]
    assert told["compared"]["good"] is told["judged"]["good"] is True
    assert lines[-1] == {"kind": "end", "usable": True}
    assert result.exit_code == 0
    assert f"{at(server)} can be used." in result.stdout
    assert all(len(line) <= 80 for line in result.stdout.splitlines() if at(server) not in line)


def test_a_wrong_trial_is_told_and_no_failure(cli: CommandLine) -> None:
    with openai(blind) as server:
        result = cli("experts", "check", at(server))
    assert result.exit_code == 0
    assert "wrong: compared\n    gave up" in result.stdout
    assert "right: judged" in result.stdout


def test_another_task_is_tried_on_request(cli: CommandLine) -> None:
    with openai(blind) as server:
        result = cli.json("experts", "check", at(server), "--task", "word_sorting", "--json")
    (question,) = (line["text"] for line in result if line.get("part") == "question")
    assert "List:" in question


def test_a_server_that_is_down_is_told(cli: CommandLine) -> None:
    for name, advice in (
        ("ollama:qwen3:8b@http://127.0.0.1:9", "ollama serve"),
        ("openai:qwen3:8b@http://127.0.0.1:9/v1", "/v1"),
    ):
        step = failed(cli.json("experts", "check", name, "--json"))
        assert step["step"] == "reachable"
        assert advice in step["fix"]
        assert cli("experts", "check", name).exit_code == 8


def test_a_missing_model_comes_with_the_command_to_get_it(cli: CommandLine) -> None:
    with ollama() as server:
        step = failed(cli.json("experts", "check", at(server, "gemma3:4b"), "--json"))
        plain = cli("experts", "check", at(server, "gemma3:4b"))
    assert step["step"] == "model"
    assert step["fix"] == "ollama pull gemma3:4b"
    assert plain.exit_code == 8
    assert "ollama pull gemma3:4b" in plain.stdout
    with openai() as server:
        step = failed(cli.json("experts", "check", at(server, "qwen3:80b"), "--json"))
    assert step["step"] == "model"
    assert MODEL in step["detail"]


def test_a_wrong_address_is_told_to_be_one(cli: CommandLine) -> None:
    with openai() as server:
        base = server.url.removesuffix("/v1")
        step = failed(cli.json("experts", "check", f"openai:{MODEL}@{base}", "--json"))
        assert step["step"] == "reachable"
        assert "/v1" in step["fix"]
    with ollama() as server:
        name = f"ollama:{MODEL}@{server.url}/v1"
        step = failed(cli.json("experts", "check", name, "--json"))
        assert step["step"] == "reachable"
        assert "no path" in step["fix"]


def test_a_name_that_is_none_is_wrong_usage(cli: CommandLine) -> None:
    for name in ("qwen3", "ollama:", "script"):
        assert cli("experts", "check", name).exit_code == 2


def test_a_context_that_is_too_small_is_told(cli: CommandLine) -> None:
    with ollama(context=4096) as server:
        step = failed(cli.json("experts", "check", at(server), "--json"))
        assert step["step"] == "context"
        assert "--context-tokens" in step["fix"]
        smaller = cli("experts", "check", at(server), "--context-tokens", "4096")
        assert smaller.exit_code == 0


@pytest.mark.parametrize("place", ["environment", "keyring"])
def test_a_key_is_told_by_name_and_place_alone(
    cli: CommandLine, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    with in_place(Chest()) as chest, openai(key=CANARY) as server:
        if place == "environment":
            monkeypatch.setenv("MY_KEY", CANARY)
        else:
            chest.set_password("tripost", "MY_KEY", CANARY)
        result = cli("experts", "check", f"{at(server)}#MY_KEY")
    assert result.exit_code == 0
    assert f"MY_KEY is set ({place})" in result.stdout
    assert CANARY not in result.output


def test_a_refused_or_missing_key_is_told(
    cli: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    with openai(key="another") as server:
        name = f"{at(server)}#MY_KEY"
        step = failed(cli.json("experts", "check", name, "--json"))
        assert step["step"] == "key"
        assert "tripost experts key set MY_KEY" in step["fix"]
        monkeypatch.setenv("MY_KEY", CANARY)
        # The server repeats the key that it refuses.
        output = cli("experts", "check", name, "--json").output
        assert '"step": "key", "finding": "failed"' in output
        assert CANARY not in output + cli("experts", "check", name).output


def test_a_server_that_repeats_the_key_in_its_replies_does_not_bring_it_to_the_screen(
    cli: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MY_KEY", CANARY)

    def repeats(body: Body) -> str:
        said = perfect(body)
        return said.replace("25", f'"{CANARY}"').replace("because", f"because {CANARY}")

    with openai(repeats) as server:
        name = f"{at(server)}#MY_KEY"
        output = (
            cli("experts", "check", name).output + cli("experts", "check", name, "--json").output
        )
    assert CANARY not in output
    assert "[key]" in output


def test_hostile_replies_steer_no_terminal(cli: CommandLine) -> None:
    with openai(hostile) as server:
        plain = cli("experts", "check", at(server))
        data = cli("experts", "check", at(server), "--json")
    assert plain.exit_code == 0
    assert "[red]x[/red]" in plain.stdout
    assert not CONTROLS & set(plain.output + data.output)
    assert "schema: its reply does not follow the schema" in plain.stdout


def test_json_among_words_is_noted(cli: CommandLine) -> None:
    def talks(body: Body) -> str:
        return perfect(body) if is_about_an_attempt(body) else 'Sure! {"larger": 25} Anything else?'

    with openai(talks) as server:
        steps = findings(cli.json("experts", "check", at(server), "--json"))
    assert steps["schema"] == "note"


def test_seeds_that_do_nothing_are_noted(cli: CommandLine) -> None:
    told: list[int] = []

    def wandering(body: Body) -> str:
        told.append(1)
        return perfect(body) if is_about_an_attempt(body) else f"Story {len(told)}."

    with openai(wandering) as server:
        steps = findings(cli.json("experts", "check", at(server), "--json"))
    assert steps["seeds"] == "note"


def test_an_expert_that_fails_in_the_middle_is_told(cli: CommandLine) -> None:
    def breaks(body: Body) -> str | Status:
        return Status(401, {"error": "no more"}) if is_about_an_attempt(body) else perfect(body)

    with openai(breaks) as server:
        result = cli("experts", "check", at(server))
    assert result.exit_code == 8
    assert "failed  key: The expert refused the key" in result.stdout
    assert "cannot be used" in result.stdout


def test_a_server_of_another_kind_is_told(cli: CommandLine) -> None:
    with openai(lambda _: Raw(b"<html>"), models=None) as server:
        step = failed(cli.json("experts", "check", at(server), "--json"))
    assert step["step"] == "reachable"
    assert "not JSON" in step["detail"]


def test_a_server_without_a_list_of_models_is_asked_all_the_same(cli: CommandLine) -> None:
    with openai(models=None) as server:
        lines = cli.json("experts", "check", at(server), "--json")
    assert findings(lines)["model"] == "note"
    assert lines[-1]["usable"]


def test_replies_without_counts_have_a_speed_too(cli: CommandLine) -> None:
    with ollama(lambda body: Answer(perfect(body), reply_tokens=0)) as server:
        assert cli("experts", "check", at(server)).exit_code == 0
        assert asked_of(server)


def test_the_projects_prompts_and_settings_are_used(cli: CommandLine) -> None:
    cli("new", "p", "--task", "multistep_arithmetic", "--set", "experts.context_tokens=2048")
    cli("experts", "prompts", "p")
    prompt = cli.folder / "p" / "prompts" / "feedback.toml"
    prompt.write_text(prompt.read_text().replace("You check", "Be kind. You check", 1))
    with ollama() as server:
        result = cli("experts", "check", at(server), "--project", "p")
        assert result.exit_code == 0
        assert "2,048 are asked for" in result.stdout
        assert any("Be kind." in asked for asked in asked_of(server))
