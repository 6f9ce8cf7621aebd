"""A row for each server, as SVG: bars from zero, or dots about the middle. Pure.

The name and the figure stand above the bar where the place is narrow, else to both sides of it.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from loadtest.report.lines import Point, mark, upright
from loadtest.report.scale import Scale
from loadtest.report.svg import clean, elide, tag, width, words

TOP, BOTTOM = 6.0, 45.0
NARROW = 400.0
BAR = 14.0
MOST_NAME = 0.32  # of the width
LEAST, MOST, TALL = 28.0, 46.0, 240.0  # a row beside its name; about as tall as a plot of curves
GAP = 12.0


@dataclass(frozen=True, slots=True)
class Row:
    """A server. value: the bar's end, None for no bar. text: its figure; aside: what is beside it.

    span: lowest and highest, or an interval. mark: a value to compare with. limited: the figure
    is a bound only. dots: each round's own value.
    """

    name: str
    colour: str
    value: float | None
    text: str
    say: str
    aside: str = ""
    span: tuple[float, float] | None = None
    mark: float | None = None
    limited: bool = False
    dots: Sequence[Point] = ()


@dataclass(frozen=True, slots=True)
class RowPlot:
    """Rows over one axis."""

    rows: Sequence[Row]
    across: Callable[[int], Scale]
    across_label: str

    def draw(self, size: float) -> tuple[float, str]:
        """(height, markup) for a width in user units."""
        narrow = size <= NARROW
        figures = max((_figure(row) for row in self.rows), default=0.0)
        names = max((width(clean(row.name)) for row in self.rows), default=0.0)
        names = min(names, size * MOST_NAME)
        high = 42.0 if narrow else min(MOST, max(LEAST, TALL / max(1, len(self.rows))))
        left, right = (12.0, size - 12) if narrow else (names + GAP, size - figures - GAP)
        tall = TOP + high * len(self.rows) + BOTTOM
        foot = tall - BOTTOM
        across = self.across(max(2, int((right - left) / 56)))
        reach = right - left

        def place(value: float) -> float:
            return left + across.place(value) * reach

        parts = [
            tag("g", *upright(across, left, right, TOP, foot), class_="grid"),
            _label(self.across_label, (left + right) / 2, tall),
        ]
        for at, row in enumerate(self.rows):
            begin = TOP + at * high
            room = size - _figure(row) - GAP if narrow else names
            middle = begin + (27 if narrow else high / 2)
            head = begin + 13 if narrow else middle + 4
            parts.append(
                tag(
                    "g",
                    tag("text", words(elide(row.name, room)), x=0.0, y=head, class_="name"),
                    _written(row, size, head),
                    *_bar(row, place, middle),
                    class_=f"series {row.colour}",
                )
            )
        return tall, "".join(parts)


def _figure(row: Row) -> float:
    return width(f"{row.text} {row.aside}".strip())


def _label(text: str, x: float, tall: float) -> str:
    return tag("text", words(text), x=x, y=tall - 5, class_="axis middle")


def _written(row: Row, size: float, y: float) -> str:
    aside = tag("tspan", words(f" {row.aside}"), class_="aside") if row.aside else ""
    return tag("text", tag("tspan", words(row.text)), aside, x=size, y=y, class_="end figure")


def _bar(row: Row, place: Callable[[float], float], middle: float) -> list[str]:
    parts = []
    if row.value is not None:
        begin = place(0)
        parts.append(
            tag(
                "rect",
                x=begin,
                y=middle - BAR / 2,
                width=max(1.0, place(row.value) - begin),
                height=BAR,
                class_="mark bar bound" if row.limited else "mark bar",
                data_say=row.say,
            )
        )
    if row.span:
        low, high = map(place, row.span)
        y = middle if row.value is not None else middle + 7
        path = f"M{low:.1f} {y - 3:.1f}v6m0 -3H{high:.1f}m0 -3v6"
        parts.append(tag("path", d=path, class_="span"))
    if row.mark is not None:
        path = f"M{place(row.mark):.1f} {middle - BAR / 2 - 4:.1f}v{BAR + 8:.1f}"
        parts.append(tag("path", d=path, class_="published"))
    return [*parts, *(mark(place(dot.x), middle, dot) for dot in row.dots)]
