"""The page in a browser, where there is one: no error, nothing asked of a network."""

import shutil
import subprocess
from pathlib import Path

import pytest
from evaluated import BETTER, START, evaluated_project

from tripost_tui.reporting import write_report_of

BROWSER = next(filter(None, map(shutil.which, ("chromium", "google-chrome", "chrome"))), None)

pytestmark = pytest.mark.skipif(BROWSER is None, reason="no Chromium is installed")


def opened(page: Path, folder: Path) -> tuple[str, str]:
    """What a browser made of a page, and what it said on its console."""
    done = subprocess.run(
        [
            str(BROWSER),
            *("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"),
            *("--disable-background-networking", "--host-resolver-rules=MAP * ~NOTFOUND"),
            *("--enable-logging=stderr", f"--user-data-dir={folder / 'profile'}"),
            *("--virtual-time-budget=3000", "--dump-dom", page.as_uri()),
        ],
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    console = [line for line in done.stderr.splitlines() if "CONSOLE" in line]
    return done.stdout, "\n".join(console)


def test_a_browser_opens_it_without_a_word(tmp_path: Path) -> None:
    page = tmp_path / "report.html"
    write_report_of(evaluated_project(tmp_path / "p", [START, BETTER]), "html", page)
    dom, console = opened(page, tmp_path)
    assert console == ""
    assert "What was shown, and what was not" in dom
    assert dom.count("<svg") == page.read_text(encoding="utf-8").count("<svg")


def test_what_asks_a_network_would_be_said_on_the_console(tmp_path: Path) -> None:
    page = tmp_path / "wrong.html"
    write_report_of(evaluated_project(tmp_path / "p", [START]), "html", page)
    text = page.read_text(encoding="utf-8")
    page.write_text(text.replace("<main", '<img src="http://example.org/x.png"><main'))
    assert "Content Security Policy" in opened(page, tmp_path)[1]
