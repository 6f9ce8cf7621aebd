"""loadtest.report.figures: which runs belong together, and which count."""

from dataclasses import replace

from loadtest.report.figures import (
    Spread,
    closed_panels,
    counts,
    open_panels,
    published_seconds,
    server_cpu,
    servers,
    throughput,
)
from loadtest.report.model import Report
from tests.loadtest.report.examples import offered, run


def test_runs_are_put_together_by_load() -> None:
    """Mode, arrivals, connections and rate; the open model by rising rate."""
    runs = [run(), run("fastapi"), run(mode="close"), run(connections=10)]
    runs += [offered("protocol", rate, 50_000) for rate in (900.0, 300.0)]
    report = Report({}, runs)
    closed = [
        (panel.key, [each.server for each in panel.groups]) for panel in closed_panels(report)
    ]
    assert closed == [
        ("keepalive-100", ["protocol", "fastapi"]),
        ("close-100", ["protocol"]),
        ("keepalive-10", ["protocol"]),
    ]
    assert [panel.rate for panel in open_panels(report)] == [300.0, 900.0]


def test_the_floor_stands_last() -> None:
    """It is no competitor."""
    assert servers(Report({}, [run("floor"), run("fastapi")])) == ["fastapi", "floor"]


def test_only_runs_that_count_give_figures() -> None:
    """Not a void one, not one that answered nothing."""
    good = run(seconds=2.0)
    bad = [run(void="lost"), run(seconds=0.0), run(failures={"status 500": 100_000})]
    assert [counts(each) for each in [good, *bad]] == [True, False, False, False]
    (panel,) = closed_panels(Report({}, [good, *bad]))
    assert panel.groups[0].spread(throughput) == Spread(50_000, 50_000, 50_000)
    assert panel.groups[0].spread(published_seconds) == Spread(2.0, 2.0, 2.0)


def test_a_server_elsewhere_has_no_cpu() -> None:
    """And no figure is made up for it."""
    far = run(makers=(run().generator, None))
    (panel,) = closed_panels(Report({}, [far]))
    assert panel.groups[0].spread(server_cpu) is None


def test_a_typical_run_is_the_middle_one() -> None:
    """By throughput, among those that count."""
    runs = [replace(run(), round=at, seconds=s) for at, s in enumerate([3.0, 1.0, 2.0])]
    (panel,) = closed_panels(Report({}, [*runs, run(void="lost")]))
    typical = panel.groups[0].typical()
    assert typical is not None
    assert typical.seconds == 2.0
