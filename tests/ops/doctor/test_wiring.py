"""The rules about ways and trust can be broken."""

import pytest

from ops.doctor.evidence import Evidence
from ops.doctor.nginx import Directive
from ops.doctor.wiring import RULES
from tests.ops.doctor.alteration import (
    Broken,
    compose,
    nginx,
    nginx_with,
    nginx_without,
    publish,
    variables,
)

COMPOSE = "docker-compose.yml"
SERVICE = "service protocol: docker-compose.yml, .env or this shell"


def directive(name: str, *args: str) -> Directive:
    """One more, somewhere."""
    return Directive(name, args, "nginx/new.conf:1")


BROKEN = [
    Broken(
        "trust-not-everybody",
        variables("protocol", FORWARDED_ALLOW_IPS="*"),
        f"FORWARDED_ALLOW_IPS: * ({SERVICE})",
        "*: is everybody",
    ),
    Broken(
        "trust-nginx",
        variables("protocol", FORWARDED_ALLOW_IPS="172.16.0.0/12,fc00::/7"),
        f"FORWARDED_ALLOW_IPS: 172.16.0.0/12,fc00::/7 ({SERVICE})",
        "addresses: 192.168.0.0/16 (network backend: Docker's choice)",
    ),
    Broken(
        "trust-nginx",
        compose("protocol", networks={"backend": ("10.5.0.0/24",)}),
        f"FORWARDED_ALLOW_IPS: 172.16.0.0/12,192.168.0.0/16 ({SERVICE})",
        "addresses: 10.5.0.0/24 (network backend)",
    ),
    Broken(
        "client-address",
        nginx(
            "proxy_set_header", "X-Forwarded-For", "$http_x_forwarded_for", was="X-Forwarded-For"
        ),
        "proxy_set_header: X-Forwarded-For $http_x_forwarded_for (nginx/proxy.conf:",
        "X-Forwarded-For: $remote_addr",
    ),
    Broken(
        "client-address",
        nginx(
            *("proxy_set_header", "X-Forwarded-For", "$proxy_add_x_forwarded_for"),
            was="X-Forwarded-For",
        ),
        "proxy_set_header: X-Forwarded-For $proxy_add_x_forwarded_for (nginx/proxy.conf:",
        "X-Forwarded-For: $remote_addr",
    ),
    Broken(
        "client-address",
        nginx_without("proxy_set_header", was="X-Forwarded-For"),
        "proxy_set_header: X-Forwarded-For is not set (nginx/site.conf:",
        "X-Forwarded-For: $remote_addr",
    ),
    Broken(
        "client-address",
        nginx_with("location", directive("proxy_set_header", "X-New", "1"), args=("/",)),
        "proxy_set_header: X-Forwarded-For is not set (nginx/site.conf:",
        "X-Forwarded-For: $remote_addr",
    ),
    Broken(
        "published",
        publish("protocol", 8000, "8000"),
        f"port: 8000:8000 ({COMPOSE}: protocol)",
        "nginx is: nginx and nginx-loadtest and nginx-tls (Dockerfile's target nginx)",
    ),
    Broken(
        "published",
        publish("loadtest", 8089, "8089", "0.0.0.0"),
        f"port: 0.0.0.0:8089:8089 ({COMPOSE}: loadtest)",
        "nginx is: nginx and nginx-loadtest and nginx-tls (Dockerfile's target nginx)",
    ),
    Broken(
        "published",
        publish("protocol", 8000, "8000", "127.0.0.1"),
        f"port: 127.0.0.1:8000:8000 ({COMPOSE}: protocol)",
        "nginx is: nginx and nginx-loadtest and nginx-tls (Dockerfile's target nginx)",
    ),
    Broken(
        "target",
        publish("nginx", 80, "80"),
        f"port: 80:80 ({COMPOSE}: nginx)",
        "listen: 8080, 8081 (nginx/nginx.conf:",
    ),
    Broken(
        "target",
        publish("nginx", 8090, "8090"),  # on loopback only
        f"port: 8090:8090 ({COMPOSE}: nginx)",
        "listen: 8080, 8081 (nginx/nginx.conf:",
    ),
    Broken(
        "distinct",
        publish("nginx-tls", 8443, "8080", "127.0.0.1"),
        f"port: 8080:8080 ({COMPOSE}: nginx)",
        f"port: 127.0.0.1:8080:8443 ({COMPOSE}: nginx-tls)",
    ),
    Broken(
        "servers",
        nginx("server", "web:8000", within="upstream"),
        "server: web:8000 (nginx/upstreams.conf:",
        f"services in reach: aiohttp, protocol ({COMPOSE})",
    ),
    Broken(
        "servers",
        compose("aiohttp", networks={"elsewhere": ()}),
        "server: aiohttp:8000 resolve max_fails=0",
        f"services in reach: protocol ({COMPOSE})",
    ),
    Broken(
        "upstream-port",
        variables("protocol", PORT="9000"),
        "server: protocol:8000 resolve max_fails=0",
        "]:9000 (service protocol: gunicorn.conf.py)",
    ),
    Broken(
        "upstream-port",
        variables("protocol", HOST="127.0.0.1"),
        "server: protocol:8000 resolve max_fails=0",
        "bind: 127.0.0.1:8000 (service protocol: gunicorn.conf.py)",
    ),
    Broken(
        "upstream-port",
        nginx("server", "protocol", within="upstream"),
        "server: protocol (nginx/upstreams.conf:",
        ":8000 (service protocol: gunicorn.conf.py)",
    ),
    Broken(
        "upstream-name",
        nginx("set", "$app", "web"),
        "set: $app web (nginx/nginx.conf:",
        "upstream: protocol, aiohttp (nginx/upstreams.conf:",
    ),
    Broken(
        "static-files",
        nginx("root", "/srv", within="location"),
        "root: /srv/static, which is in no volume of nginx (nginx/site.conf:",
        f"app.collect into: volume static ({COMPOSE}: static)",
    ),
    Broken(
        "static-files",
        compose("static", mounts={"/var": "files"}),
        "root: volume static (nginx/site.conf:",
        f"app.collect into: volume files/static ({COMPOSE}: static)",
    ),
]


@pytest.mark.parametrize("broken", BROKEN, ids=lambda each: each.rule)
def test_broken(evidence: Evidence, broken: Broken) -> None:
    """A rule that is broken is named, with both values and where they are set, and the cure."""
    broken.check(evidence, RULES)


def test_every_rule() -> None:
    """The table leaves none out."""
    assert {each.rule for each in BROKEN} == {each.name for each in RULES}
