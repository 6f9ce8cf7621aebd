"""Requests that wait for another one, in threads: where each waits, and how all are let go.

Knows nothing of HTTP. Reaches the threads of its own process only; a thread that waits here is one
that answers nobody else.
"""

import threading


class Lot:
    """The parked requests of one process."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._parked: set[threading.Event] = set()

    def park(self, seconds: float) -> bool:
        """Wait until somebody releases, at most so long. Gives whether somebody did."""
        released = threading.Event()
        with self._lock:
            self._parked.add(released)
        released.wait(seconds)
        with self._lock:  # a release that came with the last second has counted this one
            self._parked.discard(released)
            return released.is_set()

    def release(self) -> int:
        """Let all of them go. Gives how many that were."""
        with self._lock:
            parked, self._parked = self._parked, set()
            for each in parked:
                each.set()
        return len(parked)
