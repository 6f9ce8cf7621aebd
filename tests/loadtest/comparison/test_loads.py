"""loadtest.comparison.loads: who is asked what, and when."""

import pytest

from loadtest.comparison.loads import (
    CLOSE,
    KEEP_ALIVE,
    Load,
    Part,
    closed_loads,
    fewer,
    open_loads,
    parts,
    warm_up,
)


def asked(part: Part) -> list[str]:
    """The servers of a part, in their order."""
    return [step.server for step in part.steps]


def test_servers_turn_round_in_every_second_round() -> None:
    """A B C, then C B A: what drifts with time drifts for all of them."""
    rounds = parts(3, closed_loads([KEEP_ALIVE]), [], ["a", "b", "c"])
    assert [asked(part) for part in rounds] == [["a", "b", "c"], ["c", "b", "a"], ["a", "b", "c"]]


def test_all_servers_have_one_load_before_the_next() -> None:
    """Those that are compared run one after the other."""
    (part,) = parts(1, closed_loads([KEEP_ALIVE, CLOSE]), [], ["a", "b"])
    assert [(step.load.mode, step.server) for step in part.steps] == [
        ("keepalive", "a"),
        ("keepalive", "b"),
        ("close", "a"),
        ("close", "b"),
    ]


def test_a_round_of_arrivals_comes_early_and_the_others_last() -> None:
    """The ratios need rounds more than the arrivals do."""
    plan = parts(3, closed_loads([CLOSE]), open_loads([5.0]), ["a"])
    assert [(part.what, part.number) for part in plan] == [
        ("closed", 1),
        ("open", 1),
        ("closed", 2),
        ("closed", 3),
        ("open", 2),
        ("open", 3),
    ]


def test_who_keeps_no_connection_is_asked_over_new_ones() -> None:
    """And is not offered arrivals, which go over kept ones."""
    loads = closed_loads([KEEP_ALIVE, CLOSE])
    plan = list(parts(1, loads, open_loads([5.0]), ["a", "b"], closing=["b"]))
    steps = [(step.load.name, step.server) for part in plan for step in part.steps]
    assert steps == [("keepalive", "a"), ("close", "a"), ("close", "b"), ("open-5", "a")]


def test_a_part_of_nothing_is_none() -> None:
    """No step, no part."""
    assert list(parts(2, closed_loads([KEEP_ALIVE]), [], ["a"], closing=["a"])) == []


def test_arrivals_are_as_many_as_come_in_their_time() -> None:
    """Two seconds of them, whatever number was asked for."""
    assert Load(KEEP_ALIVE, 2_500).requests(7) == 5_000
    assert Load(KEEP_ALIVE).requests(7) == 7


@pytest.mark.parametrize(
    ("rps", "longest_s", "expected"),
    [
        (50_000.0, 0.0, 100_000),
        (50_000.0, 4.0, 100_000),
        (5_300.0, 4.0, 21_000),
        (10.0, 4.0, 1_000),
    ],
)
def test_slow_servers_are_asked_less(rps: float, longest_s: float, expected: int) -> None:
    """A round number, not too small, and only where a run may not take long."""
    assert fewer(100_000, rps, longest_s) == expected


def test_never_more_than_was_asked_for() -> None:
    """However fast the server."""
    assert fewer(300, 10.0, 4.0) == 300


@pytest.mark.parametrize(("requests", "expected"), [(100_000, 5_000), (1_000, 250), (3, 0)])
def test_the_warm_up_is_the_smaller_part(requests: int, expected: int) -> None:
    """A test of a few requests does not send thousands first."""
    assert warm_up(requests) == expected
