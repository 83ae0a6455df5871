"""The one boundary between text that others wrote and a person's terminal.

Whatever a model, a server or a file wrote is data. Before it is shown it goes through
:func:`clean_text` (or :func:`one_line`), so that it can neither steer the terminal nor hide
or reorder what it says.
"""

_KEPT = "\n\t"
_C0_DEL_C1 = (*range(0x20), 0x7F, *range(0x80, 0xA0))
# Controls that reorder text, and separators that some terminals take for line ends.
_SHOWN = (0x061C, 0x200E, 0x200F, *range(0x2028, 0x202F), *range(0x2066, 0x206A))
_SURROGATES = range(0xD800, 0xE000)  # cannot be encoded, so printing one would raise

_TABLE: dict[int, str | None] = {
    **{code: None for code in _C0_DEL_C1 if chr(code) not in _KEPT},
    **{code: f"⟨U+{code:04X}⟩" for code in _SHOWN},
    **dict.fromkeys(_SURROGATES, "\ufffd"),
}


def clean_text(text: str) -> str:
    """``text`` without C0 and C1 controls but newline and tab, with bidi controls spelled out.

    An escape sequence loses its ESC and stays readable; a carriage return is dropped, so CRLF
    becomes a newline; U+202E becomes ``⟨U+202E⟩``; a lone surrogate becomes U+FFFD.
    """
    return text.translate(_TABLE)


def one_line(text: str, width: int = 200) -> str:
    """``text`` cleaned, its white space collapsed, cut to ``width`` characters with an ellipsis."""
    # A line needs no more than its beginning, however long the text is.
    line = " ".join(clean_text(text[: 8 * width]).split())
    cut = len(line) > width or len(text) > 8 * width
    return line[: width - 1].rstrip() + "…" if cut else line
