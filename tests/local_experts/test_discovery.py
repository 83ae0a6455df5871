import socket
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest

from local_experts import discovery
from local_experts.errors import (
    ExpertAddressInvalid,
    ExpertError,
    ExpertRefused,
    ExpertReplyInvalid,
    ExpertTooSlow,
    ExpertUnreachable,
    ModelFileInvalid,
)

from .conftest import Server, replying

TAGS = {
    "models": [
        {
            "name": "qwen3:8b",
            "size": 5_200_000_000,
            "details": {"parameter_size": "8.2B", "quantization_level": "Q4_K_M"},
        },
        {"name": "\x1b[2J\u202eevil", "size": "big", "details": None},
    ]
}


def closed_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def ollama(server: Server) -> Server:
    server.answers["/api/version"] = replying({"version": "0.30.1"})
    server.answers["/api/tags"] = replying(TAGS)
    return server


def test_ollama_and_its_models_are_found(server: Server) -> None:
    found = discovery.find_ollama(ollama(server).url)
    assert found.version == "0.30.1"
    assert found.models[0] == discovery.OllamaModel(
        name="qwen3:8b", size_bytes=5_200_000_000, parameters="8.2B", quantisation="Q4_K_M"
    )


def test_a_hostile_model_name_is_kept_as_it_is(server: Server) -> None:
    hostile = discovery.find_ollama(ollama(server).url).models[1]
    assert hostile == discovery.OllamaModel(
        name="\x1b[2J\u202eevil", size_bytes=None, parameters=None, quantisation=None
    )


def test_an_ollama_without_models(server: Server) -> None:
    ollama(server).answers["/api/tags"] = replying({"models": None})
    assert discovery.find_ollama(server.url).models == ()


def test_nothing_listens() -> None:
    with pytest.raises(ExpertUnreachable, match=r"127\.0\.0\.1"):
        discovery.find_ollama(f"http://127.0.0.1:{closed_port()}")


def test_a_server_that_fails_names_the_status(server: Server) -> None:
    ollama(server).answers["/api/tags"] = replying(b"oops", 500)
    with pytest.raises(ExpertRefused, match="500") as caught:
        discovery.find_ollama(server.url)
    assert caught.value.status == 500


@pytest.mark.parametrize(
    "body",
    [
        b"<html>hello</html>",
        b"",
        b"\xff\xfe",
        b'{"models": [1]}',
        b'{"models": [{}]}',
        b'{"models": {"a": 1}}',
        b"[]",
        b"[" * 100_000,
    ],
)
def test_a_reply_that_makes_no_sense(server: Server, body: bytes) -> None:
    ollama(server).answers["/api/tags"] = replying(body)
    with pytest.raises(ExpertReplyInvalid):
        discovery.find_ollama(server.url)


def test_a_reply_without_end_is_cut_off(server: Server) -> None:
    def endless(request: BaseHTTPRequestHandler) -> None:
        request.send_response(200)
        request.end_headers()
        while not server.hang.is_set():
            request.wfile.write(b" " * 65_536)

    ollama(server).answers["/api/tags"] = endless
    with pytest.raises(ExpertReplyInvalid, match="longer than"):
        discovery.find_ollama(server.url, timeout_s=20)


def test_a_server_that_hangs_is_given_up(server: Server) -> None:
    ollama(server).answers["/api/version"] = lambda _: (server.hang.wait(20), None)[1]
    with pytest.raises(ExpertTooSlow, match=r"0\.1 s"):
        discovery.find_ollama(server.url, timeout_s=0.1)


def test_a_server_that_trickles_is_given_up(server: Server) -> None:
    def trickle(request: BaseHTTPRequestHandler) -> None:
        request.send_response(200)
        request.end_headers()
        while not server.hang.wait(0.02):
            request.wfile.write(b" ")

    ollama(server).answers["/api/version"] = trickle
    with pytest.raises(ExpertTooSlow):
        discovery.find_ollama(server.url, timeout_s=0.2)


