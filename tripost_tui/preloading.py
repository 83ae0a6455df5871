"""Screens that are not open yet are imported while nobody waits for them.

Opened for the first time, one of them would hold up keys for a tenth of a second: plots bring
numpy, experts bring an HTTP client. At the start nothing of it is wanted, so that Home is there
sooner.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable
from importlib import import_module

SCREENS = ("run", "review", "collect", "train", "evaluate", "balance", "report", "settings")
_MODULES = [f"tripost_tui.screens.{name}" for name in SCREENS]
AFTER_S = 0.5
"""After Home is there, whose own work comes first."""
REST_S = 0.05
"""Between two screens: importing takes turns with keys, and keys come first."""


class Preloading:
    """Imports modules one after another, in a thread of its own, until it is ended."""

    def __init__(
        self,
        modules: Iterable[str] = _MODULES,
        after_s: float = AFTER_S,
    ) -> None:
        self._modules, self._after_s = tuple(modules), after_s
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._import_all, name="preloading")

    def begin(self) -> None:
        self._thread.start()

    def end(self) -> None:
        """Import no more. Who quits waits for one module at most."""
        self._ended.set()
        if self._thread.ident is not None:
            self._thread.join()

    def _import_all(self) -> None:
        rest_s = self._after_s
        for module in self._modules:
            if self._ended.wait(rest_s):
                return
            try:
                import_module(module)
            except ImportError:
                return  # told where the screen is opened
            rest_s = REST_S
