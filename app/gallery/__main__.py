"""`python -m app.gallery`: list the ways of serving HTTP, or start one."""

import argparse
import os
import socket
import sys
from importlib import metadata

from app import logs
from app.bind import parse_port
from app.gallery.ways import WAYS, Way
from app.gallery.workers import INTERRUPTED, serve_with
from app.httpd.runner import address, listen
from app.settings import Settings, SettingsError

MOST_WORKERS = 64


def main() -> int:
    """Start the way that is asked for and give the exit code."""
    arguments = _arguments()
    if arguments.way is None:
        print(listing(), end="")
        return 0
    way = WAYS[arguments.way]
    try:
        settings = Settings.from_environment(os.environ)
    except SettingsError as error:
        sys.exit(str(error))
    logs.to_stderr(settings.log_level)
    if not os.environ.get("WEB_CONCURRENCY", "").strip():
        os.environ.pop("WEB_CONCURRENCY", None)  # gunicorn takes an empty one for a number
    try:
        serve = way.load()
    except ImportError as error:
        sys.exit(_missing(way, error))
    sock = _listener(arguments)
    print(
        f"{way.name} listens on {address(sock)} with {arguments.workers} worker"
        f"{'' if arguments.workers == 1 else 's'}; Ctrl-C stops it",
        file=sys.stderr,
        flush=True,
    )
    try:
        if arguments.workers > 1:
            return serve_with(serve, sock, arguments.workers)
        serve(sock)
    except KeyboardInterrupt:
        return INTERRUPTED
    return 0


def listing() -> str:
    """The table of ways, a line each."""
    width = max(map(len, WAYS))
    lines = "".join(f"  {way.name:<{width}}  {way.idea}\n" for way in WAYS.values())
    return (
        f"{lines}\npython -m app.gallery NAME starts one; --help says more. What each can do, what "
        "it\ncosts and when to choose it: docs/ways.md\n"
    )


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m app.gallery",
        description="Serve the application in another way.",
        epilog=listing(),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("way", nargs="?", choices=WAYS, metavar="NAME", help="one of those below; none lists them")
    add("--host", default="127.0.0.1", help="address to listen on (127.0.0.1)")
    add("--port", type=_port, default=8000, help="port to listen on, 0 for any free one (8000)")
    add("--workers", type=_workers, default=1, metavar="N", help="processes (1)")
    add("--fd", type=int, help="a listening socket that was inherited, instead of host and port")
    return parser.parse_args()


def _port(text: str) -> int:
    try:
        return parse_port(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a port from 0 to 65535") from None


def _workers(text: str) -> int:
    if not (text.isascii() and text.isdigit() and 1 <= int(text) <= MOST_WORKERS):
        raise argparse.ArgumentTypeError(f"{text!r} is not a number from 1 to {MOST_WORKERS}")
    return int(text)


def _listener(arguments: argparse.Namespace) -> socket.socket:
    if arguments.fd is not None:
        try:
            return socket.socket(fileno=arguments.fd)
        except OSError as error:
            sys.exit(f"--fd {arguments.fd} is no socket: {error.strerror}")
    host = arguments.host.strip("[]")
    try:
        return listen(host, arguments.port)
    except OSError as error:
        sys.exit(f"cannot listen on {host} port {arguments.port}: {error.strerror or error}")


def _missing(way: Way, error: ImportError) -> str:
    absent = [each for each in way.requires if not _installed(each)]
    if not absent:
        return f"{way.name} cannot be imported: {error}"
    return (
        f"{way.name} needs {', '.join(absent)}, which the service does not: "
        f"make gallery ARGS={way.name}, or pip install -r requirements-gallery.txt"
    )


def _installed(distribution: str) -> bool:
    try:
        metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return False
    return True


if __name__ == "__main__":
    sys.exit(main())
