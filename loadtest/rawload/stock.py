"""locust's own statistics, told in batches, and mended where a short run would break them."""

import time
from collections import Counter
from typing import Any

import locust.stats
from locust.stats import StatsEntry

from loadtest.rawload.exchange import Ask

NS_PER_MS = 1_000_000
# How often locust writes its CSV; it writes none at the end, so the end waits for this.
CSV_S = 0.5


class FailedRequest(Exception):
    """What locust's listeners get for a request that failed; its text is the fault."""


def bucket(milliseconds: float) -> float:
    """A response time as locust counts it: to three digits, where its own whole milliseconds would
    show 2 for 1.57."""
    return float(f"{milliseconds:.3g}")


def mend() -> None:
    """Let locust's reports hold for runs of seconds: written often, times not rounded away.

    Seen with 2.47 and 100,000 requests in 1.7 s: 61,000 of them in the CSV, no point of history, a
    median of 2 ms for 1.57.
    """
    locust.stats.HISTORY_STATS_INTERVAL_SEC = 1
    locust.stats.CSV_STATS_INTERVAL_SEC = CSV_S  # type: ignore[assignment]
    locust.stats.CSV_STATS_FLUSH_INTERVAL_SEC = 0
    locust.stats.bucket_response_time = bucket  # type: ignore[assignment]


def tell(environment: Any, ask: Ask, counted: Counter[int]) -> None:
    """Add answers to locust's statistics. counted: latencies in nanoseconds, with how many."""
    entry = StatsEntry(environment.stats, ask.label, ask.method)
    entry.num_requests = counted.total()
    now = time.time()
    entry.last_request_timestamp = now
    entry.num_reqs_per_sec[int(now)] = entry.num_requests
    total: float = 0
    for latency, count in counted.items():
        milliseconds = latency / NS_PER_MS
        total += milliseconds * count
        entry.response_times[bucket(milliseconds)] += count  # type: ignore[index]
    entry.total_response_time = total  # type: ignore[assignment]
    entry.min_response_time = min(counted) / NS_PER_MS  # type: ignore[assignment]
    entry.max_response_time = max(counted) / NS_PER_MS  # type: ignore[assignment]
    if ask.answer is not None:
        entry.total_content_length = len(ask.answer) * entry.num_requests
    environment.stats.entries[(ask.label, ask.method)].extend(entry)
    environment.stats.total.extend(entry)


def fire(environment: Any, ask: Ask, latency: int, fault: str) -> None:
    """Tell locust's listeners of one request; fault: "" for an answer as it must be."""
    environment.events.request.fire(
        request_type=ask.method,
        name=ask.label,
        response_time=latency / NS_PER_MS,
        response_length=len(ask.answer or b""),
        exception=FailedRequest(fault) if fault else None,
        context={},
    )


def figures(total: StatsEntry) -> dict[str, float]:
    """What can be judged of requests that locust's own clients made; times in microseconds."""
    counts = {"requests": float(total.num_requests), "failures": float(total.num_failures)}
    if not total.num_requests:
        return counts
    found = counts | {
        f"p{at:g}": (total.get_response_time_percentile(at / 100) or 0) * 1000
        for at in (50, 75, 90, 95, 99, 99.9)
    }
    return found | {
        "mean": total.avg_response_time * 1000,
        "max": total.max_response_time * 1000,
        "rps": total.total_rps,
        "failed": total.fail_ratio * 100,
    }
