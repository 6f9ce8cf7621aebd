"""Names with one or more values each, in the order they came."""

from collections.abc import Iterable, Iterator, Mapping
from typing import TypeVar

Value = TypeVar("Value")


class MultiDict(Mapping[str, Value]):
    """Reads like a dict of first values; `all` and `pairs` give the rest."""

    __slots__ = ("_index", "pairs")

    def __init__(self, pairs: Iterable[tuple[str, Value]] = ()) -> None:
        self.pairs = list(pairs)  # every (name, value), in order
        index: dict[str, list[Value]] = {}
        for name, value in self.pairs:
            index.setdefault(self._key(name), []).append(value)
        self._index = index

    @staticmethod
    def _key(name: str) -> str:
        return name

    def __getitem__(self, name: str) -> Value:
        return self._index[self._key(name)][0]

    def __iter__(self) -> Iterator[str]:
        return iter(self._index)

    def __len__(self) -> int:
        return len(self._index)

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and self._key(name) in self._index

    def all(self, name: str) -> list[Value]:
        """Every value of name, in order; an empty list when it was not sent."""
        return list(self._index.get(self._key(name), ()))

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.pairs!r})"


class Headers(MultiDict[str]):
    """Header fields: names in any case (RFC 9110 5.1), values as latin-1 text."""

    __slots__ = ()

    @staticmethod
    def _key(name: str) -> str:
        return name.lower()

    @classmethod
    def parse(cls, lines: Iterable[bytes]) -> "Headers":
        """Make headers of valid field lines; only SP and TAB are trimmed."""
        pairs = []
        for line in lines:
            name, _, value = line.decode("latin-1").partition(":")
            pairs.append((name, value.strip(" \t")))
        return cls(pairs)

    def joined(self, name: str) -> str:
        """All values of a list field as one, joined by commas (RFC 9110 5.3)."""
        return ", ".join(self.all(name))
