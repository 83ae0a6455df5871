"""The loss drawn: what the plotting library cannot draw by itself."""

import math

import pytest
from textual.app import App, ComposeResult
from textual.events import Mount

from tripost_tui.state.loss import loss_plot
from tripost_tui.widgets.plot import LossPane, _Plot

FIRST = 0.35488489829525555


class Plotted(App[None]):
    """A loss pane alone."""

    CSS = "LossPane { height: 12; border: round white; } #loss-canvas { height: 1fr; }"

    def compose(self) -> ComposeResult:
        yield LossPane(ascii_only=False, id="loss")


@pytest.mark.parametrize(
    "losses",
    [
        [FIRST],
        [FIRST, FIRST],
        [FIRST, math.nextafter(FIRST, 1)],
        [0.0, 0.0, 0.0],
        [1e30, 1e30],
        [None, FIRST, None],
    ],
    ids=str,
)
async def test_losses_that_hardly_differ_are_drawn(losses: list[float | None]) -> None:
    app = Plotted()
    async with app.run_test(size=(80, 14)) as pilot:
        await pilot.pause()
        pane = app.query_one(LossPane)
        pane.show(loss_plot([(1, loss) for loss in losses], pane.columns))
        await pilot.pause()
        lines = app.screen._compositor.render_strips()
        text = "\n".join("".join(segment.text for segment in line) for line in lines)
    assert "each step" in text
    assert any(0x2800 < ord(sign) < 0x2900 for sign in text)


async def test_a_plot_whose_parts_were_never_made_is_mounted_without_them() -> None:
    class Left(_Plot):
        """As on a screen that is left before it has composed."""

        def compose(self) -> ComposeResult:
            return iter(())

    app = Plotted()
    async with app.run_test(size=(80, 14)) as pilot:
        plot = Left()
        await app.screen.mount(plot)
        await plot.on_event(Mount())
        plot.margin_left = 3
        plot.refresh()
        await pilot.pause()
        assert plot.is_attached
