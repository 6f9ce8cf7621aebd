"""The rules about time can be broken."""

import pytest

from ops.doctor.evidence import Evidence
from ops.doctor.nginx import Directive
from ops.doctor.rule import Fact
from ops.doctor.timers import RULES
from tests.ops.doctor.alteration import (
    Broken,
    command_line,
    compose,
    evident,
    nginx,
    nginx_with,
    nginx_without,
    variables,
)

COMPOSE = "docker-compose.yml"
SERVICE = "service protocol: docker-compose.yml, .env or this shell"
SHELL = "Procfile: this shell"


def directive(name: str, *args: str) -> Directive:
    """One more, somewhere."""
    return Directive(name, args, "nginx/new.conf:1")


BROKEN = [
    Broken(
        "idle",
        nginx("keepalive_timeout", "120s", within="upstream"),
        "keepalive_timeout: 120s (nginx/keepalive.conf:",
        "TIMEOUT_IDLE: 95 (service protocol: default)",
    ),
    Broken(
        "idle",
        variables("protocol", TIMEOUT_IDLE="60"),
        "keepalive_timeout: 60s (nginx/keepalive.conf:",
        f"TIMEOUT_IDLE: 60 ({SERVICE})",
    ),
    Broken(
        "idle",
        lambda all_: nginx_without("keepalive_timeout")(
            variables("aiohttp", TIMEOUT_IDLE="60")(all_)
        ),
        "keepalive_timeout: 60s (nginx's default)",
        "TIMEOUT_IDLE: 60 (service aiohttp: docker-compose.yml, .env or this shell)",
    ),
    Broken(
        "heartbeat",
        command_line("protocol", timeout="15"),
        "TIMEOUT_HANDLER: 15 (service protocol: default)",
        f"gunicorn's timeout: 15 (GUNICORN_CMD_ARGS, {SERVICE})",
    ),
    Broken(
        "heartbeat",
        command_line("", timeout="5"),
        "TIMEOUT_HANDLER: 15 (Procfile: default)",
        f"gunicorn's timeout: 5 (GUNICORN_CMD_ARGS, {SHELL})",
    ),
    Broken(
        "answer",
        nginx("proxy_read_timeout", "35s"),
        "deadline of /sleep: 35 s (app/handlers.py)",
        "proxy_read_timeout: 35s (nginx/start, http.conf:",
    ),
    Broken(
        "answer",
        nginx_with("location", directive("proxy_read_timeout", "5s"), args=("/",)),
        "deadline of /sleep: 35 s (app/handlers.py)",
        "proxy_read_timeout: 5s (nginx/new.conf:1)",
    ),
    Broken(
        "answer",
        lambda all_: evident(patience=None)(
            variables("protocol", TIMEOUT_HANDLER="40", HEARTBEAT_TIMEOUT="60")(all_)
        ),
        f"TIMEOUT_HANDLER: 40 ({SERVICE})",
        "proxy_read_timeout: 40s (nginx/start, http.conf:",
    ),
    Broken(
        "answer",
        evident(patience=Fact("deadline of /new", "2 s more", "app/new.py", 42.0)),
        "deadline of /new: 2 s more (app/new.py)",
        "proxy_read_timeout: 40s (nginx/start, http.conf:",
    ),
    Broken(
        "drain",
        command_line("protocol", graceful_timeout="21"),
        "TIMEOUT_DRAIN_DELAY + TIMEOUT_DRAIN + TIMEOUT_DRAIN_IDLE: 0 + 20 + 1 (service protocol:",
        f"gunicorn's graceful_timeout: 21 (GUNICORN_CMD_ARGS, {SERVICE})",
    ),
    Broken(
        "kill",
        compose("protocol", stop="10s"),
        "gunicorn's graceful_timeout: 25 (GRACEFUL_TIMEOUT, service protocol: default)",
        f"stop_grace_period: 10s ({COMPOSE}: protocol)",
    ),
    Broken(
        "kill",
        variables("protocol", GRACEFUL_TIMEOUT="90"),
        f"gunicorn's graceful_timeout: 90 (GRACEFUL_TIMEOUT, {SERVICE})",
        f"stop_grace_period: 35s ({COMPOSE}: protocol)",
    ),
    Broken(
        "kill",
        variables("", GRACEFUL_TIMEOUT="30"),
        f"gunicorn's graceful_timeout: 30 (GRACEFUL_TIMEOUT, {SHELL})",
        "SIGKILL after: 30 s (Heroku, Render)",
    ),
    Broken(
        "nginx-kill",
        compose("nginx", stop="30s"),
        "worker_shutdown_timeout: 30s (nginx/nginx.conf:",
        f"stop_grace_period: 30s ({COMPOSE}: nginx)",
    ),
    Broken(
        "nginx-kill",
        nginx_without("worker_shutdown_timeout"),
        "worker_shutdown_timeout: without end (nginx's default)",
        f"stop_grace_period: 35s ({COMPOSE}: nginx)",
    ),
    Broken(
        "head-time",
        variables("protocol", TIMEOUT_HEAD="10.5"),
        "client_header_timeout: 10s (nginx/start, http.conf:",
        f"TIMEOUT_HEAD: 10.5 ({SERVICE})",
    ),
    Broken(
        "body-time",
        nginx("client_body_timeout", "1m"),
        "client_body_timeout: 1m (nginx/start, http.conf:",
        "TIMEOUT_BODY: 15 (service protocol: default)",
    ),
    Broken(
        "write-time",
        nginx_without("send_timeout"),
        "send_timeout: 60s (nginx's default)",
        "TIMEOUT_WRITE: 20 (service protocol: default)",
    ),
    Broken(
        "connect",
        nginx("proxy_connect_timeout", "10s"),
        "proxy_connect_timeout: 10s (nginx/proxy.conf:",
        "proxy_next_upstream_timeout: 10s (nginx/proxy.conf:",
    ),
    Broken(
        "router-request",
        variables("", TIMEOUT_HANDLER="30", HEARTBEAT_TIMEOUT="60"),
        f"TIMEOUT_HANDLER: 30 ({SHELL})",
        "router's limit for a request: 30 s (Heroku)",
    ),
    Broken(
        "router-idle",
        variables("", TIMEOUT_IDLE="75"),
        "router's idle connections: 90 s (Heroku)",
        f"TIMEOUT_IDLE: 75 ({SHELL})",
    ),
]


@pytest.mark.parametrize("broken", BROKEN, ids=lambda each: each.rule)
def test_broken(evidence: Evidence, broken: Broken) -> None:
    """A rule that is broken is named, with both values and where they are set, and the cure."""
    broken.check(evidence, RULES)


def test_every_rule() -> None:
    """The table leaves none out."""
    assert {each.rule for each in BROKEN} == {each.name for each in RULES}
