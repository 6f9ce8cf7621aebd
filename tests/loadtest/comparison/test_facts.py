"""loadtest.comparison.facts: what the figures hold for, each said once."""

from loadtest.comparison.facts import of_running, of_servers
from loadtest.comparison.options import parse_options


def test_for_servers_that_are_started() -> None:
    """Their interpreter and packages, the generator's, the machine and where what ran."""
    found = of_servers(parse_options([]), "apart")
    for name in ("date", "commit", "python", "gunicorn", "fastapi", "locust", "gevent", "cores"):
        assert found[name]
    assert found["pinning"] == "apart"
    assert found["requests"] == "100,000 in each run; arrivals for 2 s"
    assert {"wrk", "nginx", "webob", "generator's python"}.isdisjoint(found)


def test_what_is_measured_besides_is_named() -> None:
    """Packages of ways with the ways, and how slow ones were treated."""
    found = of_servers(parse_options(["--all"]), "")
    assert {"webob", "werkzeug"} <= set(found)
    assert "fewer of servers that would take longer than about 4 s" in found["requests"]


def test_for_a_server_that_runs_already() -> None:
    """Nothing is said of what is not known: its interpreter and its packages."""
    found = of_running(parse_options(["--target", "http://h:1", "--path", "/x", "--rates", ""]))
    assert found["target"] == "http://h:1/x"
    assert found["requests"] == "100,000 in each run"
    assert {"locust", "generator's python"} <= set(found)
    assert {"python", "gunicorn", "commit"}.isdisjoint(found)
