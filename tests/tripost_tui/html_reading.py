"""An HTML page taken apart as a browser's tokeniser would: elements, attributes, texts."""

import re
from dataclasses import dataclass, field
from html.parser import HTMLParser

LOADING = {"src", "href", "srcset", "data", "action", "formaction", "poster", "background", "cite"}
_URL = re.compile(r"url\(([^)]*)\)|@import\s*([^;]*)")


@dataclass
class Page(HTMLParser):
    """What a page has: elements by name, attributes by element, texts, what styles say."""

    elements: list[str] = field(default_factory=list)
    attributes: list[tuple[str, str, str]] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)
    styles: list[str] = field(default_factory=list)
    open: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__(convert_charrefs=True)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append(tag)
        self.attributes += [(tag, name, value or "") for name, value in attrs]
        self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag in self.open:
            while self.open.pop() != tag:
                pass

    def handle_data(self, data: str) -> None:
        (self.styles if self.open[-1:] == ["style"] else self.texts).append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.texts).split())

    @property
    def ids(self) -> list[str]:
        return [value for _, name, value in self.attributes if name == "id"]

    def outside(self) -> list[str]:
        """Everything that would be loaded, or led to, from outside of the page."""
        found = [
            f"<{tag} {name}={value!r}>"
            for tag, name, value in self.attributes
            if name.rpartition(":")[2] in LOADING and not value.startswith("#")
        ]
        said = [value for _, name, value in self.attributes if name != "content"] + self.styles
        for style in said:
            found += [m[0] for m in _URL.finditer(style) if not (m[1] or "").startswith("#")]
        return found

    def active(self) -> list[str]:
        """Everything that could run: elements, and attributes with a script."""
        wrong = {"script", "iframe", "object", "embed", "form", "input", "link", "base", "img"}
        found = [tag for tag in self.elements if tag in wrong]
        found += [name for _, name, _ in self.attributes if name.startswith("on")]
        return found


def read(html: str) -> Page:
    page = Page()
    page.feed(html)
    page.close()
    return page
