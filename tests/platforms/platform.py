"""A platform that runs a Procfile, small enough to read: a bare repository whose hook builds,
releases, starts and switches, and a router in front.

What differs between platforms is in the profile. Nothing of it is a container: releases are
processes of this machine, which share its ports.
"""

import contextlib
import os
import random
import shlex
import socket
import socketserver
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

from tests.platforms.buildpack import Refused, Say, build
from tests.platforms.profile import Profile
from tests.platforms.release import Release
from tests.platforms.router import Router

ROOT = Path(__file__).parents[2]
# git's. Of whoever runs the tests nothing counts: in a hook or a rebase GIT_DIR is their own
# repository, which would be committed to, and their settings may sign commits or put hooks
# elsewhere.
ENVIRON = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
ENVIRON |= {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
ENVIRON |= {f"GIT_{who}_NAME": "a" for who in ("AUTHOR", "COMMITTER")}
ENVIRON |= {f"GIT_{who}_EMAIL": "a@example.org" for who in ("AUTHOR", "COMMITTER")}


class Platform:
    """One application on one platform. folder: for its files. cache: for what is built once.

    settings: what its owner has set. current: the release that has the traffic.
    """

    def __init__(self, profile: Profile, folder: Path, cache: Path, **settings: str) -> None:
        # given
        self.profile = profile
        self.settings = {"WEB_CONCURRENCY": "2", **settings}
        self._folder = folder
        self._cache = cache
        # of its life
        self.router = Router(profile)
        self.repository = folder / "app.git"
        self.current: Release | None = None
        self.releases: list[Release] = []
        self._ends = contextlib.ExitStack()

    def __enter__(self) -> "Platform":
        git = ["git", "init", "--quiet", "--bare", "--initial-branch=main", str(self.repository)]
        subprocess.run(git, env=ENVIRON, check=True)
        (self._folder / "sources").mkdir()
        with contextlib.ExitStack() as ends:
            # An address of a socket is at most 107 bytes long: the test's own folder may be deeper.
            address = Path(ends.enter_context(tempfile.TemporaryDirectory())) / "hook"
            self._write_hook(address)
            ends.enter_context(_listening(address, self._receive))
            ends.enter_context(self.router)
            ends.callback(self._destroy)
            self._ends = ends.pop_all()
        return self

    def _write_hook(self, address: Path) -> None:
        receive = ("-m", "tests.platforms.receive", address, self._folder / "sources")
        command = shlex.join(map(str, (sys.executable, *receive)))
        hook = self.repository / "hooks" / "pre-receive"
        hook.write_text(f"#!/bin/sh\nPYTHONPATH={shlex.quote(str(ROOT))} exec {command}\n")
        hook.chmod(0o755)

    def __exit__(self, *_: object) -> None:
        self._ends.close()

    def _destroy(self) -> None:
        with contextlib.ExitStack() as releases:
            for each in self.releases:
                releases.callback(each.destroy)

    # ---- what its owner does, besides git push

    def configure(self, **settings: str) -> None:
        """Set variables: a new release of what runs, with them. Raises Refused, and then
        everything is as it was, the variables too, which real platforms may keep."""
        before = self.settings
        self.settings = {**before, **settings}
        try:
            self._deploy(self._running().source, lambda _: None)
        except Refused:
            self.settings = before
            raise

    def _running(self) -> Release:
        if self.current is None:
            raise LookupError("nothing was deployed yet")
        return self.current

    # ---- a deploy

    def _receive(self, source: Path, say: Say) -> bool:
        try:
            self._deploy(source, say)
        except Refused as why:
            say(f" !     {why}")
            return False
        return True

    def _deploy(self, source: Path, say: Say) -> None:
        environment = build(source, self._cache, self.profile.buildpack, say)
        old, new = self.current, self._new_release(source, environment)
        if self.profile.overlap:
            self._try(new, say)
            self._switch(new, say)
        if old is not None:
            old.stop(self.profile)
        if not self.profile.overlap:
            self._try(new, say)
            self._switch(new, say)

    def _try(self, new: Release, say: Say) -> None:
        """Release it, start it, and wait until it is ready. Raises Refused."""
        if not self.profile.judges:
            new.start()
            return
        try:
            say("-----> release")
            say(new.prepare())
            new.start()
            new.wait_ready("/readyz", self.profile.boot)
        except Refused:
            new.destroy()
            raise

    def _switch(self, new: Release, say: Say) -> None:
        self.current, self.router.backend = new, new.port
        say(f"-----> serves on {new.port}")

    def _new_release(self, source: Path, environment: Path) -> Release:
        port = free_port()
        environ = {**self.profile.environ, **self.settings}
        if self.profile.address:
            environ["BIND_ADDRESS"] = self.profile.address
        release = Release(source, environment, environ, port)
        self.releases.append(release)
        return release


def free_port() -> int:
    """A port that nobody has, and no client is given: the kernel takes those from 32768 on, unless
    told otherwise."""
    while True:
        port = random.randrange(20_000, 30_000)
        with contextlib.suppress(OSError), socket.create_server(("", port)):
            return port


@contextlib.contextmanager
def _listening(address: Path, receive: Callable[[Path, Say], bool]) -> Iterator[None]:
    """Whom the hook asks: a line with a folder for us, lines for who has pushed, then the end."""

    class Conversation(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            source = Path(self.rfile.readline().decode().rstrip("\n"))

            def say(text: str) -> None:
                self.wfile.write(f"{text}\n".encode())

            try:
                self.wfile.write(b"done\n" if receive(source, say) else b"refused\n")
            except Exception as error:
                say(f"the platform has failed: {error!r}")
                raise

    with socketserver.UnixStreamServer(os.fspath(address), Conversation) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield
        finally:
            server.shutdown()
            thread.join()
