"""The rules about sizes and numbers can be broken."""

import pytest

from ops.doctor.evidence import Evidence
from ops.doctor.sizes import RULES
from tests.ops.doctor.alteration import Broken, compose, nginx, nginx_without, variables

COMPOSE = "docker-compose.yml"
SERVICE = "service protocol: docker-compose.yml, .env or this shell"

BROKEN = [
    Broken(
        "body-size",
        variables("protocol", LIMIT_BODY="2m"),
        "client_max_body_size: 1m (nginx/start, http.conf:",
        f"LIMIT_BODY: 2m ({SERVICE})",
    ),
    Broken(
        "body-size",
        nginx("client_max_body_size", "0"),
        "client_max_body_size: 0 (nginx/start, http.conf:",
        "LIMIT_BODY: 1m (service protocol: default)",
    ),
    Broken(
        "request-line",
        variables("protocol", LIMIT_REQUEST_LINE="4k"),
        "large_client_header_buffers: 4 8k (nginx/clients.conf:",
        f"LIMIT_REQUEST_LINE: 4k ({SERVICE})",
    ),
    Broken(
        "head-size",
        nginx("large_client_header_buffers", "5", "8k"),
        "large_client_header_buffers: 5 8k (nginx/clients.conf:",
        "LIMIT_HEAD: 32k (service protocol: default)",
    ),
    Broken(
        "files",
        nginx("worker_connections", "8193"),
        "worker_connections: 2 x 8193 (nginx/nginx.conf:",
        "worker_rlimit_nofile: 16384 (nginx/nginx.conf:",
    ),
    Broken(
        "files",
        nginx_without("worker_rlimit_nofile"),
        "worker_connections: 2 x 4096 (nginx/nginx.conf:",
        "worker_rlimit_nofile: 0 (nginx's default)",
    ),
    Broken(
        "idle-connections",
        variables("protocol", LIMIT_CONNECTIONS="256"),
        f"in all upstreams: {' + '.join(['64 x 2'] * 6)} (nginx/keepalive.conf:",
        f"LIMIT_CONNECTIONS x workers: 256 x 2 ({SERVICE})",
    ),
    Broken(
        "processes",
        compose("protocol", pids=3),
        f"gunicorn's workers + 2: 2 + 2 (WEB_CONCURRENCY, {SERVICE})",
        f"pids_limit: 3 ({COMPOSE}: protocol)",
    ),
    Broken(
        "processes",
        nginx("worker_processes", "61"),
        "worker_processes + 4: 61 + 4 (nginx/start, main.conf:1)",
        f"pids_limit: 64 ({COMPOSE}: nginx)",
    ),
]


@pytest.mark.parametrize("broken", BROKEN, ids=lambda each: each.rule)
def test_broken(evidence: Evidence, broken: Broken) -> None:
    """A rule that is broken is named, with both values and where they are set, and the cure."""
    broken.check(evidence, RULES)


def test_every_rule() -> None:
    """The table leaves none out."""
    assert {each.rule for each in BROKEN} == {each.name for each in RULES}
