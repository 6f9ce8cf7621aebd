"""`locust -f loadtest/locustfile.py`: the users, and the options that they add to locust's.

    locust -f loadtest/locustfile.py --headless -u 100 -r 1000 --requests 100000 -H http://...

Without a name after the options the users are those of the published test.
"""

import sys
from pathlib import Path
from typing import Any

from locust import events

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from loadtest.rawload import stock
from loadtest.rawload.options import add_options
from loadtest.rawload.test import Test
from loadtest.scenarios.published import Published

stock.mend()


@events.init_command_line_parser.add_listener
def _(parser: Any) -> None:
    add_options(parser, ())


@events.init.add_listener
def _(environment: Any, **_: object) -> None:
    options = environment.parsed_options
    if not options.user_classes and not options.class_picker:
        environment.user_classes[:] = [Published]
    Test(environment)
