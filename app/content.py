"""What the application says, in plain values. Knows nothing of HTTP."""

import time

HELLO_WORLD = "Hello, World!"
SHORTEST_SLEEP, LONGEST_SLEEP = 0.0, 30.0  # seconds
LONGEST_PARK = 30.0  # seconds
MOST_LINES = 1000


def hello(name: str = "Anonymous") -> str:
    """Greet somebody."""
    return f"Hello, {name}"


def now() -> str:
    """The local time as `time.ctime` gives it."""
    return time.ctime()


def message() -> dict[str, str]:
    """What /json answers."""
    return {"message": HELLO_WORLD}


def line(number: int) -> str:
    """One line of a stream."""
    return f"line {number}\n"


def page(facts: dict[str, str]) -> str:
    """The page at `/`: who answered, and where to go on. facts: already safe for HTML."""
    rows = "".join(f"<dt>{name}</dt><dd>{value}</dd>" for name, value in facts.items())
    links = "".join(f'<li><a href="{path}">{path}</a> {what}</li>' for path, what in LINKS)
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width"><title>Slipway</title>'
        '<link rel="stylesheet" href="/static/slipway.css">'
        f"<h1>Slipway</h1><p>This service runs.</p><dl>{rows}</dl><ul>{links}</ul></html>\n"
    )


LINKS = (
    ("/plaintext", "a line of text"),
    ("/json", "the same as JSON"),
    ("/hello", "a greeting; /hello/you greets you"),
    ("/time", "the current time"),
    ("/sleep?seconds=1", "an answer after a while"),
    ("/headers", "what your request said"),
    ("/stream?chunks=10", "lines, one at a time"),
    ("/healthz", "alive"),
    ("/readyz", "ready for traffic"),
)
