"""The part of a test that the master does, or the only process: it hands out the requests, gathers
what came of them, and says what it is worth.

Each process is told its share when all users are there, and answers when it has sent it: the sum is
exact, however many processes there are.
"""

import logging
import shlex
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import gevent
from locust.runners import STATE_MISSING, MasterRunner

from loadtest.facts import gather_facts
from loadtest.rawload import service
from loadtest.rawload.gathered import Asked, Used, gather
from loadtest.rawload.ledger import SECOND_NS
from loadtest.rawload.performer import BEGUN, HALT, ORDER, OUTCOME, raw_users
from loadtest.rawload.phase import Order, Outcome
from loadtest.rawload.stock import CSV_S
from loadtest.report.model import Report
from loadtest.report.writing import write
from loadtest.thresholds import figures_of, parse_thresholds

LIMITED = (
    "The generator was the limit, which is exit code 4: what is shown is a bound. More cores and"
    " --processes lift it, --accept-limited takes it as it is."
)
# Exit codes, beside locust's own for failed requests.
MISSED, VOID = 3, 4
LOCAL = "local"
POLL_S = 0.05
POLLS_A_LINE = 20
# Beyond what an answer may take: for messages, and for counting up.
LATE_S = 5.0

logger = logging.getLogger(__name__)


