"""snow's event loop: futures, and a selector that resumes generators.

A task is a generator with a socket. It yields what it waits for:
- `(READ, until)` or `(WRITE, until)`: its socket to have something, or room for something;
- a future: somebody to call `set_result`;
- nothing: the others to have had their turn.
The loop sleeps in `select` until one of these has come for some task, or its time is up, and
resumes that task, with the future's result or with an exception. There is nothing else to it.

Nobody asks futures whether they are ready: `set_result` puts who waits for one in line, and a heap
of alarms says how long `select` may sleep. Not for threads. Knows nothing of HTTP.
"""

import logging
import math
import selectors
import socket
from collections import deque
from collections.abc import Callable, Generator
from heapq import heappop, heappush
from itertools import count
from time import monotonic
from typing import Any, Protocol, TypeVar

from app.httpd.errors import ClientGone

READ, WRITE = selectors.EVENT_READ, selectors.EVENT_WRITE
FOREVER = math.inf

T = TypeVar("T")
Callback = Callable[[Any, Any], Any]  # of a request and the future that is ready
Steps = Generator[Any, Any, T]  # yields what it waits for, and returns T

log = logging.getLogger("slipway.error")


class Peer(Protocol):
    """The other end of a task's socket, which may leave while the task waits for a future."""

    @property
    def watched(self) -> int:
        """READ, or 0 where no more is to be read now."""
        ...

    def receive(self) -> None:
        """Something came. Raises OSError if it is the end of the connection."""
        ...


class Expired(TimeoutError):
    """The time of what was waited for is up."""


class Future:
    """What is not there yet. timeout: seconds from now on, None for any time.

    callback: makes the answer of it, when it is there, instead of the generator that yields it.
    """

    def __init__(self, callback: Callback | None = None, timeout: float | None = None) -> None:
        self.callback = callback
        self.due = FOREVER if timeout is None else monotonic() + timeout
        self.ready = False
        self.result: Any = None
        self.waiting: set[Task] = set()

    def set_result(self, result: Any = None) -> None:
        """It is there: who waits for it goes on in the next turn. Only the first one counts."""
        if not self.ready:
            self.ready, self.result = True, result
            for task in self.waiting:
                task.line.append(task)


class TimeoutFuture(Future):
    """One that is ready when so many seconds have gone by."""

    def __init__(self, seconds: float, callback: Callback | None = None) -> None:
        super().__init__(callback, seconds)


class Task:
    """A generator, what it waits for, and the socket that it is about.

    wanted: what it has yielded: (events, until), a Future, or None. due: when that ends. alarm:
    when the heap will look at it, at the latest when it is due. line: where to go on from.
    """

    __slots__ = ("alarm", "peer", "due", "ended", "events", "fd", "line", "sock", "steps",
                 "wanted")  # fmt: skip

    def __init__(
        self, steps: Steps[None], sock: socket.socket, peer: Peer | None, line: "deque[Task]"
    ) -> None:
        self.steps = steps
        self.sock = sock
        self.fd = sock.fileno()
        self.peer = peer
        self.line = line
        self.wanted: Any = None
        self.events = 0  # that the selector looks out for
        self.due = self.alarm = FOREVER
        self.ended = False


