"""Horizontal bars: a label, then a bar as long as its number, which is written at its end."""

import textwrap
from collections.abc import Iterable
from dataclasses import dataclass

WIDTH = 400
# Room for a number of nine signs at the end of the longest bar.
LONGEST = WIDTH - 70
SHORTEST = 2
LINE = 17
BAR = 16
GAP = 12
# Characters in a line of text, of the widest kind, and lines in a label.
LINE_LENGTH = 50
LABEL_LINES = 3
# Beyond, the bars say no more than the table does.
MAX_BARS = 20


@dataclass(frozen=True)
class Line:
    """A line of text and its baseline."""

    text: str
    y: int


@dataclass(frozen=True)
class Bar:
    """A bar `width` long from the left edge, its top at `y`; its number stands at (`x`, `base`)."""

    lines: list[Line]
    number: int
    width: int
    y: int
    x: int
    base: int
    is_apart: bool


@dataclass(frozen=True)
class BarChart:
    """Bars in a drawing of `width` by `height`; `hidden` rows have none."""

    bars: list[Bar]
    width: int
    height: int
    hidden: int

    @property
    def thickness(self) -> int:
        return BAR


def bars(rows: Iterable) -> BarChart:
    """The bars of rows with a `label`, a number of `laureates` and `is_apart`, in their order."""
    rows = list(rows)
    shown = rows[:MAX_BARS]
    longest = max((row.laureates for row in shown), default=0)
    drawn, y = [], 0
    for row in shown:
        lines = []
        for text in _wrapped(row.label):
            y += LINE
            lines.append(Line(text, y - 4))
        width = max(SHORTEST, round(LONGEST * row.laureates / longest)) if row.laureates else 0
        drawn.append(
            Bar(
                lines=lines,
                number=row.laureates,
                width=width,
                y=y,
                x=width + 6,
                base=y + BAR - 3,
                is_apart=row.is_apart,
            )
        )
        y += BAR + GAP
    return BarChart(drawn, WIDTH, max(y - GAP, 1) + 2, len(rows) - len(shown))


def _wrapped(label):
    return textwrap.wrap(label, LINE_LENGTH, max_lines=LABEL_LINES, placeholder="…") or ["—"]
