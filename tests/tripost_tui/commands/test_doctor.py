import json
import socket

import pytest

from tripost_tui.preferences import preferences_path

from .conftest import CommandLine


def test_doctor_tells_what_is_here_line_by_line(
    cli: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    _nothing_listens(monkeypatch)
    lines = cli("doctor").stdout.splitlines()
    assert any(line.strip().startswith("ok  python: ") for line in lines)
    assert any("Scripted experts need no server" in line for line in lines)


def test_doctor_in_json_never_shows_a_key(
    cli: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = _nothing_listens(monkeypatch)
    monkeypatch.setenv("OPENAI_BASE_URL", f"{address}/v1")
    monkeypatch.setenv("OPENAI_API_KEY", "secret-key")
    output = cli("doctor", "--json").output
    checks = [json.loads(line) for line in output.splitlines()]
    assert {"check", "status", "detail", "fix"} == set(checks[0])
    assert {"ollama", "openai-compatible"} <= {check["check"] for check in checks}
    assert "secret-key" not in output


def test_doctor_names_what_is_wrong_in_the_settings_of_the_app(
    cli: CommandLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    _nothing_listens(monkeypatch)
    path = preferences_path()
    path.parent.mkdir(parents=True)
    path.write_text('theme = "pink"\n')
    output = cli("doctor").stdout
    assert "warning  app settings: theme: 'pink' is none of" in output
    assert f"Put it right in {path}" in output


def _nothing_listens(monkeypatch: pytest.MonkeyPatch) -> str:
    """Point at a port where nothing is, and tell its address."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{probe.getsockname()[1]}"
    monkeypatch.setenv("OLLAMA_HOST", address)
    return address
