"""`locust -f loadtest/locustfile.py`: the users, and the options that they add to locust's.

    locust -f loadtest/locustfile.py --headless -u 100 -r 1000 --requests 100000 -H http://...

Without a name after the options the users are those of the published test.
"""

import signal
import sys
from pathlib import Path
from typing import Any

import gevent
from locust import events

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from loadtest.rawload import stock
from loadtest.rawload.options import add_options
from loadtest.rawload.test import REFUSED, Test, objection
from loadtest.scenarios import shapes
from loadtest.scenarios.journey import Journey
from loadtest.scenarios.published import Published
from loadtest.scenarios.routes import Routes

__all__ = ["Journey", "Published", "Routes"]

stock.mend()


def on_parser(parser: Any) -> None:
    """Add our options."""
    add_options(parser, tuple(shapes.SHAPES))


def on_init(environment: Any, **_: object) -> None:
    """Choose users and shape, and refuse what cannot work."""
    options = environment.parsed_options
    if not options.user_classes and not options.class_picker:
        environment.user_classes[:] = [Published]
    available = {name.capitalize(): shape() for name, shape in shapes.SHAPES.items()}
    environment.available_shape_classes = available
    if options.shape != "none":
        environment.shape_class = available[options.shape.capitalize()]
        environment.shape_class.runner = environment.runner
    if wrong := objection(environment):
        print(wrong, file=sys.stderr)
        sys.exit(REFUSED)
    # Else Ctrl-C is raised in whatever callback runs, and breaks its connection.
    gevent.signal_handler(signal.SIGINT, gevent.kill, gevent.getcurrent(), KeyboardInterrupt)
    Test(environment)


events.init_command_line_parser.add_listener(on_parser)  # type: ignore[no-untyped-call]
events.init.add_listener(on_init)  # type: ignore[no-untyped-call]
