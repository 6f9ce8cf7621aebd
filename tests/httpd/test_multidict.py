"""Names with several values, and header fields with any case."""

import pytest

from app.httpd.multidict import Headers, MultiDict

PAIRS = [("a", "1"), ("b", "2"), ("a", "3")]


def test_first_values() -> None:
    """It reads like a dict of the first value of each name, in order."""
    assert list(MultiDict(PAIRS).items()) == [("a", "1"), ("b", "2")]
    assert MultiDict(PAIRS) == {"a": "1", "b": "2"}
    assert len(MultiDict(PAIRS)) == 2


def test_every_value() -> None:
    """All values of a name are there, in order, and all pairs."""
    names = MultiDict(PAIRS)
    assert (names.all("a"), names.all("b"), names.all("c")) == (["1", "3"], ["2"], [])
    assert names.pairs == PAIRS


def test_what_is_not_there() -> None:
    """A name that was not sent is a KeyError, or the default."""
    names = MultiDict(PAIRS)
    with pytest.raises(KeyError):
        names["c"]
    assert (names.get("c"), names.get("c", "x"), "c" in names, 1 in names) == (
        None,
        "x",
        False,
        False,
    )


def test_what_it_gives_is_not_what_it_keeps() -> None:
    """Changing a list of values changes nothing inside."""
    names = MultiDict(PAIRS)
    names.all("a").clear()
    assert names.all("a") == ["1", "3"]


def test_repr_shows_the_pairs() -> None:
    """Its repr has every pair."""
    assert repr(MultiDict([("a", 1)])) == "MultiDict([('a', 1)])"


@pytest.mark.parametrize("name", ["X-Some-Name", "x-some-name", "X-SOME-NAME"])
def test_headers_in_any_case(name: str) -> None:
    """A field is found in any case (RFC 9110 5.1), and keeps the case it came in."""
    headers = Headers([("X-Some-Name", "a"), ("x-SOME-name", "b")])
    assert (headers[name], headers.all(name), name in headers) == ("a", ["a", "b"], True)
    assert headers.joined(name) == "a, b"
    assert [each for each, _ in headers.pairs] == ["X-Some-Name", "x-SOME-name"]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (b"A: b", ("A", "b")),
        (b"A:b", ("A", "b")),
        (b"A:\t b:c \t", ("A", "b:c")),
        (b"A:", ("A", "")),
        (b"A: \xa0b\x85", ("A", "\xa0b\x85")),
        (b"A: \xff\xfe", ("A", "\xff\xfe")),
    ],
)
def test_parse(line: bytes, expected: tuple[str, str]) -> None:
    """Of a value only SP and TAB are trimmed; every other byte stays as it came."""
    assert Headers.parse([line]).pairs == [expected]


def test_joined_of_nothing() -> None:
    """A list that was not sent is empty."""
    assert Headers().joined("accept") == ""
