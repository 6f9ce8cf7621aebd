"""`python -m app`: the service in one process, without gunicorn. The same settings apply."""

import argparse
import asyncio
import logging
import os
import sys
from functools import partial

from app import __version__, logs
from app.bind import parse_host_and_port
from app.greeting import greeting
from app.httpd import AccessLog
from app.httpd.loops import new_event_loop
from app.httpd.runner import Life, Runner, address, hear_no_more, listen, serve_until_told
from app.main import create_server
from app.settings import Settings, SettingsError, describe

log = logging.getLogger("slipway")


def main() -> None:
    """Read the settings, serve until a signal. Exits with 1 and a message where it cannot."""
    arguments = _arguments()
    overrides = {name: value for name, value in arguments.items() if value is not None}
    if overrides:
        # PORT alone is a platform's word and means every interface; --port alone does not.
        host = os.environ.get("HOST") or "127.0.0.1"
        overrides = {"HOST": host, "BIND": "", "BIND_ADDRESS": ""} | overrides
    try:
        settings = Settings.from_environment(os.environ | overrides)
    except SettingsError as error:
        sys.exit(str(error))
    logs.to_stderr(settings.log_level)
    serve(settings)


def serve(settings: Settings) -> None:
    """Listen and serve, until a signal."""
    host, port = _address(settings)
    try:
        listener = listen(host, port, settings.backlog)
    except OSError as error:
        sys.exit(f"cannot listen on {settings.bind[0]}: {error.strerror or error}")
    access_log = logs.open_access_log(settings)
    words = greeting(settings, address(listener), "one process, without gunicorn")
    with asyncio.Runner(loop_factory=partial(new_event_loop, settings.loop)) as process:
        runner = _runner(settings, access_log)
        process.run(serve_until_told(runner, listener, partial(log.info, words)))
        hear_no_more()


def _runner(settings: Settings, access_log: AccessLog | None) -> Life:
    if settings.server == "aiohttp":
        from app.aiohttp_app import TwinRunner  # 15 MB that the Protocol server does not need

        return TwinRunner(settings, access_log)
    return Runner(create_server(settings), access_log=access_log, backlog=settings.backlog)


def _arguments() -> dict[str, str | None]:
    parser = argparse.ArgumentParser(
        prog="python -m app",
        description=f"Slipway {__version__} in one process, without gunicorn.",
        epilog="Settings, as environment variables:\n\n" + describe(),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--host", dest="HOST", help="address to listen on (127.0.0.1)")
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
