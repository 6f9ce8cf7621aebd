"""The table of settings: every default allowed, every range kept, .env.example in step."""

import re
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

from app import knobs
from app.httpd.limits import Deadlines, Limits
from app.knobs import KNOBS, Knob

ROOT = Path(__file__).parent.parent
EXAMPLE = (ROOT / ".env.example").read_text()
COMPOSE = (ROOT / "docker-compose.yml").read_text()
# What the service reads, and what only nginx and Compose do.
OURS, THEIRS = EXAMPLE.split("# ---- ")
# Said by who builds, or fixed in docker-compose.yml.
NOT_SET = {"VERSION", "REVISION", "COMPOSE_PROJECT_NAME"}


def by_name(knob: Knob[Any]) -> str:
    """A readable id for parametrize."""
    return knob.name


@pytest.mark.parametrize("knob", KNOBS, ids=by_name)
def test_default_is_allowed(knob: Knob[Any]) -> None:
    """Whoever writes the default out gets the default."""
    if knob.default:
        assert knob.parse(knob.default) is not None


@pytest.mark.parametrize("knob", KNOBS, ids=by_name)
def test_words(knob: Knob[Any]) -> None:
    """Every knob says what it is for and what it takes."""
    assert knob.meaning
    assert knob.allowed


def test_names_are_unique() -> None:
    """No variable stands for two things."""
    names = [each.name for each in KNOBS]
    assert sorted(set(names)) == sorted(names)


@pytest.mark.parametrize("bounded", fields(Limits), ids=lambda each: each.name)
def test_limits_are_those_of_the_server(bounded: Any) -> None:
    """A field of Limits is one knob, with the same default and range, both ends included."""
    knob = knobs.LIMITS[bounded.name]
    low, high = bounded.metadata["low"], bounded.metadata["high"]
    assert knob.name == f"LIMIT_{bounded.name.upper()}"
    assert knob.parse(knob.default) == bounded.default
    assert [knob.parse(str(low)), knob.parse(str(high))] == [low, high]
    for outside in (low - 1, high + 1):
        with pytest.raises(ValueError, match=r"range|number"):
            knob.parse(str(outside))


@pytest.mark.parametrize("bounded", fields(Deadlines), ids=lambda each: each.name)
def test_deadlines_are_those_of_the_server(bounded: Any) -> None:
    """A field of Deadlines is one knob, with the same default and range, both ends included."""
    knob = knobs.DEADLINES[bounded.name]
    low, high = bounded.metadata["low"], bounded.metadata["high"]
    assert knob.name == f"TIMEOUT_{bounded.name.upper()}"
    assert knob.parse(knob.default) == bounded.default
    assert [knob.parse(str(low)), knob.parse(str(high))] == [low, high]
    for outside in (low - 0.1, high + 0.1):
        with pytest.raises(ValueError, match=r"range"):
            knob.parse(str(outside))


@pytest.mark.parametrize(
    ("text", "value"),
    [("65536", 65536), ("64k", 65536), ("64K", 65536), ("2m", 2097152), ("1g", 1 << 30)],
)
def test_size(text: str, value: int) -> None:
    """Bytes may be counted in k, m and g of 1024."""
    assert knobs.LIMITS["body"].parse(text) == value


@pytest.mark.parametrize("text", ["64kb", "64 k", "1.5m", "0x10", "1_000", "+1", "1e3", "k", "٣"])
def test_no_size(text: str) -> None:
    """Nothing is guessed from what is not a plain number."""
    with pytest.raises(ValueError, match="whole number"):
        knobs.LIMITS["body"].parse(text)


def test_suffix_on_a_count() -> None:
    """1k header fields would be 1024 of them, which nobody means."""
    with pytest.raises(ValueError, match="whole number"):
        knobs.LIMITS["fields"].parse("1k")


@pytest.mark.parametrize("text", ["nan", "inf", "1e3", "-1", "+1", "1,5", ".5", "5.", "5s", "1_0"])
def test_no_seconds(text: str) -> None:
    """Seconds are a plain decimal number."""
    with pytest.raises(ValueError, match="seconds"):
        knobs.DEADLINES["drain_delay"].parse(text)


def test_fraction_of_a_second() -> None:
    """Seconds may have a fraction."""
    assert knobs.DEADLINES["drain_idle"].parse("0.25") == 0.25


@pytest.mark.parametrize(
    ("knob", "text", "value"),
    [
        (knobs.REUSE_PORT, "on", True),
        (knobs.REUSE_PORT, "TRUE", True),
        (knobs.REUSE_PORT, "0", False),
        (knobs.REUSE_PORT, "no", False),
        (knobs.LOG_LEVEL, "WARNING", "warning"),
        (knobs.ACCESS_LOG, "off", "off"),
        (knobs.LOOP, "asyncio", "asyncio"),
        (knobs.SERVER, "aiohttp", "aiohttp"),
        (knobs.SERVICE_ID, "a" * 40, "a" * 40),
        (knobs.SERVICE_ID, "blue.green_2-b", "blue.green_2-b"),
        (knobs.WEB_CONCURRENCY, "1", 1),
        (knobs.WEB_CONCURRENCY, "1024", 1024),
        (knobs.FORWARDED_ALLOW_IPS, "*", ("*",)),
        (knobs.FORWARDED_ALLOW_IPS, "10.0.0.0/8, ::1", ("10.0.0.0/8", "::1")),
        (knobs.FORWARDED_FIELD, "Fly-Client-IP", "Fly-Client-IP"),
        (knobs.ACCESS_LOG_FILE, "/dev/null", "/dev/null"),
        (knobs.TLS_CERTFILE, __file__, __file__),
    ],
)
def test_value(knob: Knob[Any], text: str, value: object) -> None:
    """What is allowed is taken, however it is written."""
    assert knob.parse(text) == value


