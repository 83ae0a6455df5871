"""A screen over a desk: a plain object that reads and writes, in a thread of its own."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, ClassVar, Generic, Protocol, TypeVar

from textual import work
from textual.widget import Widget

from db.errors import StoreError
from engine.errors import TripostError
from tripost_tui.screens.base import BaseScreen
from tripost_tui.state.reading import trouble_of
from tripost_tui.state.run import Trouble
from tripost_tui.widgets.line_list import LineList

_END = sys.maxsize


class View(Protocol):
    """How a desk stands, frozen, as those see it who are not in its thread."""

    @property
    def serial(self) -> int:
        """The later a view is, the greater."""


class Desk(Protocol):
    """Something with a list in which one is at a line. Belongs to one thread.

    All but `view` and `close` may raise TripostError and StoreError, and leave what was there.
    """

    def view(self) -> Any:
        """How it stands now."""

    def close(self) -> None:
        """Let go of what is open."""

    def move(self, by: int) -> None:
        """Go to another line."""

    def go(self, place: int, /) -> None:
        """Go to a line, to the nearest where there is none."""

    def look(self, first: int, count: int) -> None:
        """Have these lines at hand."""


D = TypeVar("D", bound=Desk)
V = TypeVar("V", bound=View)


class DeskScreen(BaseScreen, Generic[D, V]):
    """Shows the ``view`` of a desk. Keys wait for the desk, the painting waits for nothing.

    So keys pressed in a row come one after another, each where the one before has led.
    """

    NEWS_S: ClassVar[float] = 1.0
    """How often `keep_up` looks."""

    view: V

    def __init__(self) -> None:
        super().__init__()
        self._desk: D | None = None
        self._thread = ThreadPoolExecutor(1, thread_name_prefix=self.TARGET)
        self._left = False
        self._poll: Callable[[D], object] | None = None
        self._trouble: Trouble | None = None
        """Of the last thing that was asked for, and of looking for news."""
        self._poll_trouble: Trouble | None = None

    def desk(self) -> D:
        """Make the desk; called once, in its thread."""
        raise NotImplementedError

    def heed(self, view: V) -> None:
        """Do what a view that has just come asks for beside being shown."""

    def text(self) -> Widget:
        """The text beside the list, which is scrolled by pages."""
        raise NotImplementedError

    # --- the desk --------------------------------------------------------------------------

    def _at_desk(self, act: Callable[[D], object]) -> V:
        """Runs in the desk's thread."""
        if self._desk is None:
            self._desk = self.desk()
        act(self._desk)
        view: V = self._desk.view()
        return view

    async def _do(self, act: Callable[[D], object], *, poll: bool = False) -> bool:
        """Have the desk do something, and show how it stands then; False when it failed.

        ``poll``: nobody has asked for it.
        """
        if self._left:
            return False
        trouble: Trouble | None = None
        loop = asyncio.get_running_loop()
        try:
            view = await loop.run_in_executor(self._thread, self._at_desk, act)
        except (StoreError, TripostError) as error:
            trouble = trouble_of(error)
        else:
            if view.serial > self.view.serial:
                self.view = view
        if not self.is_there:
            return False
        if poll:
            self._poll_trouble = trouble
        else:
            self._trouble = trouble
        self.repaint()
        if trouble is None:
            self.heed(view)
        return trouble is None

    def keep_up(self, poll: Callable[[D], object]) -> None:
        """Have the desk look for news by ``poll``, now and from time to time."""
        self._poll = poll
        self.look_for_news()
        self.set_interval(self.NEWS_S, self._look_for_news)

    @work(group="desk", exit_on_error=False)
    async def look_for_news(self) -> None:
        await self._look_for_news()

    async def _look_for_news(self) -> None:
        if self._poll is not None:
            await self._do(self._poll, poll=True)

    def _close_desk(self) -> None:
        """Runs in the desk's thread, after all else."""
        if self._desk is not None:
            self._desk.close()

    def on_unmount(self) -> None:
        self._left = True
        self._thread.submit(self._close_desk)
        self._thread.shutdown(wait=False)

    # --- the list, and the text beside it --------------------------------------------------

    async def do_down(self) -> None:
        await self._do(lambda desk: desk.move(1))

    async def do_up(self) -> None:
        await self._do(lambda desk: desk.move(-1))

    async def do_last(self) -> None:
        await self._do(lambda desk: desk.go(_END))

    def do_page_down(self) -> None:
        self.text().scroll_page_down(animate=False)

    def do_page_up(self) -> None:
        self.text().scroll_page_up(animate=False)

    async def on_line_list_wanted(self, message: LineList.Wanted) -> None:
        await self._do(lambda desk: desk.look(message.first, message.count))
