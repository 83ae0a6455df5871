"""Colours that can be read, measured: WCAG contrast, and how far states stay apart."""

from itertools import combinations

import pytest
from textual.color import Color
from textual.theme import Theme

from tripost_tui.theme_names import THEME_NAMES, full_name
from tripost_tui.themes import THEMES

TEXTS = (
    "foreground",
    "foreground-muted",
    "accent",
    "text-accent",
    "text-success",
    "text-warning",
    "text-error",
)
DIM = 0.66
"""How much of a colour is left of it where text is dim (Textual's DIM_FACTOR)."""

BEHIND = ("background", "surface", "panel")

DEFICIENCIES = {
    # Machado, Oliveira and Fernandes 2009, severity 1, on linear RGB.
    "protanopia": (
        (0.152286, 1.052583, -0.204868),
        (0.114503, 0.786281, 0.099216),
        (-0.003882, -0.048116, 1.051998),
    ),
    "deuteranopia": (
        (0.367322, 0.860646, -0.227968),
        (0.280085, 0.672501, 0.047413),
        (-0.011820, 0.042940, 0.968881),
    ),
    "tritanopia": (
        (1.255528, -0.076749, -0.178779),
        (-0.078411, 0.930809, 0.147602),
        (0.004733, 0.691367, 0.303900),
    ),
}

themes = pytest.mark.parametrize("theme", THEMES, ids=lambda theme: theme.name)


def variables(theme: Theme) -> dict[str, str]:
    """As the app has them."""
    return {**theme.to_color_system().generate(), **theme.variables}


def linear(color: Color) -> tuple[float, float, float]:
    def one(part: int) -> float:
        share = part / 255
        return share / 12.92 if share <= 0.04045 else ((share + 0.055) / 1.055) ** 2.4

    return one(color.r), one(color.g), one(color.b)


def luminance(color: Color) -> float:
    red, green, blue = linear(color)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: Color, other: Color) -> float:
    """WCAG 2: from 1 to 21."""
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def on(text: Color, behind: Color) -> Color:
    return behind.blend(text, text.a, alpha=1)


def contrasts(theme: Theme) -> dict[str, float]:
    """Of each text on what may lie behind it, plain and dim."""
    of = variables(theme)
    found = {}
    for below in BEHIND:
        behind = Color.parse(of[below])
        for name in TEXTS:
            text = on(Color.parse(of[name]), behind)
            found[f"{name} on {below}"] = contrast(text, behind)
        dim = behind.blend(Color.parse(of["foreground"]), DIM, alpha=1)
        found[f"dim on {below}"] = contrast(dim, behind)
    return found


@themes
def test_every_text_can_be_read_on_whatever_is_behind_it(theme: Theme) -> None:
    least = 7.0 if "contrast" in theme.name else 4.5
    poor = {what: round(ratio, 2) for what, ratio in contrasts(theme).items() if ratio < least}
    assert poor == {}


@themes
def test_a_focused_button_can_be_read(theme: Theme) -> None:
    of = variables(theme)
    assert contrast(Color.parse(of["background"]), Color.parse(of["accent"])) >= 4.5


@themes
def test_the_frame_of_what_has_the_focus_stands_out(theme: Theme) -> None:
    """WCAG asks for 3:1 between parts of an interface and what is around them."""
    of = variables(theme)
    assert contrast(Color.parse(of["accent"]), Color.parse(of["background"])) >= 3


def lab(rgb: tuple[float, float, float]) -> tuple[float, float, float]:
    """CIE L*a*b* under D65, of linear RGB."""
    red, green, blue = (min(1.0, max(0.0, part)) for part in rgb)
    x = (0.4124 * red + 0.3576 * green + 0.1805 * blue) / 0.95047
    y = 0.2126 * red + 0.7152 * green + 0.0722 * blue
    z = (0.0193 * red + 0.1192 * green + 0.9505 * blue) / 1.08883

    def bend(part: float) -> float:
        return part ** (1 / 3) if part > 0.008856 else 7.787 * part + 16 / 116

    return 116 * bend(y) - 16, 500 * (bend(x) - bend(y)), 200 * (bend(y) - bend(z))


def apart(one: Color, other: Color, matrix: tuple[tuple[float, float, float], ...]) -> float:
    """CIE76 difference as somebody with this colour vision sees it; 2.3 is just noticeable."""

    def seen(color: Color) -> tuple[float, float, float]:
        parts = linear(color)
        red, green, blue = (
            sum(weight * part for weight, part in zip(row, parts, strict=True)) for row in matrix
        )
        return lab((red, green, blue))

    return sum((a - b) ** 2 for a, b in zip(seen(one), seen(other), strict=True)) ** 0.5


@pytest.mark.parametrize("matrix", DEFICIENCIES.values(), ids=DEFICIENCIES.keys())
@pytest.mark.parametrize("name", [name for name in THEME_NAMES if "colourblind" in name])
def test_success_warning_and_error_stay_apart_for_the_colour_blind(
    name: str, matrix: tuple[tuple[float, float, float], ...]
) -> None:
    (theme,) = [one for one in THEMES if one.name == full_name(name)]
    of = variables(theme)
    states = [Color.parse(of[f"text-{state}"]) for state in ("success", "warning", "error")]
    differences = [apart(one, other, matrix) for one, other in combinations(states, 2)]
    assert min(differences) >= 20, differences


def test_every_name_has_its_colours() -> None:
    assert [theme.name for theme in THEMES] == [full_name(name) for name in THEME_NAMES]
