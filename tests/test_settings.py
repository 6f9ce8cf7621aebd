"""Settings: which variable decides, what goes together, and what is said of a wrong one."""

from pathlib import Path

import pytest

from app import bind, cpus, settings
from app.cpus import Cpus
from app.httpd.limits import Deadlines, Limits
from app.knobs import KNOBS
from app.settings import Arbiter, Settings, SettingsError, Tls


@pytest.fixture(autouse=True)
def _same_everywhere(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cpus, "usable", lambda: Cpus(1.5, "cgroup allows 1.5 cores"))
    monkeypatch.setattr(bind, "every_interface", lambda: "[::]")


def refused(environ: dict[str, str]) -> list[str]:
    """The lines of the message that environ gets, without the first."""
    with pytest.raises(SettingsError) as caught:
        Settings.from_environment(environ)
    first, *lines = str(caught.value).splitlines()
    assert first == "cannot start, these settings are not allowed:"
    assert all(line.startswith("  ") for line in lines)
    return [line.strip() for line in lines]


def test_defaults() -> None:
    """Nothing set is a working service on this machine alone."""
    assert Settings.from_environment({}) == Settings(
        server="protocol",
        bind=("127.0.0.1:8000",),
        backlog=2048,
        reuse_port=False,
        tls=None,
        workers=2,
        workers_reason="cgroup allows 1.5 cores",
        arbiter=Arbiter(heartbeat=30, graceful_timeout=25, max_requests=0, max_requests_jitter=0),
        loop="auto",
        access_log="json",
        access_log_file="-",
        log_level="info",
        forwarded_allow_ips=("127.0.0.1", "::1"),
        forwarded_field="X-Forwarded-For",
        static_max_age=3600,
        service_id="",
        limits=Limits(),
        deadlines=Deadlines(),
    )


def test_empty_is_not_set() -> None:
    """Compose passes variables on that are set to nothing: they change nothing."""
    for empty in ("", "  "):
        environ = {each.name: empty for each in KNOBS}
        assert Settings.from_environment(environ) == Settings.from_environment({})


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({}, ("127.0.0.1:8000",)),
        ({"PORT": "5000"}, ("[::]:5000",)),
        ({"PORT": "0"}, ("[::]:0",)),
        ({"HOST": "0.0.0.0"}, ("0.0.0.0:8000",)),
        ({"HOST": "::1", "PORT": "5000"}, ("[::1]:5000",)),
        ({"BIND_ADDRESS": "127.0.0.1", "PORT": "5000"}, ("127.0.0.1:5000",)),
        ({"BIND_ADDRESS": "127.0.0.1:6000", "PORT": "5000"}, ("127.0.0.1:6000",)),
        ({"BIND_ADDRESS": "127.0.0.1:0", "PORT": "5000"}, ("127.0.0.1:0",)),
        ({"BIND_ADDRESS": "127.0.0.1"}, ("127.0.0.1:8000",)),
        ({"BIND_ADDRESS": "127.0.0.1", "HOST": "0.0.0.0", "PORT": "5000"}, ("127.0.0.1:5000",)),
        (
            {"BIND": "[::1]:7000,unix:/a", "BIND_ADDRESS": "a", "HOST": "b", "PORT": "1"},
            ("[::1]:7000", "unix:/a"),
        ),
    ],
)
def test_bind(environ: dict[str, str], expected: tuple[str, ...]) -> None:
    """BIND stands above BIND_ADDRESS, that above HOST; PORT alone means from outside."""
    assert Settings.from_environment(environ).bind == expected


def test_bind_without_ipv6(monkeypatch: pytest.MonkeyPatch) -> None:
    """PORT alone still means every interface where IPv6 is off."""
    monkeypatch.setattr(bind, "every_interface", lambda: "0.0.0.0")
    assert Settings.from_environment({"PORT": "5000"}).bind == ("0.0.0.0:5000",)


