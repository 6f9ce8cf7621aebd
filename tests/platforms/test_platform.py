"""The platform itself: it kills what does not end, and notices what a release lets fall."""

import http.client
from dataclasses import replace

from tests.platforms.conftest import Start
from tests.platforms.developer import Developer
from tests.platforms.profile import HEROKU

# Serves, and does not mind what it is told.
STUBBORN = """\
import os, signal
from http.server import BaseHTTPRequestHandler
from socketserver import TCPServer
class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        if self.path == "/cut":
            print("asked to cut", flush=True)
            return self.connection.close()
        self.send_response(200)
        self.end_headers()
signal.signal(signal.SIGTERM, signal.SIG_IGN)
TCPServer(("127.0.0.1", int(os.environ["PORT"])), Handler).serve_forever()
"""


def test_killed(start: Start, developer: Developer) -> None:
    """Who has not ended in time is killed, and it is known; not one second sooner."""
    platform = start(replace(HEROKU, kill=3.0))
    developer.write("Procfile", "web: python stubborn.py\n")
    developer.write("stubborn.py", STUBBORN)
    assert developer.push(platform).returncode == 0
    [old] = platform.releases
    assert developer.push(platform).returncode == 0
    assert (old.killed, old.processes()) == (True, [])
    assert old.stop_seconds >= 3.0


def test_lost(start: Start, developer: Developer) -> None:
    """A request that a release lets fall is 502, and is counted; nobody asks again."""
    platform = start(HEROKU)
    developer.write("Procfile", "web: python stubborn.py\n")
    developer.write("stubborn.py", STUBBORN)
    assert developer.push(platform).returncode == 0
    client = http.client.HTTPConnection("127.0.0.1", platform.router.port, timeout=20)
    client.request("GET", "/cut")
    assert client.getresponse().status == 502
    client.close()
    [release], [lost] = platform.releases, platform.router.lost
    assert release.log.count("asked to cut") == 1
    assert "GET /cut" in lost


def test_other_branches(start: Start, developer: Developer) -> None:
    """Only one branch is deployed."""
    platform = start(HEROKU)
    done = developer.push(platform, "other")
    assert done.returncode != 0
    assert "only refs/heads/main is deployed" in done.stdout
    assert platform.releases == []
