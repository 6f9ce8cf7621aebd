"""All rules together: they hold for the files of this repository, and do not cry for nothing."""

import pytest

from ops.doctor.__main__ import RULES, report
from ops.doctor.evidence import Evidence
from ops.doctor.rule import Unreadable
from tests.ops.doctor.alteration import (
    Alteration,
    command_line,
    compose,
    evident,
    nginx,
    publish,
    variables,
)


def test_hold(evidence: Evidence) -> None:
    """All of them, for what is in this repository."""
    assert report(evidence, RULES, verbose=False) == (f"{len(RULES)} rules hold", True)


def test_names() -> None:
    """No two have one name."""
    assert len({each.name for each in RULES}) == len(RULES)


def test_compare(evidence: Evidence) -> None:
    """Each of them has found something to compare."""
    for rule in RULES:
        assert "nothing to compare" not in {each.left.text for each in rule.findings(evidence)}


def one_volume(evidence: Evidence) -> Evidence:
    """One volume for all of /var, in both containers."""
    for each in ("nginx", "nginx-tls", "nginx-loadtest", "static"):
        evidence = compose(each, mounts={"/var": "all"})(evidence)
    return evidence


# What is right, though it is not what the files say.
FINE: list[tuple[str, Alteration]] = [
    ("kill", compose("protocol", stop="1m30s")),
    ("heartbeat", command_line("protocol", timeout="0")),  # never
    ("connect", nginx("proxy_next_upstream_timeout", "0")),  # without end
    ("head-time", variables("protocol", TIMEOUT_HEAD="9.5")),
    ("request-line", nginx("large_client_header_buffers", "8", "4k")),
    ("processes", compose("protocol", pids=0)),  # any number
    ("processes", compose("protocol", pids=-1)),
    ("trust-nginx", compose("protocol", networks={"backend": ("172.30.5.0/24",)})),
    ("distinct", publish("nginx", 8081, "")),  # any free one
    ("static-files", one_volume),
    ("web", evident(web="python3 ./gunicorn.conf.py")),
    ("web", evident(web=".venv/bin/python gunicorn.conf.py")),
    ("web-options", evident(web="python gunicorn.conf.py --timeout 30 --reload")),
]


@pytest.mark.parametrize(("rule", "alteration"), FINE)
def test_fine(evidence: Evidence, rule: str, alteration: Alteration) -> None:
    """A rule does not complain of what is right."""
    [meant] = [each for each in RULES if each.name == rule]
    assert report(alteration(evidence), [meant], verbose=False) == ("1 rule holds", True)


@pytest.mark.parametrize("rule", ["idle", "answer", "target", "servers", "upstream-name"])
def test_nothing_to_compare(evidence: Evidence, rule: str) -> None:
    """A rule that finds nothing does not hold by that."""
    bare = evident(proxies=())(evidence)
    [meant] = [each for each in RULES if each.name == rule]
    said, sound = report(bare, [meant], verbose=False)
    assert not sound
    assert f"{rule}: nothing to compare" in said


@pytest.mark.parametrize(
    ("alteration", "said"),
    [
        (nginx("proxy_read_timeout", "soon"), ": proxy_read_timeout: 'soon' is no time"),
        (nginx("proxy_read_timeout"), ": proxy_read_timeout: '' is no time"),
        (nginx("worker_connections", "many"), ": worker_connections: 'many' is no size"),
        (nginx("large_client_header_buffers", "8k"), " has a number and a size"),
    ],
)
def test_unreadable(evidence: Evidence, alteration: Alteration, said: str) -> None:
    """A value that is none is named, with its place."""
    with pytest.raises(Unreadable, match=said):
        report(alteration(evidence), RULES, verbose=False)


def test_verbose(evidence: Evidence) -> None:
    """A line for each rule that holds."""
    said, _ = report(evidence, RULES, verbose=True)
    lines = said.splitlines()
    assert [each.split(":")[0] for each in lines[:-1]] == [f"holds {each.name}" for each in RULES]
