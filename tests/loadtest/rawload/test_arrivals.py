"""When requests are due."""

from itertools import islice, pairwise
from statistics import fmean, pvariance

import pytest

from loadtest.rawload.arrivals import ARRIVALS, SECOND_NS, schedule


@pytest.mark.parametrize("rate", [0.3, 1.0, 3.0, 1000.0, 7777.7, 10_000_000.0])
def test_constant(rate: float) -> None:
    """The first at once, each next a whole gap later: errors do not add up."""
    dues = list(islice(schedule("constant", rate), 10_000))
    assert dues[0] == 0
    assert dues == [int(number * SECOND_NS / rate) for number in range(10_000)]
    gaps = {later - before for before, later in pairwise(dues)}
    assert max(gaps) - min(gaps) <= 1


def test_constant_after_a_billion() -> None:
    """Nor do they after the longest run that there can be."""
    rate = 10_000_000.0
    assert abs(1e9 * SECOND_NS / rate - int(1_000_000_000 * SECOND_NS / rate)) < 1


@pytest.mark.parametrize("rate", [0.5, 2_000.0])
def test_poisson(rate: float) -> None:
    """Gaps of the mean 1/rate and the variance 1/rate squared, and as many in each second as in a
    Poisson distribution: variance and mean of the counts are the same."""
    dues = list(islice(schedule("poisson", rate, seed=1), 50_000))
    assert dues == sorted(dues)
    gaps = [later - before for before, later in pairwise(dues)]
    mean = SECOND_NS / rate
    assert fmean(gaps) == pytest.approx(mean, rel=0.02)
    assert pvariance(gaps) == pytest.approx(mean**2, rel=0.05)
    # The gaps of 90 % in a row do not depend on each other: as many long after long as after short.
    long = [gap > mean for gap in gaps]
    after_long = [later for before, later in pairwise(long) if before]
    assert fmean(after_long) == pytest.approx(fmean(long), rel=0.03)
    counts = [0] * 5_000
    for due in dues:
        slot = int(due // (10 * mean))
        if slot < len(counts) - 100:
            counts[slot] += 1
    counted = counts[:4_500]
    assert pvariance(counted) == pytest.approx(fmean(counted), rel=0.1)


def test_seeds() -> None:
    """The same one gives the same arrivals, another one others; none gives new ones."""

    def first(seed: int | None) -> list[int]:
        return list(islice(schedule("poisson", 100.0, seed), 5))

    assert first(1) == first(1)
    assert first(1) != first(2)
    assert first(None) != first(None)


@pytest.mark.parametrize("kind", ARRIVALS)
@pytest.mark.parametrize("rate", [0.0, -1.0, float("nan"), float("inf"), float("-inf")])
def test_no_rates(kind: str, rate: float) -> None:
    """Refused before the first is due."""
    with pytest.raises(ValueError, match="a rate of"):
        schedule(kind, rate)


def test_no_kinds() -> None:
    """So is a kind that there is not; those that there are, are named."""
    with pytest.raises(ValueError, match="'burst': not one of constant, poisson"):
        schedule("burst", 1.0)
