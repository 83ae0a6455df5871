"""`tripost plan` tells what fits, in words and in JSON, and refuses what makes no sense."""

import json
from pathlib import Path

import pytest

from .conftest import CommandLine

LLAMA = {
    "model_type": "llama",
    "hidden_size": 64,
    "intermediate_size": 128,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "vocab_size": 1000,
}


@pytest.fixture(autouse=True)
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")


def test_a_model_on_a_card_is_told_in_80_columns(cli: CommandLine) -> None:
    text = cli("plan", "llama 3.2 3b", "--card", "3060").stdout
    assert text.startswith("Llama 3.2 3B on RTX 3060, 12.0 GiB of VRAM: fits\n")
    assert "3,212,749,824" in text
    assert max(map(len, text.splitlines())) <= 80


def test_json_adds_up(cli: CommandLine) -> None:
    [facts] = cli.json("plan", "qwen2.5-1.5b", "--card", "rtx 4090", "--json")
    memory = facts["training_bytes"]
    parts = sum(size for name, size in memory.items() if name not in ("total", "movable"))
    assert parts == memory["total"]
    assert facts["fits"]
    assert facts["settings"]["quantisation"] == "nf4"
    assert facts["hours"]["total"] > 0


def test_options_are_followed(cli: CommandLine) -> None:
    options = ["--no-four-bit", "--precision", "fp16", "--rank", "8", "--length", "512"]
    [facts] = cli.json("plan", "qwen3 0.6b", "--card", "3060", *options, "--json")
    chosen = facts["settings"]
    assert (chosen["quantisation"], chosen["precision"]) == ("none", "fp16")
    assert (chosen["lora_rank"], chosen["max_tokens"]) == (8, 512)


def test_without_a_model_all_are_told(cli: CommandLine) -> None:
    listed = cli.json("plan", "--list-models", "--json")
    planned = cli.json("plan", "--card", "4060", "--json")
    assert [facts["model"] for facts in planned] == [facts["name"] for facts in listed]
    text = cli("plan", "--card", "4060").stdout
    assert all(facts["name"] in text for facts in listed)
    assert max(map(len, text.splitlines())) <= 80


def test_what_does_not_fit_says_what_would_help(cli: CommandLine) -> None:
    text = cli("plan", "llama 3.1 8b", "--vram", "6").stdout
    assert "does not fit" in text
    assert "a smaller student" in text


def test_a_card_by_its_memory_has_no_speed_unless_it_is_given(cli: CommandLine) -> None:
    [facts] = cli.json("plan", "qwen3 4b", "--vram", "12", "--json")
    assert facts["training_tokens_per_s"] is None
    speeds = ["--bandwidth", "360", "--tflops", "25.5"]
    [faster] = cli.json("plan", "qwen3 4b", "--vram", "12", *speeds, "--json")
    assert faster["training_tokens_per_s"] > 0


def test_this_machine_is_planned_for_without_a_card(
    cli: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(cli.folder))
    [facts] = cli.json("plan", "smollm2 135m", "--json")
    assert facts["machine"]["on_cpu"]
    assert facts["machine"]["free_bytes"] > 0


def test_the_card_is_the_one_that_nvidia_smi_shows(
    cli: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = cli.folder / "nvidia-smi"
    program.write_text("#!/bin/sh\necho NVIDIA GeForce RTX 4060 Ti, 550.1, 16380, 3000\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(cli.folder))
    [facts] = cli.json("plan", "qwen2.5 7b", "--json")
    assert facts["machine"]["name"] == "RTX 4060 Ti 16 GB"
    assert "2.9 GiB are free" in cli("plan", "qwen2.5 7b").stdout


def test_a_folder_is_planned_and_its_name_is_data(cli: CommandLine) -> None:
    folder = cli.folder / "mo\x1b[31mdel"
    folder.mkdir()
    (folder / "config.json").write_text(json.dumps(LLAMA))
    text = cli("plan", f"./{folder.name}", "--card", "3060").stdout
    assert ": fits" in text
    assert "\x1b" not in text


def test_a_project_is_planned_with_its_settings(cli: CommandLine) -> None:
    project = cli.new("p")
    [facts] = cli.json("plan", "--project", str(project.path), "--vram", "8", "--json")
    assert facts["architecture"]["parameters"] < 5_000_000
    # The embedded student's: all of it is trained.
    assert facts["settings"]["adapter"] == "full"
    assert facts["settings"]["max_tokens"] == project.settings.train.max_tokens


def test_lists_have_cards_with_figures(cli: CommandLine) -> None:
    assert "RTX 3060" in cli("plan", "--list-cards").stdout
    cards = cli.json("plan", "--list-cards", "--json")
    assert all(card["vram_gib"] > 0 and card["tflops"] > 0 for card in cards)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["qwen3"], "Several models"),
        (["nonesuch"], "No such model"),
        (["qwen3 4b", "--card", "4060 ti"], "RTX 4060 Ti 8 GB"),
        (["qwen3 4b", "--card", "voodoo"], "No such card"),
        (["qwen3 4b", "--vram", "nan"], "above 0"),
        (["qwen3 4b", "--vram", "-3"], "above 0"),
        (["qwen3 4b", "--vram", "inf"], "above 0"),
        (["qwen3 4b", "--vram", "much"], "no number"),
        (["qwen3 4b", "--card", "3060", "--vram", "12"], "exclude"),
        (["qwen3 4b", "--rank", "0"], "rank"),
        (["qwen3 4b", "--adapter", "full", "--four-bit"], "cannot be trained"),
        (["qwen3 4b", "--adapter", "full", "--rank", "8"], "--rank"),
    ],
)
def test_wrong_usage_says_what_is_wrong(cli: CommandLine, arguments: list[str], says: str) -> None:
    result = cli("plan", *arguments)
    assert result.exit_code == 2
    assert says in result.stderr


def test_a_model_that_cannot_be_planned_is_exit_code_4(cli: CommandLine, tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text(json.dumps({**LLAMA, "num_experts": 8}))
    result = cli("plan", str(tmp_path), "--card", "3060")
    assert result.exit_code == 4
    assert "mixture of experts" in result.stderr


def test_a_model_that_is_not_here_says_what_to_do(cli: CommandLine) -> None:
    result = cli("plan", "some/model", "--card", "3060")
    assert result.exit_code == 4
    assert "HF_HUB_OFFLINE" in result.stderr
