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
import threading
from collections.abc import Callable
from pathlib import Path
from types import TracebackType

from tests.platforms.buildpack import Refused, Say, build
from tests.platforms.profile import Profile
from tests.platforms.release import Release
from tests.platforms.router import Router

ROOT = Path(__file__).parents[2]


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
        self._hook = _hook_server(folder / "hook", self._receive)
        self._thread = threading.Thread(target=self._hook.serve_forever, args=(0.05,))

    def __enter__(self) -> "Platform":
        git = ["git", "init", "--quiet", "--bare", "--initial-branch=main", str(self.repository)]
        subprocess.run(git, check=True)
        (self._folder / "sources").mkdir()
        hook = self.repository / "hooks" / "pre-receive"
        receive = ("-m", "tests.platforms.receive", self._folder / "hook", self._folder / "sources")
        command = shlex.join(map(str, (sys.executable, *receive)))
        hook.write_text(f"#!/bin/sh\nPYTHONPATH={shlex.quote(str(ROOT))} exec {command}\n")
        hook.chmod(0o755)
        self.router.__enter__()
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._hook.shutdown()
        self._thread.join(10)
        self._hook.server_close()
        for each in self.releases:
            each.destroy()
        self.router.__exit__(kind, error, trace)

    # ---- what its owner does, besides git push

    def configure(self, **settings: str) -> None:
        """Set variables: a new release of what runs, with them. Raises Refused, and then
        everything is as it was."""
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
    """A port that nobody has, and no client is given: the kernel takes those from 32768 on."""
    while True:
        port = random.randrange(20_000, 30_000)
        with contextlib.suppress(OSError), socket.create_server(("", port)):
            return port


def _hook_server(
    address: Path, receive: Callable[[Path, Say], bool]
) -> socketserver.UnixStreamServer:
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

    return socketserver.UnixStreamServer(os.fspath(address), Conversation)
