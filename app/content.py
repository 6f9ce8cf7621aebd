"""What the application says, in plain values. Knows nothing of HTTP."""

import re
import time
from collections.abc import Sequence

HELLO_WORLD = "Hello, World!"
SHORTEST_SLEEP, LONGEST_SLEEP = 0.0, 30.0  # seconds
LONGEST_PARK = 30.0  # seconds
MOST_LINES = 1000
DONE = "done"  # what a released request is answered
NOBODY = "nobody released this request"  # and one that gave up

_WHOLE = re.compile(r"[0-9]{1,9}")
_DECIMAL = re.compile(r"[0-9]{1,9}(?:\.[0-9]{1,9})?")

Query = Sequence[tuple[str, str]]  # names and values, decoded


def hello(name: str = "Anonymous") -> str:
    """Greet somebody."""
    return f"Hello, {name}"


def now() -> str:
    """The local time as `time.ctime` gives it."""
    return time.ctime()


def message() -> dict[str, str]:
    """What /json answers."""
    return {"message": HELLO_WORLD}


def seconds_to_sleep(query: Query) -> float:
    """What ?seconds= asks for, 1 if it is not there. Raises ValueError for what is not allowed:
    the message says what is."""
    return float(_only(query, "seconds", "1", SHORTEST_SLEEP, LONGEST_SLEEP, _DECIMAL))


def slept(seconds: float) -> str:
    """What /sleep answers."""
    return f"slept {seconds:g} s\n"


def lines_wanted(query: Query) -> int:
    """What ?chunks= asks for, 10 if it is not there. Raises ValueError as above."""
    return int(_only(query, "chunks", "10", 0, MOST_LINES, _WHOLE))


def _only(
    query: Query, name: str, default: str, low: float, high: float, form: "re.Pattern[str]"
) -> str:
    """The one value a query may have. Any other name, and a second value, are not allowed."""
    text = query[0][1] if query else default
    known = [each for each, _ in query] in ([], [name])
    if not known or not form.fullmatch(text) or not low <= float(text) <= high:
        kind = "a whole number" if form is _WHOLE else "a number"
        raise ValueError(f"the query takes only {name}, {kind} from {low:g} to {high:g}")
    return text


def line(number: int) -> str:
    """One line of a stream."""
    return f"line {number}\n"
