from pathlib import Path

from local_experts.discovery import Discovery, Ollama, OllamaModel, OpenAiEndpoint
from local_experts.errors import ExpertUnreachable
from local_experts.gguf import GgufFile
from tripost_tui.found_experts import SCRIPTS, FoundExpert, found_experts


def model(name: str) -> OllamaModel:
    return OllamaModel(
        name=name, size_bytes=5_200_000_000, parameters="8.2B", quantisation="Q4_K_M"
    )


def found(**parts: object) -> Discovery:
    nothing = {"ollama": None, "openai": None, "gguf": (), "llama_cpp": None, "problems": ()}
    return Discovery(**(nothing | parts))  # type: ignore[arg-type]


def test_scripts_come_first_and_are_always_there() -> None:
    assert found_experts(found()).experts == (SCRIPTS,)


def test_what_is_found_is_named_as_the_settings_have_it() -> None:
    file = GgufFile(
        path=Path("/m/x.gguf"),
        size_bytes=4_700_000_000,
        version=3,
        architecture="llama",
        name=None,
        context=None,
    )
    listed = found_experts(
        found(
            ollama=Ollama(url="http://a", version="1", models=(model("qwen3:8b"),)),
            openai=OpenAiEndpoint(url="http://b/v1", models=("m",)),
            gguf=(file,),
        )
    )
    assert listed.experts == (
        SCRIPTS,
        FoundExpert("ollama:qwen3:8b", "Ollama 8.2B Q4_K_M 5.2 GB"),
        FoundExpert("gguf:/m/x.gguf", "GGUF file llama 4.7 GB"),
        FoundExpert("openai:m@http://b/v1", "OpenAI-compatible"),
    )
    assert listed.note == ""


def test_a_name_that_cannot_be_shown_as_it_is_is_left_out() -> None:
    hostile = (model("\x1b[31mred"), model("two\nlines"), model("\u202eback"), model("fine"))
    listed = found_experts(found(ollama=Ollama(url="u", version="1", models=hostile)))
    assert [one.name for one in listed.experts] == ["script", "ollama:fine"]
    assert "3 with names that cannot be shown" in listed.note


def test_what_was_not_found_is_told() -> None:
    problem = ExpertUnreachable("http://127.0.0.1:11434: refused\x1b[2J.")
    assert found_experts(found(problems=(problem,))).note == "http://127.0.0.1:11434: refused[2J."
