"""A push under steady traffic: the change is live, nobody was failed, the old release has gone."""

import http.client
import socket
import time
from dataclasses import dataclass

import pytest

from app.bind import every_interface
from tests.platforms.conftest import Start
from tests.platforms.developer import Developer
from tests.platforms.platform import Platform
from tests.platforms.profile import (
    DOKKU,
    EVERY,
    FLY_UNTOLD,
    HEROKU,
    PIKU,
    Profile,
)
from tests.platforms.release import Release
from tests.traffic import Traffic

CHANGE = ("app/content.py", '"Anonymous"', '"Somebody"')
SLEEPERS = 4
CLIENT = "127.0.0.5"
CASES: list[tuple[Profile, dict[str, str]]] = [(each, {}) for each in EVERY]
CASES += [(HEROKU, {"SERVER": "aiohttp"}), (DOKKU, {"SERVER": "aiohttp"})]


@dataclass
class Answer:
    """One answer through the router."""

    status: int
    headers: http.client.HTTPMessage
    text: str


def ask(platform: Platform, target: str, **fields: str) -> Answer:
    """The answer to one request through the router, of a client at an address of its own."""
    client = http.client.HTTPConnection(
        "127.0.0.1", platform.router.port, timeout=20, source_address=(CLIENT, 0)
    )
    try:
        client.request("GET", target, headers={k.replace("_", "-"): v for k, v in fields.items()})
        answer = client.getresponse()
        return Answer(answer.status, answer.headers, answer.read().decode("latin-1"))
    finally:
        client.close()


def said(platform: Platform, target: str) -> str:
    """What the application says through the router."""
    answer = ask(platform, target)
    assert answer.status == 200
    return answer.text


def pushed(developer: Developer, platform: Platform) -> Release:
    """The release of a push that is taken, when it is ready."""
    done = developer.push(platform)
    assert done.returncode == 0, done.stdout
    assert platform.current is not None
    platform.current.wait_ready("/readyz", 60)
    return platform.current


@pytest.mark.parametrize(
    ("profile", "settings"),
    CASES,
    ids=[f"{profile.name}-{settings.get('SERVER', 'protocol')}" for profile, settings in CASES],
)
def test_push(
    profile: Profile, settings: dict[str, str], start: Start, developer: Developer
) -> None:
    """The first push serves; the second replaces it, and requests in hand are answered."""
    platform = start(profile, **settings)
    old = pushed(developer, platform)
    assert said(platform, "/hello") == "Hello, Anonymous"
    developer.replace(*CHANGE)
    with Traffic(platform.router.port, sleepers=SLEEPERS) as traffic:
        traffic.go_on(100)
        pushed(developer, platform)
        old_gone = old.wait_gone(time.monotonic() + profile.kill)
        traffic.go_on(100)
    assert said(platform, "/hello") == "Hello, Somebody"
    assert (old_gone, old.killed) == (True, False)
    if profile.overlap:
        assert old.told == profile.stops
    assert "Shutting down: Master" in old.log
    if profile.overlap:
        assert (traffic.failures, platform.router.lost) == ([], [])
    else:
        # Nobody listens for a moment. What had reached the old release is answered all the same.
        assert [each for each in platform.router.lost if "ConnectionRefusedError" not in each] == []
        assert len(traffic.failures) == len(platform.router.lost)


def test_fly_must_be_told(start: Start, developer: Developer) -> None:
    """What deploy/fly.toml is for: Fly's own signal is SIGINT, which cuts what is in hand."""
    platform = start(FLY_UNTOLD)
    pushed(developer, platform)
    with Traffic(platform.router.port, clients=0, sleepers=SLEEPERS) as traffic:
        traffic.go_on(2 * SLEEPERS)
        pushed(developer, platform)
        traffic.go_on(2 * SLEEPERS)
    assert 0 < len(platform.router.lost) <= SLEEPERS
    assert [each for each in platform.router.lost if "GET /sleep" not in each] == []


def test_a_variable_is_a_release(start: Start, developer: Developer) -> None:
    """Setting a variable replaces what runs as a push does."""
    platform = start(HEROKU)
    old = pushed(developer, platform)
    with Traffic(platform.router.port, sleepers=SLEEPERS) as traffic:
        traffic.go_on(50)
        platform.configure(WEB_CONCURRENCY="1")
        traffic.go_on(50)
    assert (traffic.failures, platform.router.lost) == ([], [])
    assert old.processes() == []
    assert platform.current is not None
    wait_for_workers(platform.current, 1)


def wait_for_workers(release: Release, count: int) -> None:
    """Return when gunicorn has started so many workers, and says so. Raises AssertionError."""
    assert f"with {count} worker" in release.log
    deadline = time.monotonic() + 15
    while release.log.count("Booting worker with pid") < count:
        assert time.monotonic() < deadline, release.log
        time.sleep(0.02)


# ---- what a platform gives a process


def test_where_it_listens(start: Start, developer: Developer) -> None:
    """With PORT alone everywhere, by IPv6 where there is any; with BIND_ADDRESS there only."""
    heroku = pushed(developer, start(HEROKU))
    wait_for_workers(heroku, 2)
    assert f"listens on {every_interface()}:{heroku.port}" in heroku.log.replace("http://", "")
    piku = pushed(developer, start(PIKU))
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.2", piku.port), timeout=5)


def test_static_files(start: Start, developer: Developer) -> None:
    """They come compressed, and with the fields that nginx would give them."""
    platform = start(HEROKU)
    pushed(developer, platform)
    answer = ask(platform, "/static/slipway.css", Accept_Encoding="gzip")
    assert answer.status == 200
    assert answer.headers["Content-Encoding"] == "gzip"
    assert answer.headers["Vary"] == "Accept-Encoding"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Referrer-Policy"] == "strict-origin-when-cross-origin"


@pytest.mark.parametrize("profile", EVERY, ids=lambda each: each.name)
def test_client(profile: Profile, start: Start, developer: Developer) -> None:
    """Whose request it is: whom the router says, whatever the client has written."""
    platform = start(profile)
    release = pushed(developer, platform)
    named = ("X_Forwarded_For", "Fly_Client_IP", "CF_Connecting_IP", "X_Real_IP")
    forged = dict.fromkeys(named, "203.0.113.9")
    answer = ask(platform, "/headers", **forged, X_Request_Id="a" * 32)
    assert answer.status == 200
    if profile.connection:
        assert f"Connection: {profile.connection}" in answer.text.splitlines()
    assert answer.headers["X-Request-Id"] == "a" * 32
    [line] = [each for each in logged(release) if '"target":"/headers' in each]
    assert f'"client":"{CLIENT}"' in line
    assert f'"request_id":"{"a" * 32}"' in line


def logged(release: Release) -> list[str]:
    """The access log, when it has come to rest: it is written within a second."""
    deadline = time.monotonic() + 15
    while "/headers" not in release.log:
        assert time.monotonic() < deadline, release.log
        time.sleep(0.02)
    return [each for each in release.log.splitlines() if '"request_id"' in each]


@pytest.mark.parametrize("server", ["protocol", "aiohttp"])
def test_one_log_line(server: str, start: Start, developer: Developer) -> None:
    """Heroku's buildpack asks gunicorn for an access log of its own: there is one line all the
    same."""
    platform = start(HEROKU, SERVER=server)
    release = pushed(developer, platform)
    assert said(platform, "/headers")
    logged(release)
    assert len([each for each in release.log.splitlines() if "/headers" in each]) == 1