@pytest.mark.parametrize(
    ("knob", "text"),
    [
        (knobs.REUSE_PORT, "maybe"),
        (knobs.LOG_LEVEL, "loud"),
        (knobs.ACCESS_LOG, "combined"),
        (knobs.LOOP, "trio"),
        (knobs.SERVER, "uvicorn"),
        (knobs.SERVICE_ID, "a" * 41),
        (knobs.SERVICE_ID, "a b"),
        (knobs.SERVICE_ID, "a/b"),
        (knobs.WEB_CONCURRENCY, "0"),
        (knobs.WEB_CONCURRENCY, "1025"),
        (knobs.WEB_CONCURRENCY, "two"),
        (knobs.FORWARDED_ALLOW_IPS, "10.0.0.1/8"),
        (knobs.FORWARDED_ALLOW_IPS, "10.0.0.0/33"),
        (knobs.FORWARDED_ALLOW_IPS, "*,10.0.0.1"),
        (knobs.FORWARDED_ALLOW_IPS, "proxy"),
        (knobs.FORWARDED_ALLOW_IPS, "10.0.0.1,"),
        (knobs.FORWARDED_FIELD, "Fly Client"),
        (knobs.ACCESS_LOG_FILE, "/"),
        (knobs.ACCESS_LOG_FILE, "/nowhere/access.log"),
        (knobs.TLS_CERTFILE, "/nowhere/cert.pem"),
        (knobs.TLS_CERTFILE, "/"),
    ],
)
def test_no_value(knob: Knob[Any], text: str) -> None:
    """What is not allowed is refused."""
    with pytest.raises(ValueError):  # noqa: PT011 - the user is told what is allowed instead
        knob.parse(text)


def test_uvloop_where_it_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    """uvloop asked for and not there stops the start; auto does without."""
    monkeypatch.setattr(knobs.importlib.util, "find_spec", lambda _: None)
    assert knobs.LOOP.parse("auto") == "auto"
    with pytest.raises(ValueError, match="not installed"):
        knobs.LOOP.parse("uvloop")


@pytest.mark.parametrize("knob", KNOBS, ids=by_name)
def test_example_shows(knob: Knob[Any]) -> None:
    """.env.example has each knob, off, under its meaning, with its default."""
    assert f"\n# {knob.meaning} ({knob.allowed})\n#{knob.name}={knob.default}\n" in EXAMPLE


def test_example_shows_nothing_else() -> None:
    """.env.example sets nothing, and names no variable that does not exist."""
    assert re.findall(r"^[^#\n].*", EXAMPLE, re.MULTILINE) == []
    named = re.findall(r"^#([A-Z0-9_]+)=", OURS, re.MULTILINE)
    assert sorted(named) == sorted(each.name for each in KNOBS)


def test_example_shows_what_compose_reads() -> None:
    """The second part has every variable of docker-compose.yml that is not the service's, with the
    default that stands there."""
    defaults = dict(re.findall(r"\$\{([A-Z_]+):-([^${}]*)\}", COMPOSE))
    defaults |= {"IMAGE": "", "CERTIFICATES": ""}  # after the project, and a volume
    handed_on = re.findall(r"^      ([A-Z_]+):$", COMPOSE, re.MULTILINE)
    shown = dict(re.findall(r"^#([A-Z0-9_]+)=(.*)$", THEIRS, re.MULTILINE))
    ours = {each.name for each in KNOBS}
    assert set(shown) == ({*defaults, *handed_on} - ours - NOT_SET)
    assert {name: shown[name] for name in shown if name in defaults} == {
        name: defaults[name] for name in shown if name in defaults
    }


def test_example_shows_nginx_defaults() -> None:
    """And the default that nginx/start has."""
    start = (ROOT / "nginx" / "start").read_text()
    defaults = dict(re.findall(r"^\s*whole ([A-Z_]+) [a-z_]+ (\d+) ", start, re.MULTILINE))
    shown = dict(re.findall(r"^#([A-Z0-9_]+)=(.*)$", THEIRS, re.MULTILINE))
    known = set(defaults) & set(shown)
    assert known >= {"NGINX_WORKERS", "CONNECTION_LIMIT", "MICRO_CACHE", "RATE_LIMIT", "HTTPS_PORT"}
    assert {name: shown[name] for name in known} == {name: defaults[name] for name in known}
