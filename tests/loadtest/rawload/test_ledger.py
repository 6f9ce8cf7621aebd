"""What was measured: nothing is lost, however it is cut into slices, processes and messages."""

import json
from collections import Counter
from collections.abc import Callable
from random import Random
from typing import Any

import msgpack
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from loadtest.rawload.ledger import (
    LIMIT_NAMES,
    OTHERS,
    PERCENTILES,
    SECOND_NS,
    Column,
    Ledger,
    percentiles,
    rounded,
)

Packed = dict[str, Any]
LATENCIES = st.lists(st.integers(0, 10**11), min_size=1, max_size=300)


def nearest_rank(values: list[int], percent: float) -> int:
    """The smallest value that so many per cent do not exceed, found by looking at all of them."""
    thousandths = round(percent * 1000)
    for value in sorted(values):
        if 100_000 * sum(each <= value for each in values) >= thousandths * len(values):
            return value
    raise ValueError(values)


def kept(
    answers: list[tuple[int, int]], *, exact: bool = True, slice_ns: int = SECOND_NS
) -> Ledger:
    """A ledger of these latencies and ends, counted up in odd batches."""
    ledger, column = Ledger(SECOND_NS, exact=exact), Column()
    for number, (latency, end) in enumerate(answers):
        column.add(latency, end)
        if number % 7 == 3:
            ledger.count(column)
    ledger.count(column)
    return ledger


@settings(deadline=None, database=None)
@given(values=LATENCIES)
def test_percentiles(values: list[int]) -> None:
    """As by looking at each value, for each percentile that is reported."""
    expected = [nearest_rank(values, percent) for percent in PERCENTILES]
    assert percentiles(Counter(values), PERCENTILES) == expected


RANKS = [
    (1, 50.0, 1), (2, 50.0, 1), (3, 50.0, 2), (100, 99.0, 99), (101, 99.0, 100),
    (1000, 99.9, 999), (1001, 99.9, 1000), (100_000, 99.999, 99_999), (7, 0.0, 1), (7, 100.0, 7),
]  # fmt: skip


@pytest.mark.parametrize(("total", "percent", "expected"), RANKS)
def test_ranks(total: int, percent: float, expected: int) -> None:
    """No rank is one too high for what floats make of it: 99.9 % of 1,000 are 999."""
    assert percentiles(Counter(range(1, total + 1)), [percent]) == [expected]


def test_percentiles_of_nothing() -> None:
    """There are none."""
    assert percentiles({}, [0.0, 50.0, 100.0]) == [0, 0, 0]
    assert Ledger(1, exact=True).latency().at(99.0) == 0.0
    assert Ledger(1, exact=True).series() == []


@settings(deadline=None, database=None)
@given(value=st.integers(0, 10**12))
def test_rounded(value: int) -> None:
    """Less than a part in 256 is lost, nothing below 512, and a second time nothing."""
    less = rounded(value)
    assert less <= value
    assert (value - less) * 256 < max(value, 1)
    assert value >= 512 or less == value
    assert rounded(less) == less


def test_rounded_is_bounded() -> None:
    """Each doubling takes 256 more places: all latencies up to an hour take less than 10,000."""
    found = {rounded(value) for value in range(1 << 16)}
    assert len(found) == 512 + 7 * 256


def test_exact_count() -> None:
    """Each answer is in one slice, by its end, and in the histogram that is told; the column is
    empty again."""
    ledger, column = Ledger(10, exact=True), Column()
    ledger.begun = 100
    for latency, end in ((5, 100), (5, 109), (6, 110), (5, 139)):
        column.add(latency, end)
    assert ledger.count(column) == {5: 3, 6: 1}
    assert ledger.slices == {0: {5: 2}, 1: {6: 1}, 3: {5: 1}}
    assert (len(column.ends), len(column.latencies)) == (0, 0)
    assert ledger.count(column) == {}


def test_latency() -> None:
    """Microseconds; the mean is exact."""
    latency = kept([(1_000, 1), (2_000, 1), (6_000, 2 * SECOND_NS)]).latency()
    assert (latency.mean_us, latency.at(0.0), latency.at(50.0), latency.at(100.0)) == (3, 1, 2, 6)


def test_inexact() -> None:
    """Without a number of requests latencies are rounded as they are counted, and only then."""
    value = 123_456_789
    assert list(kept([(value, 1)], exact=True).slices[0]) == [value]
    assert list(kept([(value, 1)], exact=False).slices[0]) == [rounded(value)] != [value]


def test_series_has_no_holes() -> None:
    """A second in which nothing was answered is there, and one in which all failed."""
    ledger = kept([(1_000, 0), (9_000, 3 * SECOND_NS)])
    ledger.fail("x", 2 * SECOND_NS)
    ledger.fail("x", 5 * SECOND_NS)
    series = ledger.series()
    assert [each.begin for each in series] == [0, 1, 2, 3, 4, 5]
    assert {each.seconds for each in series} == {1}
    assert [each.answers for each in series] == [1, 0, 0, 1, 0, 0]
    assert [each.failures for each in series] == [0, 0, 1, 0, 0, 1]
    assert [each.p99_us for each in series] == [1, 0, 0, 9, 0, 0]


@pytest.mark.parametrize("carry", [
    lambda packed: json.loads(json.dumps(packed)),
    lambda packed: msgpack.loads(msgpack.dumps(packed), strict_map_key=False),
])  # fmt: skip
def test_merge(carry: Callable[[Packed], Packed]) -> None:
    """Several processes' ledgers, carried as messages, are as one ledger of all."""
    random = Random(1)
    answers = [(random.randrange(10**9), random.randrange(9 * 10**9)) for _ in range(3_000)]
    faults = [(f"status {random.randrange(500, 505)}", random.randrange(10**10)) for _ in range(99)]
    merged, whole = Ledger(SECOND_NS, exact=True), kept(answers)
    for name, end in faults:
        whole.fail(name, end)
    for process in range(4):  # the last one has nothing to say
        part = kept(answers[process::3] if process < 3 else [])
        for name, end in faults[process::3] if process < 3 else []:
            part.fail(name, end)
        merged.merge(carry(part.packed()))
    assert merged.slices == whole.slices
    assert merged.failures == whole.failures
    assert merged.failed_slices == whole.failed_slices
    assert (merged.latency(), merged.series()) == (whole.latency(), whole.series())
    assert sum(each.answers for each in merged.series()) == 3_000


def test_names_are_bounded() -> None:
    """A server that makes up faults fills no memory, in one process and in several; none of them
    goes uncounted."""
    whole = Ledger(1, exact=True)
    for process in range(3):
        ledger = Ledger(1, exact=True)
        for number in range(2 * LIMIT_NAMES):
            named = ledger.fail(f"status {process} {number}", 0)
            assert named == (OTHERS if number >= LIMIT_NAMES else f"status {process} {number}")
        assert ledger.fail("status 0 0", 0) == ("status 0 0" if process == 0 else OTHERS)
        assert len(ledger.failures) == LIMIT_NAMES + 1
        assert ledger.failures.total() == 2 * LIMIT_NAMES + 1
        whole.merge(ledger.packed())
    assert len(whole.failures) <= LIMIT_NAMES + 1
    assert whole.failures.total() == 3 * (2 * LIMIT_NAMES + 1)
