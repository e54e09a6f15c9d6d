"""Numbers and times as the status page writes them."""

from __future__ import annotations

from datetime import UTC, datetime


def clock(moment: float, form: str) -> str:
    """A moment in Unix time, in UTC, in the form that strftime takes."""
    return datetime.fromtimestamp(moment, UTC).strftime(form)


def span(length: float) -> str:
    """A length of time, given in seconds, in its two largest units: 3 h 20 min."""
    units = (("d", 86_400), ("h", 3600), ("min", 60), ("s", 1))
    left, parts = max(0, int(length)), []
    for name, size in units:
        count, left = divmod(left, size)
        if count:
            parts.append(f"{count} {name}")
    return " ".join(parts[:2]) or "0 s"


def seconds(value: float) -> str:
    """A short time: 12 ms, 3.50 s."""
    return f"{value * 1000:.0f} ms" if value < 0.9995 else f"{value:.2f} s" if value < 10 else f"{value:,.0f} s"


def dollars(value: float) -> str:
    """US dollars: cents, and four places where it is less than one dollar."""
    if value >= 1 or not value:
        return f"${value:,.2f}"
    return "<$0.0001" if value < 0.0001 else f"${value:.4f}"


def share(part: int, whole: int) -> str:
    """Part of a whole in percent."""
    percent = 100 * part / whole if whole else 0.0
    return "<0.1%" if 0 < percent < 0.1 else f"{percent:.1f}%" if percent < 10 else f"{percent:.0f}%"


def short(count: int) -> str:
    """A count in at most four digits: 9,999, 12.5k, 130M."""
    for unit, size in (("G", 10**9), ("M", 10**6), ("k", 10**3)):
        if count >= 10 * size or (unit != "k" and count >= size):
            return f"{count / size:.1f}{unit}" if count < 100 * size else f"{count / size:.0f}{unit}"
    return f"{count:,}"


def counted(count: int, noun: str) -> str:
    """A count with its noun: 1 request, 2,000 requests."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"
