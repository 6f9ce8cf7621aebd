"""The rules about sizes and numbers: what nginx lets through, the service takes."""

from collections.abc import Iterator

from ops.doctor.evidence import Application, Evidence, Proxy
from ops.doctor.nginx import Directive, own
from ops.doctor.rule import Fact, Finding, Rule, Unreadable, at_most, below, size

# nginx's master, two for a cache, and Docker's init.
BESIDE_NGINX_WORKERS = 4
# gunicorn's arbiter, and Docker's init.
BESIDE_WORKERS = 2


def body(evidence: Evidence) -> Iterator[Finding]:
    """How large a body may be."""
    for each, proxy in _pairs(evidence):
        ours = each.limit("body")
        for theirs in proxy.conf.sizes("client_max_body_size", "1m"):
            # To nginx 0 is without limit: where the service allows none, it says 1.
            yield Finding(theirs.amount == max(ours.amount, 1), theirs, ours)


def request_line(evidence: Evidence) -> Iterator[Finding]:
    """How long a request line may be: nginx wants it in one buffer."""
    for each, proxy in _pairs(evidence):
        for theirs in _head_buffers(proxy):
            buffer = Fact(theirs.name, theirs.text, theirs.source, size(theirs.text.split()[1]))
            yield at_most(buffer, each.limit("request_line"))


def head(evidence: Evidence) -> Iterator[Finding]:
    """How large a head may be."""
    for each, proxy in _pairs(evidence):
        for theirs in _head_buffers(proxy):
            yield at_most(theirs, each.limit("head"))


def files(evidence: Evidence) -> Iterator[Finding]:
    """nginx's connections, two for a request, and its open files."""
    for proxy in evidence.proxies:
        each = proxy.conf.one("worker_connections", "512")
        both = Fact(each.name, f"2 x {each.text}", each.source, 2 * each.amount)
        yield at_most(both, proxy.conf.one("worker_rlimit_nofile", "0"))


def idle_connections(evidence: Evidence) -> Iterator[Finding]:
    """What all nginx workers may keep to a service, and what its workers take."""
    for each in evidence.applications:
        limit, workers = each.limit("connections"), each.told("workers", "WEB_CONCURRENCY")
        taken = Fact(
            f"{limit.name} x workers",
            f"{limit.text} x {workers.text}",
            limit.source,
            limit.amount * workers.amount,
        )
        kept = [
            (own(upstream, "keepalive", "32", size), proxy.conf.one("worker_processes", "1"))
            for proxy in evidence.proxies
            for upstream in proxy.conf.upstreams()
            if each in evidence.serving(upstream)
        ]
        if kept:
            yield below(
                Fact(
                    "keepalive x worker_processes, in all upstreams",
                    " + ".join(f"{one.text} x {processes.text}" for one, processes in kept),
                    "; ".join(dict.fromkeys(one.source for one, _ in kept)),
                    sum(one.amount * processes.amount for one, processes in kept),
                ),
                taken,
            )


def processes(evidence: Evidence) -> Iterator[Finding]:
    """What runs in a container, and how much may."""
    for each in evidence.applications:
        if each.service:
            workers = each.told("workers", "WEB_CONCURRENCY")
            yield at_most(_with(workers, BESIDE_WORKERS), each.service.pids_limit())
    for proxy in evidence.proxies:
        workers = proxy.conf.one("worker_processes", "1")
        yield at_most(_with(workers, BESIDE_NGINX_WORKERS), proxy.service.pids_limit())


def _with(workers: Fact, others: int) -> Fact:
    return Fact(
        f"{workers.name} + {others}",
        f"{workers.text} + {others}",
        workers.source,
        workers.amount + others,
    )


def _pairs(evidence: Evidence) -> Iterator[tuple[Application, Proxy]]:
    return ((each, proxy) for each in evidence.applications for proxy in evidence.proxies)


def _head_buffers(proxy: Proxy) -> Iterator[Fact]:
    """Their number times their size."""
    for each in proxy.conf.in_effect("large_client_header_buffers", "4 8k"):
        yield _buffers(each)


def _buffers(each: Directive) -> Fact:
    words = " ".join(each.args).split()
    if len(words) != 2 or not words[0].isdigit():
        raise Unreadable(f"{each.source}: {each.name} has a number and a size")
    return Fact(each.name, " ".join(words), each.source, int(words[0]) * size(words[1]))


RULES = (
    Rule(
        "body-size",
        "nginx refuses the bodies that the service would: client_max_body_size = LIMIT_BODY",
        "give nginx and the service the same LIMIT_BODY, in .env",
        body,
    ),
    Rule(
        "request-line",
        "the service takes a request line that nginx has let through: one of "
        "large_client_header_buffers <= LIMIT_REQUEST_LINE",
        "raise LIMIT_REQUEST_LINE, or lower large_client_header_buffers in nginx/clients.conf",
        request_line,
    ),
    Rule(
        "head-size",
        "the service takes a head that nginx has let through: large_client_header_buffers, "
        "number x size <= LIMIT_HEAD",
        "raise LIMIT_HEAD, or lower large_client_header_buffers in nginx/clients.conf",
        head,
    ),
    Rule(
        "files",
        "an nginx worker may open a file for every connection, two for each request: "
        "2 x worker_connections <= worker_rlimit_nofile",
        "raise worker_rlimit_nofile or lower worker_connections, in nginx/nginx.conf",
        files,
    ),
    Rule(
        "idle-connections",
        "nginx's idle connections leave room for others: keepalive x worker_processes < "
        "LIMIT_CONNECTIONS x workers",
        "lower keepalive in nginx/keepalive.conf or NGINX_WORKERS, or raise LIMIT_CONNECTIONS",
        idle_connections,
    ),
    Rule(
        "processes",
        "a container may have all its processes: workers, with those beside them <= pids_limit",
        "raise pids_limit in docker-compose.yml, or lower WEB_CONCURRENCY or NGINX_WORKERS",
        processes,
    ),
)
