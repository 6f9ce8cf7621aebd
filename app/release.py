"""python -m app.release: what a platform runs before it lets a new release have the traffic.

Judges the settings, builds the application as a worker would, and has gunicorn judge what it is
told beyond them (GUNICORN_CMD_ARGS). Listens nowhere and changes nothing: it may run beside the
release that serves, as often as somebody likes. Exits with 0, or says what is wrong and exits
with another number: then the platform keeps the old release.
"""

import os
import subprocess
import sys
from pathlib import Path

from app.aiohttp_app import TwinRunner
from app.greeting import greeting
from app.httpd import UsageError
from app.main import create_server
from app.settings import Settings, SettingsError

ROOT = Path(__file__).parent.parent


def main() -> int:
    """Judge. Gives the exit status."""
    if sys.argv[1:]:
        print((__doc__ or "").strip(), file=sys.stderr)
        return 0 if sys.argv[1:] in (["-h"], ["--help"]) else 2
    try:
        settings = Settings.from_environment(os.environ)
        build(settings)
    except (SettingsError, UsageError) as error:
        print(f"not released: {error}", file=sys.stderr)
        return 1
    where = f"{', '.join(settings.bind)} unless told otherwise at the start"
    workers = f"{settings.workers} workers ({settings.workers_reason})"
    print(greeting(settings, where, workers), flush=True)
    command = [sys.executable, "gunicorn.conf.py", "--check-config"]
    return subprocess.run(command, cwd=ROOT, check=False).returncode  # noqa: S603 - all ours


def build(settings: Settings) -> None:
    """The application on the server that is to carry it. Raises UsageError for routes that
    cannot be, and whatever the application itself raises."""
    if settings.server == "aiohttp":
        TwinRunner(settings, None)
    else:
        create_server(settings)


if __name__ == "__main__":
    sys.exit(main())