@pytest.mark.parametrize(("count", "workers"), [(0.1, 1), (1, 1), (1.5, 2), (2, 2), (16, 16)])
def test_workers_from_cores(monkeypatch: pytest.MonkeyPatch, count: float, workers: int) -> None:
    """One worker for each core; a part of a core takes a whole worker to use it."""
    monkeypatch.setattr(cpus, "usable", lambda: Cpus(count, "the reason"))
    found = Settings.from_environment({})
    assert (found.workers, found.workers_reason) == (workers, "the reason")


def test_workers_from_environment() -> None:
    """WEB_CONCURRENCY stands above what the machine has."""
    found = Settings.from_environment({"WEB_CONCURRENCY": "5"})
    assert (found.workers, found.workers_reason) == (5, "WEB_CONCURRENCY=5")


def test_limits_and_deadlines() -> None:
    """LIMIT_ and TIMEOUT_ reach the fields they are named after."""
    environ = {"LIMIT_HEAD": "16k", "LIMIT_PIPELINE": "8", "TIMEOUT_FIRST_BYTE": "2.5"}
    found = Settings.from_environment(environ)
    assert found.limits == Limits(head=16384, pipeline=8)
    assert found.deadlines == Deadlines(first_byte=2.5)


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({"MAX_REQUESTS": "1000"}, (1000, 100)),
        ({"MAX_REQUESTS": "1000", "MAX_REQUESTS_JITTER": "0"}, (1000, 0)),
        ({"MAX_REQUESTS": "1000", "MAX_REQUESTS_JITTER": "7"}, (1000, 7)),
    ],
)
def test_jitter(environ: dict[str, str], expected: tuple[int, int]) -> None:
    """Workers are replaced apart from each other unless told otherwise."""
    arbiter = Settings.from_environment(environ).arbiter
    assert (arbiter.max_requests, arbiter.max_requests_jitter) == expected


def test_tls(tmp_path: Path) -> None:
    """A certificate may come with its key in it, or beside it."""
    for name in ("both.pem", "key.pem"):
        (tmp_path / name).touch()
    both, key = str(tmp_path / "both.pem"), str(tmp_path / "key.pem")
    assert Settings.from_environment({"TLS_CERTFILE": both}).tls == Tls(both, None)
    environ = {"TLS_CERTFILE": both, "TLS_KEYFILE": key}
    assert Settings.from_environment(environ).tls == Tls(both, key)


def test_key_without_certificate() -> None:
    """A key alone serves nothing."""
    expected = [f"TLS_KEYFILE={__file__!r}: allowed only with TLS_CERTFILE"]
    assert refused({"TLS_KEYFILE": __file__}) == expected


def test_key_beside_a_wrong_certificate() -> None:
    """A certificate that is not there is said once; its key is not blamed too."""
    expected = ["TLS_CERTFILE='/nowhere': allowed is a file that can be read"]
    assert refused({"TLS_CERTFILE": "/nowhere", "TLS_KEYFILE": __file__}) == expected


def test_every_wrong_one_is_named() -> None:
    """One start is enough to learn of all mistakes: name, value, what is allowed."""
    environ = {
        "BIND": "127.0.0.1:8000",
        "HOST": "not a host",
        "PORT": "70000",
        "WEB_CONCURRENCY": "many",
        "ACCESS_LOG": "xml",
        "LIMIT_HEAD": "1",
        "TIMEOUT_IDLE": "0",
        "FORWARDED_ALLOW_IPS": "proxy",
    }
    assert sorted(refused(environ)) == [
        "ACCESS_LOG='xml': allowed is off, common or json",
        "FORWARDED_ALLOW_IPS='proxy': allowed is addresses and networks with commas, or *",
        "HOST='not a host': allowed is a host name, an IPv4 or an IPv6 address",
        "LIMIT_HEAD='1': allowed is 128 to 4m bytes",
        "PORT='70000': allowed is 0 to 65535",
        "TIMEOUT_IDLE='0': allowed is 1 to 7200 s",
        "WEB_CONCURRENCY='many': allowed is 1 to 1024 processes",
    ]


