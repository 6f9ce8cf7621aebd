"""Builds the service from its settings: what gunicorn and `python -m app` import."""

from app import handlers
from app.httpd import HTTPServer
from app.httpd.accesslog import AccessLog
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


def create_access_log(settings: Settings) -> AccessLog | None:
    """The access log, or None where it is off. Raises OSError when its file cannot be opened."""
    if settings.access_log == "off":
        return None
    return AccessLog(settings.access_log, settings.access_log_file)
