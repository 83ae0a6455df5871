"""Memory: the collector of cycles kept from holding up keys, and screens let go of."""

import gc

from textual._styles_cache import StylesCache


def calm_collector() -> None:
    """Leave what is loaded now out of every later collection, and collect less often.

    Without that the collector goes through all objects of the app and its libraries again and
    again while text is painted, some 70 ms each time, which is felt as a key that hangs. The
    second generation is collected when it is still small, for the same reason: after 200,000 new
    objects that took 40 ms.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000, 5, 80)


def forget_painted_lines() -> None:
    """Let go of the painted lines of screens that have been left.

    Textual remembers the result of one method for its last 1,024 callers, and with them all
    that was painted of them: a megabyte for each screen that is opened, up to a hundred.
    """
    StylesCache.get_inner_outer.cache_clear()
