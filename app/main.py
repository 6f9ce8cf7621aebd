"""Builds the service from its settings: what every server of it is given."""

from app import handlers
from app.httpd import HTTPServer
from app.settings import Settings


def create_server(settings: Settings, name: str = "the Protocol server") -> HTTPServer:
    """The application on a server of its own. name: the server's, for the page at `/`."""
    server = HTTPServer(
        limits=settings.limits,
        deadlines=settings.deadlines,
        trusted_proxies=settings.forwarded_allow_ips,
        forwarded_field=settings.forwarded_field,
    )
    handlers.install(server, settings.static_max_age, settings.service_id, name)
    return server
