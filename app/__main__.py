"""`python -m app`: the service in one process, without gunicorn. The same settings apply."""

import argparse
import logging
import os
import sys

from app import __version__
from app.bind import parse_host_and_port
from app.main import create_access_log, create_server
from app.settings import Settings, SettingsError, describe


def main() -> None:
    """Read the settings, serve until a signal. Exits with 1 and a message where it cannot."""
    arguments = _arguments()
    overrides = {name: value for name, value in arguments.items() if value is not None}
    if overrides:
        overrides |= {"BIND": "", "BIND_ADDRESS": ""}
    try:
        settings = Settings.from_environment(os.environ | overrides)
    except SettingsError as error:
        sys.exit(str(error))
    logging.basicConfig(
        level=settings.log_level.upper(), format="%(asctime)s [%(levelname)s] %(message)s"
    )
    host, port = _address(settings)
    try:
        create_server(settings).run(
            host, port, access_log=create_access_log(settings), loop=settings.loop
        )
    except OSError as error:
        sys.exit(f"cannot serve on {host}:{port}: {error.strerror or error}")


def _arguments() -> dict[str, str | None]:
    parser = argparse.ArgumentParser(
        prog="python -m app",
        description=f"Slipway {__version__}: serve in one process, without gunicorn.",
        epilog="Settings, as environment variables:\n\n" + describe(),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--host", dest="HOST", help="address to listen on")
    parser.add_argument("--port", dest="PORT", help="port to listen on")
    return vars(parser.parse_args())


def _address(settings: Settings) -> tuple[str, int]:
    first, *others = settings.bind
    if others or first.startswith("unix:"):
        sys.exit(
            "python -m app listens on one TCP address; several, or a unix socket, are gunicorn's"
        )
    if settings.tls is not None:
        sys.exit("python -m app speaks plain HTTP; TLS_CERTFILE is for gunicorn (make serve)")
    host, port = parse_host_and_port(first)
    return host.strip("[]"), port or 0


if __name__ == "__main__":
    main()
