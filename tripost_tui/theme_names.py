"""What the app's colours are called. Apart from the colours themselves, so that the command line
knows the names without loading the app."""

from collections.abc import Mapping

THEME_NAMES: Mapping[str, str] = {
    "dark": "Dark",
    "light": "Light",
    "contrast-dark": "High contrast, dark",
    "contrast-light": "High contrast, light",
    "colourblind-dark": "For colour-blind people, dark",
    "colourblind-light": "For colour-blind people, light",
}
"""Names as written in the file and on the command line, and in words; the first is the default."""

DEFAULT_THEME = next(iter(THEME_NAMES))


def full_name(name: str) -> str:
    """The name under which Textual knows it."""
    return f"tripost-{name}"
