"""How the number of users changes in a test: up to --users, within --run-time.

locust -f loadtest/locustfile.py --headless -u 200 --run-time 5m --shape step Routes
"""

from collections.abc import Mapping

from locust import LoadTestShape

# Where nothing else is said.
USERS, SECONDS = 100, 60.0
STEPS = 10


class Shape(LoadTestShape):
    """A course of users over the whole run, both from 0 to 1."""

    abstract = True
    use_common_options = True

    def course(self, progress: float) -> float:
        """The share of the users that there are at this part of the run."""
        raise NotImplementedError

    def tick(self) -> tuple[int, float] | None:
        """How many users now, and how many may come a second; None at the end."""
        options = self.runner.environment.parsed_options if self.runner else None
        users = getattr(options, "num_users", None) or USERS
        seconds = getattr(options, "run_time", None) or SECONDS
        progress = self.get_run_time() / seconds  # type: ignore[no-untyped-call]
        if progress >= 1:
            return None
        # All that are due come within the second until the next tick.
        return max(1, round(users * self.course(progress))), float(users)


class Step(Shape):
    """Ten steps of equal height: where does the latency leave the ground?"""

    def course(self, progress: float) -> float:
        return (int(progress * STEPS) + 1) / STEPS


class Ramp(Shape):
    """Up for half of the time, then as many until the end."""

    def course(self, progress: float) -> float:
        return min(1.0, progress * 2)


class Spike(Shape):
    """A tenth of the users, all of them for a fifth of the time, and a tenth again: does it get
    well?"""

    def course(self, progress: float) -> float:
        return 1.0 if 0.4 <= progress < 0.6 else 0.1


class Soak(Shape):
    """All users, after a short ramp, for hours: what grows?"""

    def course(self, progress: float) -> float:
        return min(1.0, progress * 20)


SHAPES: Mapping[str, type[Shape]] = {
    "step": Step,
    "ramp": Ramp,
    "spike": Spike,
    "soak": Soak,
}
