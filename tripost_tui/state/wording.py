"""Numbers and times as people read them. Short: they stand in narrow columns."""


def duration(seconds: float) -> str:
    """``41 s``, ``2 min 05 s``, ``1 h 04 min``, ``3 d 2 h``."""
    total = max(0, round(seconds))
    if total < 60:
        return f"{total} s"
    minutes, rest = divmod(total, 60)
    if minutes < 60:
        return f"{minutes} min {rest:02} s"
    hours, minutes = divmod(minutes, 60)
    if hours < 24:
        return f"{hours} h {minutes:02} min"
    days, hours = divmod(hours, 24)
    return f"{days} d {hours} h"


def brief(seconds: float) -> str:
    """The same in at most six characters, for columns: ``41s``, ``2m05s``, ``1h04m``, ``3d02h``."""
    total = max(0, round(seconds))
    for (unit, size), (smaller, part) in zip(
        (("d", 86_400), ("h", 3600), ("m", 60)),
        (("h", 3600), ("m", 60), ("s", 1)),
        strict=True,
    ):
        if total >= size:
            return f"{total // size}{unit}{total % size // part:02}{smaller}"
    return f"{total}s"


def roughly(seconds: float) -> str:
    """A time to come, without a precision that nobody has: ``under 1 min``, ``4 min``."""
    if seconds < 60:
        return "under 1 min"
    if seconds < 3600:
        return f"{round(seconds / 60)} min"
    return duration(seconds)


def age(seconds: float) -> str:
    """``just now``, ``40 s ago``, ``3 min ago``, ``2 h ago``, ``5 d ago``."""
    if seconds < 5:
        return "just now"
    for unit, size in (("d", 86_400), ("h", 3600), ("min", 60)):
        if seconds >= size:
            return f"{int(seconds // size)} {unit} ago"
    return f"{int(seconds)} s ago"


def size(n_bytes: int) -> str:
    """``812 kB``, ``14.2 MB``; in powers of ten, as disks are sold."""
    if n_bytes < 1000:
        return f"{n_bytes} B"
    value = float(n_bytes)
    for unit in ("kB", "MB", "GB", "TB"):
        value /= 1000
        if value < 999.5 or unit == "TB":
            break
    return f"{value:.0f} {unit}" if value >= 99.5 or unit == "kB" else f"{value:.1f} {unit}"


def gib(n_bytes: int) -> str:
    """``5.1``, ``78``: gibibytes, as memory is sold."""
    value = n_bytes / 2**30
    return f"{value:.0f}" if value >= 99.5 else f"{value:.1f}"


def vram(used: int, total: int) -> str:
    """``5.1/12.0 GiB``."""
    return f"{gib(used)}/{gib(total)} GiB"


def percent(part: int, whole: int) -> str:
    """``62.3``; ``n/a`` of nothing."""
    return f"{100 * part / whole:.1f}" if whole else "n/a"


def counted(n: int, noun: str) -> str:
    """``1 run``, ``3 runs``."""
    return f"{n:,} {noun}" if n == 1 else f"{n:,} {noun}s"


def shorten(text: str, width: int, ellipsis: str = "…") -> str:
    """Text of at most ``width`` characters; its middle is left out, ends tell paths apart."""
    if len(text) <= width:
        return text
    if width <= len(ellipsis):
        return text[:width]
    keep = width - len(ellipsis)
    tail = keep * 2 // 3
    return text[: keep - tail] + ellipsis + text[len(text) - tail :]
