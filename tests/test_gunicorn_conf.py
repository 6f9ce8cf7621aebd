"""gunicorn.conf.py: gunicorn takes all of it, and a wrong setting ends the start in one message."""

import os
import re
import runpy
import signal
import subprocess
import sys
from pathlib import Path
from queue import SimpleQueue
from types import SimpleNamespace
from typing import Any

import pytest
from gunicorn.config import Config

ROOT = Path(__file__).parent.parent
FILE = ROOT / "gunicorn.conf.py"


def configured(monkeypatch: pytest.MonkeyPatch, **environ: str) -> Config:
    """gunicorn's configuration as it is after it has read the file under this environment."""
    for name in list(os.environ):
        monkeypatch.delenv(name)
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    config = Config()
    for name, value in runpy.run_path(str(FILE), run_name="__config__").items():
        if name in config.settings:
            config.set(name, value)
    return config


def run(*command: str, **environ: str) -> "subprocess.CompletedProcess[str]":
    """A program of this Python, from the project's folder, with this environment and no other."""
    return subprocess.run(
        [sys.executable, *command],
        cwd=ROOT,
        env=environ,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


def test_defaults(monkeypatch: pytest.MonkeyPatch) -> None:
    """What gunicorn is told when nothing is set."""
    config = configured(monkeypatch, WEB_CONCURRENCY="3")
    expected = {
        "bind": ["127.0.0.1:8000"],
        "workers": 3,
        "worker_class_str": "app.worker.ProtocolWorker",
        "wsgi_app": "app.main:create_server",
        "timeout": 30,
        "graceful_timeout": 25,
        "keepalive": 95,
        "max_requests": 0,
        "reuse_port": False,
        "certfile": None,
        "keyfile": None,
        "backlog": 2048,
        "loglevel": "info",
        "accesslog": None,
        "proc_name": "slipway",
        "control_socket_disable": True,
    }
    assert {name: getattr(config, name) for name in expected} == expected


def test_everything_set(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each setting that is gunicorn's business reaches it, in the type that it takes."""
    config = configured(
        monkeypatch,
        BIND="[::1]:1,unix:/a",
        WEB_CONCURRENCY="3",
        MAX_REQUESTS="1000",
        HEARTBEAT_TIMEOUT="40",
        GRACEFUL_TIMEOUT="50",
        TIMEOUT_IDLE="70.5",
        TLS_CERTFILE=str(FILE),
        TLS_KEYFILE=str(FILE),
        BACKLOG="5",
        LOG_LEVEL="debug",
        FORWARDED_ALLOW_IPS="10.0.0.0/8,::1",
    )
    expected = {
        "address": [("::1", 1), "/a"],
        "max_requests": 1000,
        "max_requests_jitter": 100,
        "timeout": 40,
        "graceful_timeout": 50,
        "keepalive": 71,
        "certfile": str(FILE),
        "keyfile": str(FILE),
        "backlog": 5,
        "loglevel": "debug",
        "forwarded_allow_ips": ["10.0.0.0/8", "::1"],
    }
    assert {name: getattr(config, name) for name in expected} == expected


@pytest.mark.parametrize(
    ("loop", "worker"),
    [("uvloop", "aiohttp.GunicornUVLoopWebWorker"), ("asyncio", "aiohttp.GunicornWebWorker")],
)
def test_aiohttp(monkeypatch: pytest.MonkeyPatch, loop: str, worker: str) -> None:
    """SERVER=aiohttp is aiohttp's own worker, for the loop that LOOP names, with our runner."""
    config = configured(monkeypatch, SERVER="aiohttp", LOOP=loop)
    assert config.worker_class_str == worker
    assert config.wsgi_app == "app.aiohttp_app:create_runner"


def test_service_id(monkeypatch: pytest.MonkeyPatch) -> None:
    """The workers of one start are given a common name, of its own unless one is set."""
    given = []
    for chosen in ("", "", "mine"):
        monkeypatch.setenv("SERVICE_ID", chosen)
        conf = runpy.run_path(str(FILE), run_name="__config__")
        conf["on_starting"](SimpleNamespace(cfg=SimpleNamespace(reuse_port=False)))
        given.append(os.environ["SERVICE_ID"])
    assert given[2] == "mine"
    assert all(re.fullmatch("[0-9a-f]{16}", each) for each in given[:2])
    assert given[0] != given[1]


def test_reuse_port(monkeypatch: pytest.MonkeyPatch) -> None:
    """REUSE_PORT is handed on."""
    assert configured(monkeypatch, REUSE_PORT="on").reuse_port is True


@pytest.mark.parametrize("writable", [True, False])
def test_heartbeat_files_in_memory(monkeypatch: pytest.MonkeyPatch, writable: bool) -> None:
    """Heartbeat files lie in /dev/shm where there is one to write to."""
    monkeypatch.setattr(os, "access", lambda *_: writable)
    expected = "/dev/shm" if writable else None
    assert configured(monkeypatch).worker_tmp_dir == expected


def test_access_log_format_is_untouched(monkeypatch: pytest.MonkeyPatch) -> None:
    """aiohttp's worker takes gunicorn's default for "use yours" and refuses anything like it."""
    assert configured(monkeypatch).access_log_format == Config().access_log_format


class _Log:
    def __init__(self) -> None:
        self.lines: list[str] = []

    def info(self, message: str, *values: object) -> None:
        self.lines.append(message % values)


def _said(conf: dict[str, Any], listeners: list[str], workers: int) -> str:
    log = _Log()
    cfg = SimpleNamespace(bind=["[::]:5000"], workers=workers)
    conf["when_ready"](SimpleNamespace(log=log, cfg=cfg, LISTENERS=listeners))
    [line] = log.lines
    return line


def test_line_at_start(monkeypatch: pytest.MonkeyPatch) -> None:
    """One line says where it listens and with how many workers and why."""
    monkeypatch.setenv("WEB_CONCURRENCY", "2")
    conf = runpy.run_path(str(FILE), run_name="__config__")
    line = _said(conf, ["http://127.0.0.1:8000"], workers=2)
    assert "listens on http://127.0.0.1:8000 with 2 workers (WEB_CONCURRENCY=2); at most " in line
    assert line.endswith("head 10, handler 15, idle 95, drain 20 s")
    # The command line stood above the file.
    line = _said(conf, ["http://127.0.0.1:8000"], workers=1)
    assert " with 1 worker (by gunicorn's command line); " in line
    # With reuse_port the arbiter has no listeners.
    assert "listens on [::]:5000 with" in _said(conf, [], workers=2)


@pytest.mark.parametrize(
    ("early", "alive"),
    [
        ([], True),
        ([signal.SIGTERM], False),
        ([signal.SIGCHLD, signal.SIGINT], False),
        ([signal.SIGQUIT, signal.SIGHUP], False),
        ([signal.SIGHUP, signal.SIGCHLD], True),
    ],
)
def test_signal_that_came_early(early: list[signal.Signals], alive: bool) -> None:
    """What came before a worker had handlers of its own is heard when it has them."""
    conf = runpy.run_path(str(FILE), run_name="__config__")
    arbiter = SimpleNamespace(SIG_QUEUE=SimpleQueue())
    worker = SimpleNamespace(alive=True)
    conf["post_fork"](arbiter, worker)
    for each in early:
        arbiter.SIG_QUEUE.put(each)
    conf["post_worker_init"](worker)
    assert worker.alive == alive
    assert arbiter.SIG_QUEUE.empty()


@pytest.mark.parametrize("loop", ["uvloop", "asyncio"])
def test_signal_before_the_loop_runs(loop: str) -> None:
    """aiohttp's worker has handlers in its loop before that runs; uvloop alone would lose what
    comes in between."""
    program = (
        "import asyncio, os, runpy, signal, types; from queue import SimpleQueue\n"
        "from app.httpd.loops import new_event_loop\n"
        "conf = runpy.run_path('gunicorn.conf.py', run_name='__config__')\n"
        f"loop = new_event_loop({loop!r})\n"
        "worker = types.SimpleNamespace(alive=True, loop=loop)\n"
        "conf['post_fork'](types.SimpleNamespace(SIG_QUEUE=SimpleQueue()), worker)\n"
        "loop.add_signal_handler(signal.SIGTERM, loop.stop)\n"
        "os.kill(os.getpid(), signal.SIGTERM)\n"
        "conf['post_worker_init'](worker)\n"
        "loop.call_later(10, print, 'lost'); loop.call_later(10, loop.stop)\n"
        "loop.run_forever(); print('stopped'); loop.close()"
    )
    done = run("-c", program, SERVER="aiohttp")
    assert (done.stdout, done.stderr) == ("stopped\n", "")


def test_wrong_setting_ends_gunicorn() -> None:
    """gunicorn ends with our message alone, no traceback, and not with success."""
    done = run("-m", "gunicorn", ACCESS_LOG="xml", LIMIT_HED="5")
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr == (
        "cannot start, these settings are not allowed:\n"
        "  LIMIT_HED='5': no such setting, did you mean LIMIT_HEAD?\n"
        "  ACCESS_LOG='xml': allowed is off, common or json\n"
    )


def test_wrong_setting_that_gunicorn_reads_itself() -> None:
    """Run as a program, the file is faster than gunicorn's own traceback about two variables."""
    done = run("gunicorn.conf.py", WEB_CONCURRENCY="many", FORWARDED_ALLOW_IPS="proxy")
    assert done.returncode == 1
    assert done.stderr == (
        "cannot start, these settings are not allowed:\n"
        "  WEB_CONCURRENCY='many': allowed is 1 to 1024 processes\n"
        "  FORWARDED_ALLOW_IPS='proxy': allowed is addresses and networks with commas, or *\n"
    )


@pytest.mark.parametrize("empty", ["", " "])
def test_becomes_gunicorn(empty: str) -> None:
    """Run as a program, the file hands its arguments to gunicorn, without empty variables."""
    done = run("gunicorn.conf.py", "--version", WEB_CONCURRENCY=empty)
    assert done.stderr == ""
    assert done.stdout.startswith("gunicorn (version ")


def test_command_line_stands_above_the_file() -> None:
    """-w on the command line, and in GUNICORN_CMD_ARGS, beats WEB_CONCURRENCY."""
    demo = "wsgiref.simple_server:demo_app"
    options = ("-m", "gunicorn", "--print-config", demo)
    done = run(*options, "-w", "7", WEB_CONCURRENCY="2", GUNICORN_CMD_ARGS="-w 5 --backlog 9")
    values = dict(line.split(" = ", 1) for line in done.stdout.splitlines() if " = " in line)
    found = {name.strip(): value for name, value in values.items()}
    assert (found["workers"], found["backlog"]) == ("7", "9")
    assert found["worker_class"] == "app.worker.ProtocolWorker"
