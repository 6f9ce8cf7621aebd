"""The rounds: each measurement in its turn, for as long as the time allows."""

import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from loadtest.comparison import progress
from loadtest.comparison.advice import cures
from loadtest.comparison.loads import (
    Load,
    Part,
    Step,
    closed_loads,
    fewer,
    open_loads,
    parts,
)
from loadtest.comparison.locust_run import Job, NotMeasured, measure
from loadtest.comparison.options import Options
from loadtest.comparison.pace import Pace
from loadtest.comparison.progress import Progress
from loadtest.comparison.servers import Contender
from loadtest.report.model import Run

CHECK_REQUESTS = 1_000
LEAST_S = 30.0


class Rounds:
    """Runs, as they come; what was measured before an interruption is kept.

    core: the one that locust is pinned to. begun: when the command began, of time.monotonic().
    """

    def __init__(
        self,
        options: Options,
        contenders: Sequence[Contender],
        core: int | None,
        folder: Path,
        begun: float,
    ) -> None:
        # given
        self._options = options
        self._contenders = {each.name: each for each in contenders}
        self._core = core
        self._folder = folder
        self._deadline = begun + 60 * options.minutes
        self._progress = Progress(options.rounds, self._contenders)
        # so far
        self._pace = Pace()
        self._requests: dict[tuple[Load, str], int] = {}
        self._later: list[Part] = []
        self._count = 0
        self.runs: list[Run] = []
        self.missing: list[str] = []
        self.broken = False  # whether a run could not be measured

    def play(self) -> None:
        """Check, then measure what fits. Raises NotMeasured where locust makes no load at all."""
        if not self._check():
            return
        self._later = self._plan()
        rounds = 0
        while self._later:
            part = self._later.pop(0)
            if self._pace.fits(part.steps, self._left()) and self._play(part):
                rounds += part.what == "closed"
        wanted = self._options.rounds if self._options.modes else 0
        if rounds < wanted:
            self._miss(
                f"{rounds} of {wanted} rounds fit into the time that was given"
                f" (--minutes {self._options.minutes:g})"
            )
        rates = self._options.rates
        if rates and not any(run.rate for run in self.runs):
            self._miss("the arrivals that do not wait: there was no time for them (--minutes)")

    def _left(self) -> float:
        return self._deadline - time.monotonic()

    # ---- the check

    def _check(self) -> bool:
        """A short run comes first: what cannot work fails now. Where slow servers are asked less,
        each one is tried under each load, and then it is known how slow they are."""
        longest = self._options.longest
        plan = [step for part in self._plan() if part.number == 1 for step in part.steps]
        for step in plan if longest else plan[:1]:
            rps = self._try(step)
            if not rps and not longest:
                self._miss("nothing more was measured: the check had failures")
                return False
            asked = fewer(self._options.requests, rps, longest) if rps else 0
            self._requests[step.load, step.server] = asked
        return True

    def _try(self, step: Step) -> float:
        """Requests a second of a short run; 0 where it failed, which then belongs to the report.
        Raises NotMeasured where locust makes no load and no other server is tried."""
        check = Step(progress.CHECK, step.load, step.server)
        try:
            asked = step.load.requests(self._options.requests)
            run = self._run(check, min(CHECK_REQUESTS, asked))
        except NotMeasured as error:
            if not self._options.longest:
                raise
            self._break(check, error)
            return 0.0
        self._progress.say(f"{self._progress.where(check)} {progress.result(run)}")
        if run.failed or run.void:
            self.runs.append(run)
            self._advise(run)
            return 0.0
        return run.rps

    def _plan(self) -> list[Part]:
        options = self._options
        plan = parts(
            options.rounds,
            closed_loads(options.modes),
            open_loads(options.rates),
            list(self._contenders),
            [name for name, each in self._contenders.items() if not each.keeps],
        )
        return [
            replace(part, steps=steps)
            for part in plan
            if (steps := [each for each in part.steps if self._asked(each)])
        ]

    def _asked(self, step: Step) -> int:
        """How many requests; 0 for those that failed their check."""
        return self._requests.get((step.load, step.server), self._options.requests)

    # ---- the measurements

    def _play(self, part: Part) -> bool:
        """All of a part; False where time ran out in it."""
        for at, step in enumerate(part.steps):
            if self._left() <= 0:
                asked = len(part.steps)
                self._miss(
                    f"the time was over in round {part.number}:"
                    f" {asked - at} of its {asked} runs were not begun"
                )
                return False
            self._measure(step, part.steps[at + 1 :])
        return True

    def _measure(self, step: Step, rest: Sequence[Step]) -> None:
        begun = time.monotonic()
        try:
            run = self._run(step, step.load.requests(self._asked(step)))
        except NotMeasured as error:
            self._pace.took(step, time.monotonic() - begun)
            self._break(step, error)
            return
        self._pace.took(step, time.monotonic() - begun)
        self.runs.append(run)
        left = progress.remaining(self._expect(rest))
        where = self._progress.where(step)
        self._progress.say(f"{where} {progress.result(run)}{left and f', {left}'}")
        self._advise(run)

    def _run(self, step: Step, requests: int) -> Run:
        self._count += 1
        contender = self._contenders[step.server]
        options = self._options
        job = Job(contender, step.load, requests, options.connections, self._core)
        folder = self._folder / f"run-{self._count}"
        at_most_s = min(self._pace.patience(step, requests), max(LEAST_S, self._left()))
        where = self._progress.where(step)

        def waiting(seconds: float) -> None:
            self._progress.wait(f"{where} {seconds:6.1f} s so far")

        run = measure(job, folder, at_most_s, waiting)
        return replace(run, round=step.round)

    def _expect(self, rest: Sequence[Step]) -> float:
        """Seconds to the end, of the parts that will fit."""
        total, left = self._pace.expect(rest), self._left()
        for part in self._later:
            if self._pace.fits(part.steps, left - total):
                total += self._pace.expect(part.steps)
        return total

    # ---- what went wrong

    def _break(self, step: Step, error: NotMeasured) -> None:
        self.broken = True
        self._miss(f"{' '.join(self._progress.where(step).split())}: {error}")

    def _miss(self, text: str) -> None:
        self.missing.append(" ".join(text.split()))
        self._progress.say(text)

    def _advise(self, run: Run) -> None:
        for cure in cures([*run.failures, run.void]):
            if cure not in self.missing:
                self._miss(cure)
