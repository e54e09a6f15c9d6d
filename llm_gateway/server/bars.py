"""Bar charts over time as SVG, which need no script and no style of their own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from llm_gateway.server.html import Markup, tag

_WIDTH, _GAP, _HEIGHT = 10.0, 2.0, 100.0


@dataclass(frozen=True, slots=True)
class Bar:
    """One stretch of time: values from the bottom up, and what is said of it."""

    values: tuple[float, ...]
    title: str


def chart(bars: Sequence[Bar], classes: Sequence[str], label: str) -> Markup:
    """Stacked bars as wide as there is room. `classes` name the parts of a bar; `label` says it all in words."""
    most = max((sum(bar.values) for bar in bars), default=0.0)
    drawn = [_bar(bar, number * _WIDTH, classes, most) for number, bar in enumerate(bars)]
    return tag(
        "svg",
        *drawn,
        viewBox=f"0 0 {len(bars) * _WIDTH:g} {_HEIGHT:g}",
        preserveAspectRatio="none",
        role="img",
        aria_label=label,
    )


def _bar(bar: Bar, left: float, classes: Sequence[str], most: float) -> Markup:
    parts, bottom = [], _HEIGHT
    for value, name in zip(bar.values, classes, strict=True):
        if value > 0:
            height = max(2.0, value / most * _HEIGHT)  # the smallest is still seen
            bottom -= height
            parts.append(_rectangle(left + _GAP / 2, max(0.0, bottom), _WIDTH - _GAP, height, name))
    # The whole column answers to a pointer, also where the bar is low.
    return tag("g", tag("title", bar.title), _rectangle(left, 0.0, _WIDTH, _HEIGHT, "column"), *parts)


def _rectangle(x: float, y: float, width: float, height: float, name: str) -> Markup:
    return tag("rect", x=f"{x:g}", y=f"{y:.2f}", width=f"{width:g}", height=f"{height:.2f}", class_=name)
