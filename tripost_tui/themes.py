"""The colours. Blue and orange lead, which most colour-blind people tell apart; words stand beside
every colour anyway."""

from textual.theme import Theme

THEMES = (
    Theme(
        name="tripost-dark",
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
        name="tripost-light",
        primary="#2f66a8",
        secondary="#5a6b7d",
        accent="#b45309",
        foreground="#1c2530",
        background="#fbfaf7",
        surface="#f3f1ec",
        panel="#e4e1d9",
        success="#1f7a55",
        warning="#8a6100",
        error="#b3261e",
        dark=False,
    ),
)
