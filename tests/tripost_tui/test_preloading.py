"""Screens are imported before they are opened, and quitting does not wait for them."""

import subprocess
import sys
import threading
from importlib.util import find_spec

from tripost_tui.preloading import SCREENS, Preloading


def test_all_that_is_preloaded_is_there() -> None:
    assert all(find_spec(f"tripost_tui.screens.{name}") for name in SCREENS)


def test_modules_are_imported_one_after_another() -> None:
    code = """
import sys
from tripost_tui.preloading import Preloading
preloading = Preloading(("colorsys", "sndhdr_that_is_not_there", "chunk"), 0.0)
preloading.begin()
preloading._thread.join()
preloading.end()
print("colorsys" in sys.modules, "chunk" in sys.modules)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "True False\n"


def test_who_quits_does_not_wait_for_it() -> None:
    preloading = Preloading(("a_module_that_is_not_there",), 60.0)
    preloading.begin()
    ended = threading.Thread(target=preloading.end)
    ended.start()
    ended.join(10)
    assert not ended.is_alive()
    assert not preloading._thread.is_alive()


def test_it_can_be_ended_before_it_has_begun() -> None:
    Preloading(()).end()
