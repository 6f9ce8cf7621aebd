"""One comparison from the first server's start to the last one's stop."""

import tempfile
import time
from collections.abc import Mapping
from pathlib import Path

from bench.cores import find_cores
from loadtest.comparison import facts
from loadtest.comparison.disturbance import disturbances
from loadtest.comparison.loads import KEEP_ALIVE
from loadtest.comparison.options import Options
from loadtest.comparison.probe import probe
from loadtest.comparison.progress import say
from loadtest.comparison.rounds import Rounds
from loadtest.comparison.servers import RUNNING, Contender, started
from loadtest.comparison.verdicts import judge
from loadtest.rawload.target import TargetError
from loadtest.report.model import Report


class Comparison:
    """Measures what the options ask for; its report holds what has been found so far."""

    def __init__(self, options: Options) -> None:
        self._options = options
        self._begun = time.monotonic()
        self._facts: Mapping[str, str] = {}
        self._absent: list[str] = []
        self._missing: list[str] = []
        self._rounds: Rounds | None = None

    def measure(self) -> None:
        """All of it. Raises TargetError and NotMeasured where nothing can be measured, and leaves
        no process behind."""
        with tempfile.TemporaryDirectory(prefix="loadtest-") as name:
            folder = Path(name)
            # nginx gives up root's rights and must still reach the folder it was given.
            folder.chmod(0o755)
            if self._options.target:
                self._measure_running(folder)
            else:
                self._measure_started(folder)

    @property
    def incomplete(self) -> bool:
        """Whether something that was asked for could not be measured; time that ran out is not
        meant."""
        return bool(self._absent) or (self._rounds is not None and self._rounds.broken)

    def report(self, more: str = "") -> Report:
        """What was found. more: something else that is missing."""
        runs = self._rounds.runs if self._rounds else []
        missing = [*self._absent, *self._missing, *(self._rounds.missing if self._rounds else ())]
        verdicts = judge(self._options.thresholds, runs)
        missing += [*disturbances(runs), *([more] if more else [])]
        return Report(self._facts, runs, verdicts, missing)

    def _measure_running(self, folder: Path) -> None:
        options = self._options
        probe(options.target, options.path)
        pid = options.server_pid
        if pid and not Path(f"/proc/{pid}").exists():
            raise TargetError(f"--server-pid {pid}: no such process runs here")
        self._facts = facts.of_running(options)
        contender = Contender(RUNNING, options.target, pid, path=options.path)
        self._rounds = Rounds(options, [contender], None, folder, self._begun)
        self._rounds.play()

    def _measure_started(self, folder: Path) -> None:
        options, cores = self._options, find_cores()
        say(cores.note)
        self._facts = facts.of_servers(options, cores.note)
        with started(options.servers, cores, folder) as servers:
            for text in servers.missing:
                say(text)
                self._absent.append(" ".join(text.split()))
            closing = [each.name for each in servers.contenders if not each.keeps]
            if closing and (KEEP_ALIVE in options.modes or options.rates):
                self._missing.append(
                    f"{', '.join(closing)}: only with a connection per request, for they keep none"
                )
            if servers.contenders:
                self._rounds = Rounds(options, servers.contenders, cores.load, folder, self._begun)
                self._rounds.play()
