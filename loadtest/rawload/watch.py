"""Whether the generator itself was the limit: how long its event loop had nothing to do."""

from pathlib import Path
from time import perf_counter_ns, process_time_ns

from gevent.hub import get_hub

# A loop that waits less than this share of the time would have asked more if it could.
IDLE_ENOUGH = 0.05
# With arrivals of its own a request may leave this late, at the 99th percentile.
LAG_ENOUGH_US = 1000.0


class Watch:
    """Measures the event loop of this process from `start` to `stop`.

    libev calls a prepare watcher before it waits for events and a check watcher after: between the
    two it slept, or it was awake and the machine ran somebody else. The kernel counts the second
    (/proc/PID/schedstat), and it is taken off: the share is never too high.
    """

    def __init__(self) -> None:
        loop = get_hub().loop
        self._prepare, self._check = loop.prepare(), loop.check()
        self._waiting = 0
        self._waited_ns = 0
        self._delayed_ns = 0
        self._begun_ns = 0
        self._cpu_ns = 0
        self.idle = 0.0
        self.cpu_seconds = 0.0

    def start(self) -> None:
        """From now on."""
        self._waited_ns = self._waiting = 0
        self._delayed_ns = _delayed_ns()
        self._cpu_ns = process_time_ns()
        self._begun_ns = perf_counter_ns()
        self._prepare.start(self._before)
        self._check.start(self._after)

    def stop(self) -> None:
        """Until now: idle is a share of the time, cpu_seconds this process's own."""
        self._prepare.stop()
        self._check.stop()
        idle_ns = self._waited_ns - (_delayed_ns() - self._delayed_ns)
        self.idle = max(idle_ns, 0) / max(perf_counter_ns() - self._begun_ns, 1)
        self.cpu_seconds = (process_time_ns() - self._cpu_ns) / 1e9

    def _before(self) -> None:
        self._waiting = perf_counter_ns()

    def _after(self) -> None:
        if self._waiting:
            self._waited_ns += perf_counter_ns() - self._waiting
            self._waiting = 0


def _delayed_ns() -> int:
    """How long this thread has been ready to run and did not; 0 where the kernel does not say."""
    try:
        return int(Path("/proc/thread-self/schedstat").read_text().split()[1])
    except (OSError, ValueError, IndexError):
        return 0


def limited(idle: float, lag_us: float, rate: float) -> str:
    """Why the generator was the limit; "" where it was not. rate: 0 for none of its own."""
    if rate:
        if lag_us > LAG_ENOUGH_US:
            return f"1 % of the requests left more than {lag_us / 1000:.1f} ms late"
    elif idle < IDLE_ENOUGH:
        return f"it was idle for {idle:.1%} of the time"
    return ""
