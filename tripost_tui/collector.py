"""Python's collector of cycles, kept from holding up keys."""

import gc


def calm_collector() -> None:
    """Leave what is loaded now out of every later collection, and collect less often.

    Without that the collector goes through all objects of the app and its libraries again and
    again while text is painted, some 70 ms each time, which is felt as a key that hangs.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000, 20, 20)
