"""The colours. Words and signs stand beside every one of them, so that none is needed to read.

Blue and orange lead, which most colour-blind people tell apart. The last two are made of the
palette of Okabe and Ito ("Color Universal Design", 2008), lighter or darker where text needs it.
Contrast and how far states stay apart for colour-blind people are measured in the tests.
"""

from textual.theme import Theme

from tripost_tui.theme_names import full_name


def _plain_text(theme: Theme) -> Theme:
    """Coloured texts in the theme's own colours, not in Textual's mixtures of them."""
    for role in ("primary", "secondary", "warning", "error", "success", "accent"):
        theme.variables.setdefault(f"text-{role}", getattr(theme, role))
    return theme


THEMES = (
    Theme(
        name=full_name("dark"),
        primary="#6f9fd8",
        secondary="#8fa1b3",
        accent="#f0a35e",
        foreground="#d8dee6",
        background="#11151a",
        surface="#171c23",
        panel="#222a34",
        success="#7fc8a9",
        warning="#e8c26a",
        error="#ef7d7d",
        dark=True,
    ),
    Theme(
        name=full_name("light"),
        primary="#2f66a8",
        secondary="#5a6b7d",
        accent="#954205",
        foreground="#1c2530",
        background="#fbfaf7",
        surface="#f3f1ec",
        panel="#e4e1d9",
        success="#1f7a55",
        warning="#8a6100",
        error="#b3261e",
        dark=False,
        variables={"foreground-muted": "#4f5a67", "panel-lighten-2": "#9b9587"},
    ),
    _plain_text(
        Theme(
            name=full_name("contrast-dark"),
            primary="#7cc4ff",
            secondary="#d0d0d0",
            accent="#ffd400",
            foreground="#ffffff",
            background="#000000",
            surface="#000000",
            panel="#141414",
            success="#5dff9b",
            warning="#ffd400",
            error="#ff9c9c",
            dark=True,
            variables={"panel-lighten-2": "#c8c8c8", "foreground-muted": "#d0d0d0"},
        )
    ),
    _plain_text(
        Theme(
            name=full_name("contrast-light"),
            primary="#00408a",
            secondary="#333333",
            accent="#7a2e00",
            foreground="#000000",
            background="#ffffff",
            surface="#ffffff",
            panel="#f6f6f6",
            success="#00501f",
            warning="#5c3d00",
            error="#960000",
            dark=False,
            variables={"panel-lighten-2": "#404040", "foreground-muted": "#333333"},
        )
    ),
    _plain_text(
        Theme(
            name=full_name("colourblind-dark"),
            primary="#56b4e9",
            secondary="#9aa7b4",
            accent="#e69f00",
            foreground="#e2e6ea",
            background="#101418",
            surface="#161b21",
            panel="#212830",
            success="#56b4e9",
            warning="#f0e442",
            error="#f58b45",
            dark=True,
        )
    ),
    _plain_text(
        Theme(
            name=full_name("colourblind-light"),
            primary="#0072b2",
            secondary="#56606b",
            accent="#9a4300",
            foreground="#16202a",
            background="#fcfcfa",
            surface="#f4f4f0",
            panel="#e6e6e0",
            success="#0063a0",
            warning="#6e5a00",
            error="#7a1a4e",
            dark=False,
            variables={"foreground-muted": "#4d5762", "panel-lighten-2": "#94948a"},
        )
    ),
)
