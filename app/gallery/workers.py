"""Several processes on one listening socket, each serving a way by itself (pre-fork).

Refuses to be a process manager: a worker that dies is not replaced, and takes the others along.
That is gunicorn's business.
"""

import os
import secrets
import signal
import socket
import sys
import traceback
from collections.abc import Mapping
from types import FrameType
from typing import Any

from app.gallery.ways import Serve

# What a process does on each when nobody has said otherwise. A shell that starts a job in the
# background has said otherwise: the terminal's SIGINT is not for it. Ours is for our children.
STOPPING: Mapping[int, Any] = {
    signal.SIGTERM: signal.SIG_DFL,
    signal.SIGINT: signal.default_int_handler,
}
INTERRUPTED = 130  # the exit code after Ctrl-C, by the shells' custom


def serve_with(serve: Serve, sock: socket.socket, count: int) -> int:
    """Serve in so many processes until a signal, or until one of them ends. Gives the exit code:
    the first that is not 0."""
    os.environ.setdefault("SERVICE_ID", secrets.token_hex(8))  # by it they know each other
    children: set[int] = set()
    told: list[int] = []  # the signals that came, also before the last child was there

    def tell(number: int, frame: FrameType | None) -> None:
        told.append(number)
        for child in children:
            os.kill(child, number)

    for each in STOPPING:
        signal.signal(each, tell)
    # A child that were told while it still has its parent's handlers would tell nobody.
    signal.pthread_sigmask(signal.SIG_BLOCK, STOPPING)
    for _ in range(count):
        child = os.fork()
        if child == 0:
            _serve_and_exit(serve, sock)
        children.add(child)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, STOPPING)
    sock.close()
    for number in told:
        for child in children:
            os.kill(child, number)
    return _wait_for(children, told)


def _serve_and_exit(serve: Serve, sock: socket.socket) -> None:
    """A child's whole life: it must never return into what its parent was doing."""
    code = 1
    try:
        for each, handler in STOPPING.items():
            signal.signal(each, handler)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, STOPPING)
        serve(sock)
        code = 0
    except KeyboardInterrupt:
        code = INTERRUPTED
    except SystemExit as end:
        if isinstance(end.code, str):
            print(end.code, file=sys.stderr)
        code = end.code if isinstance(end.code, int) else int(end.code is not None)
    except BaseException:  # noqa: BLE001  whatever it is, it ends here
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def _wait_for(children: set[int], told: list[int]) -> int:
    first = 0
    while children:
        child, status = os.wait()
        children.discard(child)
        code = abs(os.waitstatus_to_exitcode(status))
        if not told:  # one fewer is not what was asked for
            told.append(signal.SIGTERM)
            for each in children:
                os.kill(each, signal.SIGTERM)
        elif code in (*STOPPING, INTERRUPTED):
            code = 0  # it was told before it could listen
        first = first or code
    return first