@pytest.mark.parametrize("knob", KNOBS, ids=lambda each: each.name)
def test_every_knob_is_read(knob: settings.Knob[object]) -> None:
    """No knob in the table is without effect: nonsense in any of them is noticed."""
    # A line break is shown as one, so that a value cannot forge a line of the message.
    [line] = refused({knob.name: "/non\nsense/x"})
    assert line == f"{knob.name}='/non\\nsense/x': allowed is {knob.allowed}"


@pytest.mark.parametrize(
    ("wrong", "meant"),
    [
        ("LIMIT_HED", "LIMIT_HEAD"),
        ("LIMIT_REQUESTLINE", "LIMIT_REQUEST_LINE"),
        ("TIMEOUT_DRIAN", "TIMEOUT_DRAIN"),
    ],
)
def test_misspelt(wrong: str, meant: str) -> None:
    """A limit that would be silently forgotten is an error that names the nearest."""
    assert refused({wrong: "5"}) == [f"{wrong}='5': no such setting, did you mean {meant}?"]


def test_other_variables_are_not_ours() -> None:
    """PATH and the like are none of our business."""
    environ = {"PATH": "/bin", "XLIMIT_": "1", "LIMITS": "1", "GUNICORN_CMD_ARGS": "-w 3"}
    assert Settings.from_environment(environ) == Settings.from_environment({})


@pytest.mark.parametrize(
    "environ",
    [
        {"TIMEOUT_DRAIN": "24"},
        {"TIMEOUT_DRAIN_DELAY": "4"},
        {"TIMEOUT_DRAIN_IDLE": "5"},
        {"GRACEFUL_TIMEOUT": "21"},
    ],
)
def test_drain_within_graceful_timeout(environ: dict[str, str]) -> None:
    """A worker must be done before gunicorn kills it: at the sum is too late, below is not."""
    [line] = refused(environ)
    assert line.startswith("GRACEFUL_TIMEOUT=")
    [(name, value)] = environ.items()
    step = 1 if name == "GRACEFUL_TIMEOUT" else -1
    Settings.from_environment({name: str(int(value) + step)})


def test_contradiction_names_the_values() -> None:
    """A contradiction shows both sides, and that a default was one of them."""
    [line] = refused({"TIMEOUT_DRAIN": "30"})
    sum_of_three = "TIMEOUT_DRAIN_DELAY 0 + TIMEOUT_DRAIN 30 + TIMEOUT_DRAIN_IDLE 1"
    assert line.startswith(f"GRACEFUL_TIMEOUT=25 (not set): allowed is more than {sum_of_three}, ")


@pytest.mark.parametrize("environ", [{"HEARTBEAT_TIMEOUT": "15"}, {"TIMEOUT_HANDLER": "30"}])
def test_handler_within_heartbeat(environ: dict[str, str]) -> None:
    """A slow request is given up before its worker is."""
    [line] = refused(environ)
    assert line.startswith("HEARTBEAT_TIMEOUT=")


def test_wrong_value_is_not_compared() -> None:
    """What could not be read contradicts nothing: it is named alone."""
    expected = ["TIMEOUT_DRAIN='long': allowed is 1 to 3600 s"]
    assert refused({"TIMEOUT_DRAIN": "long", "GRACEFUL_TIMEOUT": "5"}) == expected


def test_reuse_port_needs_ports() -> None:
    """Workers cannot each bind the same path: all but the last would wait for nobody."""
    assert refused({"REUSE_PORT": "on", "BIND": "unix:/a"}) == [
        "REUSE_PORT='on': not allowed with a unix: address, which is one socket"
    ]
    assert refused({"REUSE_PORT": "on", "BIND": "127.0.0.1:0"}) == [
        "REUSE_PORT='on': not allowed with port 0: each worker would take its own"
    ]


def test_describe() -> None:
    """--help shows every knob with its default, what is allowed and what it means."""
    text = settings.describe()
    for knob in KNOBS:
        for part in (knob.name, knob.default, knob.allowed, knob.meaning):
            assert part in text
    assert max(len(line) for line in text.splitlines()) <= 100
