"""The rules about ways: who reaches whom, under which name and port, and who is believed."""

from collections.abc import Iterator
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from pathlib import PurePosixPath

from ops.doctor.evidence import DOCKER_POOLS, Application, Evidence, Proxy, Service
from ops.doctor.nginx import Directive, split_address
from ops.doctor.rule import Fact, Finding, Rule

STATIC = "/static/"
COLLECT = "app.collect"
LOADTEST = "loadtest"  # the Dockerfile's target

Network = IPv4Network | IPv6Network


def trust_not_everybody(evidence: Evidence) -> Iterator[Finding]:
    """Who is believed to say whom a request is from."""
    for each in evidence.applications:
        everybody = Fact("*", "is everybody", "app/knobs.py")
        yield Finding("*" not in each.settings.forwarded_allow_ips, each.trusted(), everybody)


def trust_nginx(evidence: Evidence) -> Iterator[Finding]:
    """Whether nginx is among them, whatever address Docker gives it."""
    for each in evidence.applications:
        for name, subnets in (each.service.networks if each.service else {}).items():
            source = f"network {name}" if subnets else f"network {name}: Docker's choice"
            for subnet in subnets or DOCKER_POOLS:
                where = Fact("addresses", subnet, source)
                yield Finding(_covered(each, subnet), each.trusted(), where)


def _covered(application: Application, subnet: str) -> bool:
    trusted = application.settings.forwarded_allow_ips
    if "*" in trusted:
        return True
    wanted = ip_network(subnet)
    networks = (ip_network(each) for each in trusted)
    return any(each.version == wanted.version and _holds(each, wanted) for each in networks)


def _holds(outer: Network, inner: Network) -> bool:
    return inner.network_address in outer and inner.broadcast_address in outer


def client_address(evidence: Evidence) -> Iterator[Finding]:
    """What nginx says of whom a request is from."""
    wanted = Fact("X-Forwarded-For", "$remote_addr", "who connected, or a trusted balancer's word")
    for proxy in evidence.proxies:
        for enclosing in proxy.conf.passing():
            levels = (each.named("proxy_set_header") for each in enclosing)
            told = next((level for level in levels if level), [])
            found = [each for each in told if each.args[0].lower() == "x-forwarded-for"]
            place = enclosing[0].source
            missing = Directive("proxy_set_header", ("X-Forwarded-For is not set",), place)
            said = found[-1] if found else missing
            yield Finding(said.args[1:] == ("$remote_addr",), said.fact(), wanted)


def published(evidence: Evidence) -> Iterator[Finding]:
    """Whose ports can be reached from outside."""
    names = {each.service.name for each in evidence.proxies}
    fronts = Fact("nginx is", " and ".join(sorted(names)), "Dockerfile's target nginx")
    for service in evidence.services:
        for port in service.ports:
            # Locust's page asks nobody who he is: it is for this machine.
            page = service.stage == LOADTEST and _is_loopback(port.address)
            yield Finding(page or service.name in names, port.fact(), fronts)


def target(evidence: Evidence) -> Iterator[Finding]:
    """Published ports and those that nginx listens at."""
    for proxy in evidence.proxies:
        listeners = [each for each in proxy.conf.listeners() if not _is_loopback(each.address)]
        ports = sorted({each.port for each in listeners if each.port is not None})
        text = ", ".join(str(each) for each in ports) or "none"
        sources = "; ".join(dict.fromkeys(each.source for each in listeners)) or "nginx"
        for port in proxy.service.ports:
            yield Finding(port.target in ports, port.fact(), Fact("listen", text, sources))


def distinct(evidence: Evidence) -> Iterator[Finding]:
    """Published ports of all services, profiles too."""
    ports = [each for service in evidence.services for each in service.ports if each.published]
    for number, port in enumerate(ports):
        for other in ports[:number]:
            same = (port.published, port.protocol) == (other.published, other.protocol)
            meet = port.address == other.address or {port.address, other.address} & {"", "0.0.0.0"}
            yield Finding(not (same and meet), other.fact(), port.fact())
    if len(ports) == 1:
        yield Finding(True, ports[0].fact(), Fact("other ports", "none", "docker-compose.yml"))


def servers(evidence: Evidence) -> Iterator[Finding]:
    """The names in nginx's upstreams, and the services that nginx can reach."""
    for proxy in evidence.proxies:
        near = [each for each in evidence.applications if _is_near(each, proxy.service)]
        names = sorted(each.service.name for each in near if each.service)
        reachable = Fact("services in reach", ", ".join(names) or "none", "docker-compose.yml")
        for each in _servers(proxy):
            host, _ = split_address(each.args[0], 80)
            yield Finding(host in names, each.fact(), reachable)


def _is_near(application: Application, proxy: Service) -> bool:
    service = application.service
    return service is not None and bool(set(service.networks) & set(proxy.networks))