class Conductor:
    """Conducts each test of one locust, from `spawning_complete` to the report.

    done: how many requests of the phase this process has made.
    """

    def __init__(self, environment: Any, done: Callable[[], int]) -> None:
        self._environment = environment
        self._options = environment.parsed_options
        self._runner = environment.runner
        self._done = done
        self._users: dict[str, int] = {}
        self._conducting: gevent.Greenlet[Any] | None = None
        self._outcomes: dict[bool, dict[str, Outcome]] = {}
        self._lost: set[str] = set()
        self._cpu_seconds = 0.0
        self._most_users = 0
        self.report: Report | None = None
        self.exit_code = 0
        self._runner.register_message(OUTCOME, self._on_outcome)
        self._runner.register_message(BEGUN, self._on_begun)
        events = environment.events
        events.test_start.add_listener(self._on_test_start)
        events.spawning_complete.add_listener(self._on_spawning_complete)
        events.test_stopping.add_listener(self._on_test_stopping)
        events.test_stop.add_listener(self._on_test_stop)

    def _on_test_start(self, **_: object) -> None:
        self._conducting = None
        self._outcomes = {False: {}, True: {}}
        self._lost = set()
        self._cpu_seconds = 0.0
        self._most_users = 0
        self.report = None
        self.exit_code = VOID  # until there is a report

    def _on_spawning_complete(self, **_: object) -> None:
        """Shapes complete their spawning again and again: the first time counts."""
        self._most_users = max(self._most_users, self._runner.target_user_count)
        if self._options.requests and self._conducting is None and self._count_users():
            self._conducting = gevent.spawn(self._conduct)

    def _on_outcome(self, environment: Any, msg: Any, **_: object) -> None:
        outcome = Outcome(**msg.data)
        self._outcomes[outcome.measured][msg.node_id] = outcome

    def _on_begun(self, **_: object) -> None:
        if not self._cpu_seconds:
            self._cpu_seconds = self._server_seconds()

    def _on_test_stopping(self, **_: object) -> None:
        """Nothing more is sent, and what was measured comes in while somebody listens for it."""
        if self._is_master:
            self._runner.send_message(HALT)
            if not self._options.requests:
                self._users = self._count_users()
                self._await(True, self._options.give_up + LATE_S)

    def _on_test_stop(self, **_: object) -> None:
        if self._conducting is None:
            if any(getattr(each, "raw", False) for each in self._environment.user_classes):
                self._finish()
        elif gevent.getcurrent() is not self._conducting:
            self._conducting.join(self._options.give_up + LATE_S)

    # ---- exactly so many requests

    def _conduct(self) -> None:
        self._users = self._count_users()
        options = self._options
        try:
            self._perform(False, options.warmup)
            if not all_failed(self._outcomes[False].values()):
                self._environment.stats.reset_all()
                self._cpu_seconds = self._server_seconds()
                self._perform(True, options.requests)
            self._finish()
        except Exception:
            # Nobody else would end the test; it has no report, and the exit code of a void run.
            logger.exception("the test broke")
            raise
        finally:
            if options.headless:
                self._runner.quit()
            else:
                self._runner.stop()

    def _perform(self, measured: bool, total: int) -> None:
        """Have so many sent, by all processes together."""
        if not total:
            return
        rate, everybody = self._options.rate, sum(self._users.values())
        for number, (node, tickets) in enumerate(split(total, self._users).items()):
            share = self._users[node] / everybody
            # Evenly spaced over all processes, too.
            offset = int(number / len(self._users) / rate * SECOND_NS) if rate else 0
            order = Order(measured, tickets, rate * share, self._options.arrivals, offset)
            to = {"client_id": node} if self._is_master else {}
            self._runner.send_message(ORDER, asdict(order), **to)
        self._await(measured)

    def _await(self, measured: bool, at_most_s: float = 0.0) -> None:
        """Until each process has answered, has left, or for so long."""
        waited = 0
        while missing := self._users.keys() - self._outcomes[measured].keys() - self._lost:
            if left := missing & self._gone():
                self._lost |= left
                self._runner.send_message(HALT)  # what the others still did would count for nothing
            gevent.sleep(POLL_S)
            waited += 1
            if at_most_s and waited * POLL_S > at_most_s:
                self._lost |= missing
            elif self._options.requests and waited % POLLS_A_LINE == 0:
                self._tell_progress(measured)

    def _tell_progress(self, measured: bool) -> None:
        """A line for whoever waits; standard output is the report's."""
        what = "measured" if measured else "warmed up"
        if self._is_master:
            count = f"{len(self._outcomes[measured])} of {len(self._users)} processes have ended"
        else:
            total = self._options.requests if measured else self._options.warmup
            count = f"{self._done():,} of {total:,} requests"
        print(f"{what}: {count}", file=sys.stderr, flush=True)

    def _gone(self) -> set[str]:
        if not self._is_master:
            return set()
        here = {each.id for each in self._runner.clients.all if each.state != STATE_MISSING}
        return self._users.keys() - here

    # ---- who is there

    @property
    def _is_master(self) -> bool:
        return isinstance(self._runner, MasterRunner)

    def _count_users(self) -> dict[str, int]:
        """How many users each process has; those without any have nothing to do."""
        everywhere = {LOCAL: self._runner.user_classes_count}
        if self._is_master:
            everywhere = {each.id: each.user_classes_count for each in self._runner.clients.all}
        counts = {
            node: sum(raw_users(self._environment, classes).values())
            for node, classes in everywhere.items()
        }
        return {node: count for node, count in counts.items() if count}

    def _server_seconds(self) -> float:
        return service.cpu_seconds(self._options.server_pid) if self._options.server_pid else 0.0

    def _used(self) -> Used | None:
        """What the server took; None where nobody watches it, or it has ended."""
        if not self._options.server_pid:
            return None
        try:
            spent = self._server_seconds() - self._cpu_seconds
            return Used(spent, service.peak_bytes(self._options.server_pid))
        except service.NoServiceError as error:
            logger.error("the server was not watched to its end: %s", error)
            return None

    # ---- the report

    def _facts(self) -> dict[str, str]:
        users = self._environment.user_classes
        return {
            **gather_facts(),
            "target": self._environment.host or users[0].host,
            "users": ", ".join(each.__name__ for each in users),
            "asked for": shlex.join(sys.argv[1:]),
        }

    def _finish(self) -> None:
        options = self._options
        asked = Asked(
            options.label,
            options.connections,
            self._most_users,
            options.requests,
            options.rate,
            options.arrivals,
            options.warmup,
        )
        warm, measured = (list(self._outcomes[which].values()) for which in (False, True))
        run = gather(asked, warm, measured, self._used(), sorted(self._lost))
        verdicts = [each.judge(figures_of(run)) for each in parse_thresholds(options.threshold)]
        if run.failed or any(each.ledger["failures"] for each in warm):
            self.exit_code = options.exit_code_on_error
        elif run.void or (run.generator.limited and not options.accept_limited):
            self.exit_code = VOID
        else:
            self.exit_code = 0 if all(each.met for each in verdicts) else MISSED
        missing = [LIMITED] if run.generator.limited and not options.accept_limited else []
        self.report = Report(self._facts(), [run], verdicts, missing)
        try:
            write(self.report, Path(options.out))
        except OSError as error:
            logger.error("the report cannot be written: %s", error)
        else:
            print(f"report: {options.out}/index.html", file=sys.stderr)
        if options.csv_prefix:
            gevent.sleep(2 * CSV_S)


def all_failed(outcomes: Iterable[Outcome]) -> bool:
    """Whether nothing was answered as it must be: to measure that would only take time."""
    requests = failed = 0
    for each in outcomes:
        requests += each.requests
        failed += sum(each.ledger["failures"].values())
    return 0 < requests == failed


def split(total: int, users: Mapping[str, int]) -> dict[str, int]:
    """Shares of a whole by numbers of users; their sum is exact."""
    everybody, given, seen = sum(users.values()), 0, 0
    shares = {}
    for node, count in users.items():
        seen += count
        shares[node] = total * seen // everybody - given
        given += shares[node]
    return shares
