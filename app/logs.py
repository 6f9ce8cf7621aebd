"""Where the service's words go: the access log in its own file, the errors in somebody else's.

Refuses to know who started the process.
"""

import logging

from app.httpd.accesslog import AccessLog
from app.settings import Settings

# Who has something to say: the library, and the event loop.
NAMES = ("slipway", "asyncio")


def open_access_log(settings: Settings) -> AccessLog | None:
    """The access log, or None where it is off. Raises OSError when its file cannot be opened."""
    if settings.access_log == "off":
        return None
    return AccessLog(settings.access_log, settings.access_log_file)


def share(log: logging.Logger) -> None:
    """What the library and asyncio have to say goes where this log goes, and from its level."""
    for name in NAMES:
        logger = logging.getLogger(name)
        logger.handlers = log.handlers
        logger.setLevel(log.level)
        logger.propagate = False


def to_stderr(level: str) -> None:
    """All of it to standard error, in gunicorn's form. level: as LOG_LEVEL has it."""
    logging.basicConfig(
        level=level.upper(),
        format="[%(asctime)s] [%(process)d] [%(levelname)s] %(message)s",
        datefmt="%Y-%m-%d %H:%M:%S %z",
    )
