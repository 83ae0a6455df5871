"""Seeds that follow from what they are for."""

from __future__ import annotations

import hashlib


def item_seed(*parts: object) -> int:
    """Return a seed below 2**63 that depends on the parts alone."""
    digest = hashlib.sha256("/".join(map(str, parts)).encode()).digest()
    return int.from_bytes(digest[:8], "big") >> 1
