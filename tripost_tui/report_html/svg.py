"""matplotlib's SVG made fit for a page: themed colours, ids of its own, words for who cannot see.

Colours stand for variables of the page's style sheet, so that one drawing serves both themes.
"""

from __future__ import annotations

import re
from xml.etree import ElementTree as Tree

from tripost_tui.text import one_line

INK, GRID = "#010203", "#010204"
SERIES = ("#010301", "#010302", "#010303", "#010304", "#010305", "#010306")
"""Stand-ins that no drawing has by chance."""

_COLOURS = {INK: "currentColor", GRID: "var(--line)"} | {
    colour: f"var(--series-{at})" for at, colour in enumerate(SERIES, start=1)
}
_COLOUR = re.compile("|".join(_COLOURS))
_FONT = re.compile(r"font:\s*([\d.]+)px[^;]*")
_REFERENCE = re.compile(r"url\(#([^)]+)\)")
_HREF = "{http://www.w3.org/1999/xlink}href"
_NO_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


def themed(svg: str, name: str, title: str, description: str) -> str:
    """Return the drawing as an element with a title and a description; ids begin with ``name``."""
    root = Tree.fromstring(_NO_XML.sub("\ufffd", svg))
    for element in root.iter():
        element.tag = element.tag.rpartition("}")[2]
        if "id" in element.attrib:
            element.set("id", f"{name}-{element.attrib['id']}")
        if (target := element.attrib.pop(_HREF, None)) is not None:
            element.set("href", f"#{name}-{target.removeprefix('#')}")
        for key, value in list(element.attrib.items()):
            element.set(key, _themed(value, name))
    for unwanted in ("width", "height", "version"):
        root.attrib.pop(unwanted, None)
    for parent in list(root.iter()):
        for child in list(parent):
            # The style would hold for the whole page.
            if child.tag in ("metadata", "style"):
                parent.remove(child)
    for key, text in (("desc", one_line(description, 4_000)), ("title", one_line(title))):
        element = Tree.Element(key, {"id": f"{name}-{key}"})
        element.text = _NO_XML.sub("\ufffd", text)
        root.insert(0, element)
    root.set("role", "img")
    root.set("aria-labelledby", f"{name}-title {name}-desc")
    return Tree.tostring(root, encoding="unicode", short_empty_elements=False)


def _themed(value: str, name: str) -> str:
    value = _COLOUR.sub(lambda found: _COLOURS[found[0]], value)
    value = _FONT.sub(r"font-size: \1px", value)
    return _REFERENCE.sub(rf"url(#{name}-\1)", value)
