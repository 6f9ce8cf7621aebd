"""Curves in a frame, as SVG: drawn once for narrow and once for wide places. Pure."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from loadtest.report.scale import Scale
from loadtest.report.svg import TEXT, apart, clean, elide, tag, width, words

LEFT, TOP, BOTTOM = 46.0, 26.0, 43.0
BELOW = 18.0  # from the axis to its numbers: clear of those of the other axis
SPACED = 18.0  # a name at a curve's end, with air
MOST_LABEL = 0.32  # of the width: what names may take from the plot


@dataclass(frozen=True, slots=True)
class Point:
    """A place of a curve and what is read out there. kind: "", "hollow" or "cross"."""

    x: float
    y: float
    say: str
    kind: str = ""
    seen: bool = True


@dataclass(frozen=True, slots=True)
class Curve:
    """A server's points; strokes are the unbroken stretches of them."""

    name: str
    colour: str
    strokes: Sequence[Sequence[Point]]

    @property
    def points(self) -> list[Point]:
        """All of them, from left to right."""
        return [point for stroke in self.strokes for point in stroke]


@dataclass(frozen=True, slots=True)
class LinePlot:
    """Curves over axes that are worked out for as many ticks as there is room for."""

    curves: Sequence[Curve]
    across: Callable[[int], Scale]
    up: Callable[[int], Scale]
    across_label: str
    up_label: str

    def draw(self, size: float) -> tuple[float, str]:
        """(height, markup) for a width in user units."""
        curves = [curve for curve in self.curves if curve.points]
        tall = max(300.0 if size > 400 else 270.0, TOP + BOTTOM + SPACED * len(curves))
        names = max((width(clean(curve.name)) for curve in curves), default=0.0)
        room = min(names, size * MOST_LABEL)
        frame = Frame(LEFT, size - room - 22, TOP, tall - BOTTOM)
        across = self.across(max(2, int((frame.right - frame.left) / 48)))
        up = self.up(max(3, int((frame.bottom - frame.top) / 30)))
        parts = [
            frame.grid(across, up),
            tag("text", words(self.up_label), x=0.0, y=TEXT, class_="axis"),
            tag(
                "text",
                words(self.across_label),
                x=(frame.left + frame.right) / 2,
                y=tall - 4,
                class_="axis middle",
            ),
            *(_drawn(curve, frame, across, up) for curve in curves),
            _named(curves, frame, across, up, room),
        ]
        return tall, "".join(parts)


@dataclass(frozen=True, slots=True)
class Frame:
    """Where the curves are, in user units."""

    left: float
    right: float
    top: float
    bottom: float

    def at(self, across: Scale, up: Scale, point: Point) -> tuple[float, float]:
        """The place of a point."""
        x = self.left + across.place(point.x) * (self.right - self.left)
        y = self.bottom - up.place(point.y) * (self.bottom - self.top)
        return x, y

    def grid(self, across: Scale, up: Scale) -> str:
        """Thin lines and their numbers."""
        parts = upright(across, self.left, self.right, self.top, self.bottom)
        for value, text in up.ticks:
            y = self.bottom - up.place(value) * (self.bottom - self.top)
            parts.append(tag("line", x1=self.left, x2=self.right, y1=y, y2=y))
            parts.append(tag("text", words(text), x=self.left - 6, y=y + 4, class_="end"))
        return tag("g", *parts, class_="grid")


def upright(across: Scale, left: float, right: float, top: float, bottom: float) -> list[str]:
    """The upright lines and the numbers below; the last is written, others where there is room."""
    ends = [left + across.place(value) * (right - left) for value, _ in across.ticks]
    halves = [width(text) / 2 + 2 for _, text in across.ticks]
    until = ends[-1] - halves[-1] if ends else right
    parts, free = [], left - 99
    for at, (x, half) in enumerate(zip(ends, halves, strict=True)):
        parts.append(tag("line", x1=x, x2=x, y1=top, y2=bottom))
        last = at == len(ends) - 1
        if last or (x - half >= free and x + half <= until):
            text = words(across.ticks[at][1])
            parts.append(tag("text", text, x=x, y=bottom + BELOW, class_="middle"))
            free = x + half
    return parts


def _drawn(curve: Curve, frame: Frame, across: Scale, up: Scale) -> str:
    parts = []
    for stroke in curve.strokes:
        places = [frame.at(across, up, point) for point in stroke]
        if len(places) > 1:
            path = "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in places)
            parts.append(tag("path", d=path))
    for point in curve.points:
        x, y = frame.at(across, up, point)
        parts.append(mark(x, y, point))
    return tag("g", *parts, class_=f"series {curve.colour}")


def mark(x: float, y: float, point: Point) -> str:
    """A point that can be read out: a dot, a hollow one, a cross, or nothing until it is."""
    kind = point.kind or ("dot" if point.seen else "still")
    if kind == "cross":
        path = f"M{x - 4:.1f} {y - 4:.1f}l8 8m0 -8l-8 8"
        return tag("path", d=path, class_="mark cross", data_say=point.say)
    return tag("circle", cx=x, cy=y, r=3.5, class_=f"mark {kind}", data_say=point.say)


def _named(curves: Sequence[Curve], frame: Frame, across: Scale, up: Scale, room: float) -> str:
    """Each curve's name at its end, moved where it would cover another's."""
    ends = [frame.at(across, up, curve.points[-1]) for curve in curves]
    places = apart([y for _, y in ends], frame.top, frame.bottom)
    parts = []
    for curve, (x, y), place in zip(curves, ends, places, strict=True):
        lead = f"M{x:.1f} {y:.1f}L{frame.right + 8:.1f} {place:.1f}h6"
        name = elide(curve.name, room)
        parts.append(
            tag(
                "g",
                tag("path", d=lead, class_="lead"),
                tag("text", words(name), x=frame.right + 17, y=place + 4, class_="name"),
                class_=f"who {curve.colour}",
            )
        )
    return tag("g", *parts, class_="names")
