"""The rules about time: each timer fits the one around it."""

import math
from collections.abc import Iterator

from ops.doctor.evidence import Evidence
from ops.doctor.nginx import own
from ops.doctor.rule import NEVER, Fact, Finding, Rule, below, seconds

# Heroku's router gives a request up after 30 s (H12) and keeps idle connections for 90.
ROUTER_REQUEST = Fact("router's limit for a request", "30 s", "Heroku", 30)
ROUTER_IDLE = Fact("router's idle connections", "90 s", "Heroku", 90)


def idle(evidence: Evidence) -> Iterator[Finding]:
    """nginx's idle connections and the service's."""
    for proxy in evidence.proxies:
        for upstream in proxy.conf.upstreams():
            for each in evidence.serving(upstream):
                theirs = own(upstream, "keepalive_timeout", "60s", seconds)
                yield below(theirs, each.deadline("idle"))


def heartbeat(evidence: Evidence) -> Iterator[Finding]:
    """A request's time and the heartbeat."""
    for each in evidence.everywhere():
        yield below(each.deadline("handler"), each.told("timeout", "HEARTBEAT_TIMEOUT"))


def answer(evidence: Evidence) -> Iterator[Finding]:
    """The longest time that a handler has, and nginx's patience."""
    for each in evidence.applications:
        handlers = [each.deadline("handler"), *([evidence.patience] if evidence.patience else [])]
        longest = max(handlers, key=lambda fact: fact.amount)
        for proxy in evidence.proxies:
            for read in proxy.conf.times("proxy_read_timeout", "60s"):
                yield below(longest, read)


def drain(evidence: Evidence) -> Iterator[Finding]:
    """The drain and gunicorn's patience with it."""
    for each in evidence.everywhere():
        yield below(each.drain(), each.told("graceful_timeout", "GRACEFUL_TIMEOUT"))


def kill(evidence: Evidence) -> Iterator[Finding]:
    """gunicorn's patience, and that of whoever started it."""
    for each in evidence.everywhere():
        yield below(each.told("graceful_timeout", "GRACEFUL_TIMEOUT"), each.stop)


def nginx_kill(evidence: Evidence) -> Iterator[Finding]:
    """nginx's own stop and Docker's patience."""
    for proxy in evidence.proxies:
        shutdown = proxy.conf.one("worker_shutdown_timeout", "0", seconds)
        # 0 is without end.
        endless = Fact(shutdown.name, "without end", shutdown.source, NEVER)
        yield below(shutdown if shutdown.amount else endless, proxy.service.stop_period())


def head(evidence: Evidence) -> Iterator[Finding]:
    """How long a request's head may take."""
    yield from _equal(evidence, "client_header_timeout", "head")


def body(evidence: Evidence) -> Iterator[Finding]:
    """How long a body may take."""
    yield from _equal(evidence, "client_body_timeout", "body")


def write(evidence: Evidence) -> Iterator[Finding]:
    """How long reading an answer may take."""
    yield from _equal(evidence, "send_timeout", "write")


def _equal(evidence: Evidence, directive: str, deadline: str) -> Iterator[Finding]:
    for each in evidence.applications:
        ours = each.deadline(deadline)
        for proxy in evidence.proxies:
            for theirs in proxy.conf.times(directive, "60s"):
                yield Finding(theirs.amount == math.ceil(ours.amount), theirs, ours)


def connect(evidence: Evidence) -> Iterator[Finding]:
    """A try to connect, and all tries together."""
    for proxy in evidence.proxies:
        tries = proxy.conf.times("proxy_connect_timeout", "60s")
        for once, all_ in zip(
            tries, proxy.conf.times("proxy_next_upstream_timeout", "0"), strict=True
        ):
            # 0 is without end.
            yield Finding(once.amount < (all_.amount or NEVER), once, all_)


def router_request(evidence: Evidence) -> Iterator[Finding]:
    """A request's time and the router's patience."""
    yield below(evidence.platform.deadline("handler"), ROUTER_REQUEST)


def router_idle(evidence: Evidence) -> Iterator[Finding]:
    """The router's idle connections and ours."""
    yield below(ROUTER_IDLE, evidence.platform.deadline("idle"))


RULES = (
    Rule(
        "idle",
        "nginx lets idle connections go before the service does, or it sends requests into "
        "closed ones: upstream keepalive_timeout < TIMEOUT_IDLE",
        "raise TIMEOUT_IDLE, or lower keepalive_timeout in nginx/keepalive.conf",
        idle,
    ),
    Rule(
        "heartbeat",
        "a request is given up before its worker is killed: TIMEOUT_HANDLER < gunicorn's timeout",
        "raise HEARTBEAT_TIMEOUT, or lower TIMEOUT_HANDLER",
        heartbeat,
    ),
    Rule(
        "answer",
        "nginx waits longer than any handler may take: deadline of each route < proxy_read_timeout",
        "let nginx/start write a longer proxy_read_timeout, or shorten the route's deadline",
        answer,
    ),
    Rule(
        "drain",
        "a worker has drained before gunicorn kills it: TIMEOUT_DRAIN_DELAY + TIMEOUT_DRAIN + "
        "TIMEOUT_DRAIN_IDLE < graceful_timeout",
        "raise GRACEFUL_TIMEOUT, or shorten the drain",
        drain,
    ),
    Rule(
        "kill",
        "gunicorn ends its workers before it is killed itself: graceful_timeout < "
        "stop_grace_period in Compose, < 30 s on a platform",
        "raise stop_grace_period in docker-compose.yml, or lower GRACEFUL_TIMEOUT",
        kill,
    ),
    Rule(
        "nginx-kill",
        "nginx has ended before Docker kills it: worker_shutdown_timeout < stop_grace_period",
        "lower worker_shutdown_timeout in nginx/nginx.conf, or raise stop_grace_period",
        nginx_kill,
    ),
    Rule(
        "head-time",
        "nginx gives a head as long as the service does, in whole seconds: client_header_timeout "
        "= TIMEOUT_HEAD",
        "give nginx and the service the same TIMEOUT_HEAD, in .env",
        head,
    ),
    Rule(
        "body-time",
        "nginx gives a body as long as the service does, in whole seconds: client_body_timeout = "
        "TIMEOUT_BODY",
        "give nginx and the service the same TIMEOUT_BODY, in .env",
        body,
    ),
    Rule(
        "write-time",
        "nginx gives a reader as long as the service does, in whole seconds: send_timeout = "
        "TIMEOUT_WRITE",
        "give nginx and the service the same TIMEOUT_WRITE, in .env",
        write,
    ),
    Rule(
        "connect",
        "there is time for a second container when the first cannot be reached: "
        "proxy_connect_timeout < proxy_next_upstream_timeout",
        "lower proxy_connect_timeout in nginx/proxy.conf, or raise proxy_next_upstream_timeout",
        connect,
    ),
    Rule(
        "router-request",
        "the service gives a request up before the platform's router does: TIMEOUT_HANDLER < 30 s",
        "lower TIMEOUT_HANDLER",
        router_request,
    ),
    Rule(
        "router-idle",
        "the platform's router lets idle connections go before the service does: 90 s < "
        "TIMEOUT_IDLE",
        "raise TIMEOUT_IDLE",
        router_idle,
    ),
)
