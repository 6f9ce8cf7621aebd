"""How long measurements have taken, and what is to be expected of those to come. Pure."""

from collections.abc import Iterable

from loadtest.comparison.loads import OPEN_S, Load, Step

# Locust's own start and end, the warm-up, arrivals that wait: until it has been seen.
AROUND_S = 4.0
UNSEEN_S = 10.0
# The machine may be slower next time.
MARGIN = 1.15
# A measurement that takes this many times as long as was to be expected will not end.
STUCK, STUCK_S = 5.0, 60.0
# Of a server that was not seen yet: nobody waits for a slower one.
SLOWEST_RPS = 500.0


class Pace:
    """Seconds by server and load, from the start of locust to its end."""

    def __init__(self) -> None:
        self._took: dict[tuple[Load, str], float] = {}

    def took(self, step: Step, seconds: float) -> None:
        """Remember the longest."""
        key = (step.load, step.server)
        self._took[key] = max(seconds, self._took.get(key, 0.0))

    def expect(self, steps: Iterable[Step]) -> float:
        """Seconds that these will take, at worst."""
        return sum(self._expect_one(step) for step in steps)

    def fits(self, steps: Iterable[Step], left_s: float) -> bool:
        """Whether they will have ended by then; what was never tried is given a chance."""
        steps = list(steps)
        if not self._took:
            return left_s > 0
        return self.expect(steps) * MARGIN <= left_s

    def patience(self, step: Step, requests: int) -> float:
        """Seconds after which one is given up."""
        if (known := self._known(step)) is not None:
            return max(STUCK_S, STUCK * known)
        return STUCK_S + requests / SLOWEST_RPS

    def _known(self, step: Step) -> float | None:
        return self._took.get((step.load, step.server))

    def _expect_one(self, step: Step) -> float:
        if (known := self._known(step)) is not None:
            return known
        if step.load.rate:
            return OPEN_S + AROUND_S
        seen = list(self._took.values())
        return sum(seen) / len(seen) if seen else UNSEEN_S
