"""Elements of SVG and HTML as text; whatever is put into them is escaped. Pure."""

from html import escape
from unicodedata import east_asian_width

TEXT = 12.0  # user units; a plot is never drawn smaller than one to one
LINE = 15.0  # from one line of text to the next

# Shares of the text's size, on the generous side: what is estimated must never be too short.
WIDE, USUAL, SLIM = 1.05, 0.62, 0.36


def clean(text: str) -> str:
    """One line of what can be seen: control characters have no place in a document."""
    return "".join(char if char.isprintable() else " " for char in text)


def tag(name: str, *inside: str, **attributes: object) -> str:
    """An element. inside: markup, already escaped. Attributes are escaped here.

    class_ is written as class, and _ as -, since Python has no such names.
    """
    parts = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{escape(clean(_written(value)))}"'
        for key, value in attributes.items()
    )
    return f"<{name}{parts}>{''.join(inside)}</{name}>"


def words(text: str) -> str:
    """Text to put into an element."""
    return escape(clean(text))


def _written(value: object) -> str:
    return f"{value:.2f}".rstrip("0").rstrip(".") if isinstance(value, float) else str(value)


def width(text: str) -> float:
    """How wide a text will be at most, in user units, whatever sans-serif font draws it."""
    return TEXT * sum(map(_share, text))


def _share(char: str) -> float:
    if east_asian_width(char) in "WF" or char in "MW@%mw":
        return WIDE
    return SLIM if char in "ijl.,:;|!' ()[]" else USUAL


def elide(text: str, room: float) -> str:
    """A text that fits into room, its middle left out: both ends of a name tell names apart."""
    text = clean(text)
    if width(text) <= room:
        return text
    keep = len(text) - 1
    while keep > 1:
        head, tail = keep // 2, keep - keep // 2
        short = f"{text[:head]}…{text[-tail:]}"
        if width(short) <= room:
            return short
        keep -= 1
    return "…"


def apart(places: list[float], low: float, high: float, gap: float = LINE) -> list[float]:
    """The same places moved as little as they must be to stand gap apart between low and high.

    Given and returned in the same order. There must be room: (high - low) >= gap * (count - 1).
    """
    order = sorted(range(len(places)), key=lambda at: places[at])
    moved = [0.0] * len(places)
    before = low - gap
    for at in order:
        before = moved[at] = max(places[at], before + gap)
    after = high + gap
    for at in reversed(order):
        after = moved[at] = min(moved[at], after - gap)
    return moved
