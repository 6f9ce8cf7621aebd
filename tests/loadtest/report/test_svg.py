"""loadtest.report.svg: elements, and text that fits."""

from itertools import pairwise

import pytest

from loadtest.report.svg import apart, elide, tag, width, words


def test_whatever_is_put_in_is_escaped() -> None:
    """Attributes and text; what cannot be seen is a space."""
    made = tag("text", words("<b>&\x1b"), data_say="\"'<\n", x=1.50, class_="a")
    assert made == '<text data-say="&quot;&#x27;&lt; " x="1.5" class="a">&lt;b&gt;&amp; </text>'


@pytest.mark.parametrize("room", [20.0, 60.0, 100.0])
def test_a_name_is_shortened_in_its_middle(room: float) -> None:
    """Both ends tell it from others, and it fits."""
    short = elide("way:fastapi-httptools", room)
    assert width(short) <= room
    assert "…" in short
    assert elide("short", 100.0) == "short"


@pytest.mark.parametrize("places", [[5.0, 6.0, 7.0], [99.0, 98.0, 97.0], [0.0], [], [50.0] * 6])
def test_names_stand_apart(places: list[float]) -> None:
    """In the order they had, within the ends, a line from each other."""
    moved = apart(places, 0.0, 100.0, 15.0)
    ranked = sorted(moved)
    assert all(b - a >= 14.999 for a, b in pairwise(ranked))
    assert all(0 <= place <= 100 for place in moved)
    if len(set(places)) == len(places):
        assert sorted(range(len(places)), key=places.__getitem__) == sorted(
            range(len(moved)), key=moved.__getitem__
        )
