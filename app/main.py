"""Builds the service from its settings: what gunicorn and `python -m app` import."""

from app import handlers
from app.httpd import HTTPServer
from app.settings import Settings


def create_server(settings: Settings) -> HTTPServer:
    """The application on a server of its own."""
    server = HTTPServer(
        limits=settings.limits,
        deadlines=settings.deadlines,
        trusted_proxies=settings.forwarded_allow_ips,
    )
    handlers.install(server, settings.static_max_age)
    return server