class Loop:
    """Resumes generators: each when what it waits for has come, or its time is up."""

    def __init__(self) -> None:
        self.tasks: set[Task] = set()
        # Not select.select: that one ends at descriptor 1024, and looks at all of them each time.
        self._selector = selectors.DefaultSelector()
        self._line: deque[Task] = deque()  # those that go on without waiting for a socket
        self._alarms: list[tuple[float, int, Task]] = []
        self._number = count()  # of two alarms at one time the first comes first

    def start(self, steps: Steps[None], sock: socket.socket, peer: Peer | None = None) -> Task:
        """Run a generator until it waits. The socket is closed when it ends."""
        task = Task(steps, sock, peer, self._line)
        self.tasks.add(task)
        self._step(task)
        return task

    def turn(self) -> None:
        """One turn: wait until something has happened, and go on with those it happened to."""
        for key, _ in self._selector.select(self._patience()):
            task: Task = key.data
            if type(task.wanted) is tuple:
                self._step(task)
            elif not task.ended:
                self._watch(task)
        for _ in range(len(self._line)):  # who gets in line meanwhile has the next turn
            task = self._line.popleft()
            if task.wanted is None:
                self._step(task)
            elif isinstance(task.wanted, Future) and task.wanted.ready:
                self._step(task, task.wanted.result)
        now = monotonic()
        while self._alarms and self._alarms[0][0] <= now:
            self._ring(*heappop(self._alarms))

    def _patience(self) -> float | None:
        if self._line:
            return 0
        return max(0, self._alarms[0][0] - monotonic()) if self._alarms else None

    def _step(self, task: Task, told: Any = None, error: BaseException | None = None) -> None:
        """Resume a generator, with a result or an error, until it waits again."""
        if task.ended:
            return
        if isinstance(task.wanted, Future):
            task.wanted.waiting.discard(task)
        try:
            wanted = task.steps.send(told) if error is None else task.steps.throw(error)
        except StopIteration:
            self.end(task)
            return
        except Exception:
            log.exception("a connection failed")
            self.end(task)
            return
        task.wanted = wanted
        if type(wanted) is tuple:
            events, task.due = wanted
        else:
            events, task.due = self._get_in_line(task, wanted)
        if events != task.events:
            self._look_out(task, events)
        if task.due < task.alarm:
            self._set_alarm(task)

    def _get_in_line(self, task: Task, future: Future | None) -> tuple[int, float]:
        """At once, or when the future is ready. Gives what to look out for, and until when."""
        if future is None or future.ready:
            task.line.append(task)
            due = FOREVER
        else:
            future.waiting.add(task)
            due = future.due
        return (task.peer.watched if task.peer else 0), due

    def _look_out(self, task: Task, events: int) -> None:
        if not events:
            self._selector.unregister(task.fd)
        elif not task.events:
            self._selector.register(task.fd, events, task)
        else:
            self._selector.modify(task.fd, events, task)
        task.events = events

    def _watch(self, task: Task) -> None:
        """A client that waits for its answer has said something, or left."""
        if task.peer is None:
            return
        try:
            task.peer.receive()
        except OSError:
            self._step(task, error=ClientGone())
            return
        if task.peer.watched != task.events:
            self._look_out(task, task.peer.watched)

    # ---- time

    def _set_alarm(self, task: Task) -> None:
        """One entry in the heap does for many waits: most end long before they are due, and the
        alarm then goes on to when the next one is."""
        task.alarm = task.due
        heappush(self._alarms, (task.due, next(self._number), task))

    def _ring(self, alarm: float, _: int, task: Task) -> None:
        if alarm != task.alarm or task.ended:
            return  # an earlier one has taken its place
        task.alarm = FOREVER
        if task.due > monotonic():
            if task.due < FOREVER:
                self._set_alarm(task)
        elif isinstance(task.wanted, TimeoutFuture):
            task.wanted.set_result()
        else:
            self.expire(task)

    def expire(self, task: Task) -> None:
        """What this task waits for has not come in time; unless it has, this very turn."""
        if type(task.wanted) is tuple or (task.wanted and not task.wanted.ready):
            self._step(task, error=Expired())

    def hasten(self, task: Task, due: float) -> None:
        """Let it wait no longer than this."""
        task.due = min(task.due, due)
        if task.due < task.alarm:
            self._set_alarm(task)

    # ---- the end

    def end(self, task: Task) -> None:
        """The end of a task, by itself or not."""
        if task.ended:
            return
        task.ended = True
        if isinstance(task.wanted, Future):
            task.wanted.waiting.discard(task)
        try:
            task.steps.close()
        except Exception:
            log.exception("a connection failed when it was to end")
        if task.events:
            self._look_out(task, 0)
        task.sock.close()
        self.tasks.discard(task)
        task.wanted = task.peer = None  # the heap may know the task for a while

    def close(self) -> None:
        """End all tasks."""
        for task in list(self.tasks):
            self.end(task)
        self._selector.close()