def upstream_port(evidence: Evidence) -> Iterator[Finding]:
    """The ports in nginx's upstreams, and those that the services listen at."""
    for proxy in evidence.proxies:
        for each in _servers(proxy):
            host, port = split_address(each.args[0], 80)
            for application in evidence.applications:
                if application.service and application.service.name == host:
                    yield _reached(each, port, application)


def _reached(server: Directive, port: int | None, application: Application) -> Finding:
    addresses = [(split_address(each.text, 0), each) for each in application.addresses()]
    holds = any(port == own and not _is_loopback(host) for (host, own), _ in addresses)
    text = ", ".join(each.text for _, each in addresses)
    return Finding(holds, server.fact(), Fact("bind", text, addresses[0][1].source))


def upstream_name(evidence: Evidence) -> Iterator[Finding]:
    """What $app is set to, and the upstreams; `nginx -t` does not look into variables."""
    for proxy in evidence.proxies:
        upstreams = proxy.conf.upstreams()
        names = [each.args[0] for each in upstreams]
        sources = "; ".join(each.source for each in upstreams) or "nginx"
        known = Fact("upstream", ", ".join(names) or "none", sources)
        for each in proxy.conf.find("set"):
            if each.args[0] == "$app":
                yield Finding(each.args[1] in names, each.fact(), known)


def static_files(evidence: Evidence) -> Iterator[Finding]:
    """Where nginx looks for static files, and where `app.collect` puts them."""
    into = [
        Fact(f"{COLLECT} into", _stored(each, each.command[-1]), each.source)
        for each in evidence.services
        if COLLECT in each.command
    ]
    for proxy in evidence.proxies:
        for location in proxy.conf.find("location"):
            for root in location.named("root") if location.args[-1] == STATIC else []:
                folder = root.args[0].rstrip("/") + STATIC.rstrip("/")
                looked = Fact("root", _stored(proxy.service, folder), root.source)
                for put in into:
                    yield Finding(looked.text == put.text, looked, put)


def _stored(service: Service, folder: str) -> str:
    """A folder of the container by the volume that it is in."""
    for place in (PurePosixPath(folder), *PurePosixPath(folder).parents):
        if (volume := service.mounts.get(str(place))) is not None:
            inside = PurePosixPath(folder).relative_to(place)
            return f"volume {volume}" + ("" if str(inside) == "." else f"/{inside}")
    return f"{folder}, which is in no volume of {service.name}"


def _servers(proxy: Proxy) -> Iterator[Directive]:
    return (each for upstream in proxy.conf.upstreams() for each in upstream.named("server"))


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


RULES = (
    Rule(
        "trust-not-everybody",
        "only proxies are believed: FORWARDED_ALLOW_IPS is not *",
        "name networks in FORWARDED_ALLOW_IPS, in .env, or leave it out",
        trust_not_everybody,
    ),
    Rule(
        "trust-nginx",
        "nginx is believed whatever address it has: FORWARDED_ALLOW_IPS covers the networks of "
        "the service",
        "add the network to FORWARDED_ALLOW_IPS, or leave it out",
        trust_nginx,
    ),
    Rule(
        "client-address",
        "nginx passes on who asked, not what the client wrote: proxy_set_header X-Forwarded-For "
        "$remote_addr wherever there is a proxy_pass",
        "say so in nginx/proxy.conf; a block with a proxy_set_header of its own repeats all others",
        client_address,
    ),
    Rule(
        "published",
        "nobody gets to the service but through nginx: no other service publishes a port, except "
        "for the load test's page on loopback",
        "take `ports` away from the service in docker-compose.yml; LOADTEST_PORT begins with "
        "127.0.0.1:",
        published,
    ),
    Rule(
        "target",
        "nginx listens at each port that is published, and not on loopback only",
        "add `listen` to a server in nginx/nginx.conf, or correct the port in docker-compose.yml",
        target,
    ),
    Rule(
        "distinct",
        "a port of the host is published once",
        "give them different ports: HTTP_PORT, ALT_HTTP_PORT, HTTPS_PORT, LOADTEST_PORT in .env",
        distinct,
    ),
    Rule(
        "servers",
        "each server of an upstream is a service that runs the application, in one of nginx's "
        "networks",
        "correct the name in nginx/upstreams.conf, or add the service or its network",
        servers,
    ),
    Rule(
        "upstream-port",
        "nginx asks where the service listens: the same port, and not on loopback",
        "correct the port in nginx/upstreams.conf, or PORT or BIND in docker-compose.yml",
        upstream_port,
    ),
    Rule(
        "upstream-name",
        "each $app is the name of an upstream",
        "correct `set $app` in the server, or add the upstream to nginx/upstreams.conf",
        upstream_name,
    ),
    Rule(
        "static-files",
        "nginx looks for static files where they are collected: the same folder of the same volume",
        "correct root in nginx/site.conf, or volumes and command in docker-compose.yml",
        static_files,
    ),
)