def test_a_redirect_is_not_followed(server: Server) -> None:
    def elsewhere(request: BaseHTTPRequestHandler) -> None:
        request.send_response(302)
        request.send_header("Location", f"{server.url}/other")
        request.end_headers()

    server.answers["/v1/models"] = elsewhere
    with pytest.raises(ExpertRefused, match="302"):
        discovery.find_openai(f"{server.url}/v1", "secret-key")
    assert len(server.headers) == 1


def test_the_key_is_sent_and_never_told(server: Server) -> None:
    server.answers["/v1/models"] = replying({"data": [{"id": "m1"}, {"id": "m2"}]})
    found = discovery.find_openai(f"{server.url}/v1/", "secret-key")
    assert found == discovery.OpenAiEndpoint(url=f"{server.url}/v1", models=("m1", "m2"))
    assert server.headers[0]["Authorization"] == "Bearer secret-key"
    assert "secret-key" not in repr(found)


def test_a_refused_key_is_not_in_the_message(server: Server) -> None:
    server.answers["/v1/models"] = replying({"error": "bad key"}, 401)
    with pytest.raises(ExpertRefused) as caught:
        discovery.find_openai(f"{server.url}/v1", "secret-key")
    assert "secret-key" not in str(caught.value)


@pytest.mark.parametrize(
    ("address", "key"),
    [
        ("https://user:secret-key@example.org/v1", None),
        ("https://example.org/v1?key=secret-key", None),
        ("secret-key", None),
        ("http://[secret-key", None),
        ("http://127.0.0.1:1/v1", "secret-key\r\nX-Other: 1"),
    ],
)
def test_an_address_that_would_leak_or_break_is_refused(address: str, key: str | None) -> None:
    with pytest.raises(ExpertAddressInvalid) as caught:
        discovery.find_openai(address, key)
    assert "secret-key" not in str(caught.value)


@pytest.mark.parametrize(
    ("host", "url"),
    [
        ("", "http://127.0.0.1:11434"),
        ("0.0.0.0", "http://127.0.0.1:11434"),
        ("0.0.0.0:8080", "http://127.0.0.1:8080"),
        (":8080", "http://127.0.0.1:8080"),
        ("gpu.local", "http://gpu.local:11434"),
        ("http://gpu.local", "http://gpu.local:80"),
        ("https://gpu.local/llm/", "https://gpu.local:443/llm"),
        ("[::1]:1234", "http://[::1]:1234"),
        ('"127.0.0.1:99"', "http://127.0.0.1:99"),
    ],
)
def test_ollamas_own_rules_for_its_address(host: str, url: str) -> None:
    assert discovery.ollama_url({"OLLAMA_HOST": host}) == url


@pytest.mark.parametrize("host", ["gpu:notaport", "ftp://gpu", "gpu:99999", "[::1"])
def test_a_wrong_ollama_host_is_named(host: str) -> None:
    with pytest.raises(ExpertAddressInvalid, match="OLLAMA_HOST"):
        discovery.ollama_url({"OLLAMA_HOST": host})


def test_discover_gathers_what_is_there_and_why_the_rest_is_not(
    server: Server, tmp_path: Path
) -> None:
    (tmp_path / "broken.gguf").write_bytes(b"GGU")
    environment = {
        "OLLAMA_HOST": ollama(server).url,
        "OPENAI_BASE_URL": f"http://127.0.0.1:{closed_port()}/v1",
    }
    found = discovery.discover(environment, [tmp_path])
    assert found.ollama is not None
    assert found.openai is None
    assert found.gguf == ()
    assert [type(problem) for problem in found.problems] == [ExpertUnreachable, ModelFileInvalid]


def test_no_endpoint_configured_is_no_problem(server: Server) -> None:
    found = discovery.discover({"OLLAMA_HOST": ollama(server).url}, [])
    assert found.problems == ()


def test_every_error_has_a_title_and_a_message() -> None:
    for kind in ExpertError.__subclasses__():
        error = kind("what happened", 500) if kind is ExpertRefused else kind("what happened")
        assert str(error) == f"{error.title}: what happened"
        assert kind.title != ExpertError.title


def test_usual_folders_are_those_that_exist(tmp_path: Path) -> None:
    (tmp_path / ".lmstudio/models").mkdir(parents=True)
    assert discovery.gguf_folders(tmp_path) == [tmp_path / ".lmstudio/models"]
