"""The rules about the Procfile can be broken."""

import pytest

from ops.doctor.evidence import Evidence
from ops.doctor.procfile import RULES
from tests.ops.doctor.alteration import Broken, evident

BROKEN = [
    Broken(
        "web",
        evident(web=None),
        "web: is not there (Procfile)",
        "a web line: python gunicorn.conf.py",
    ),
    Broken(
        "web",
        evident(web="exec python gunicorn.conf.py"),
        "web: exec python gunicorn.conf.py (Procfile)",
        "a web line: python gunicorn.conf.py",
    ),
    Broken(
        "web",
        evident(web="gunicorn app.main:create_server"),
        "web: gunicorn app.main:create_server (Procfile)",
        "a web line: python gunicorn.conf.py",
    ),
    Broken(
        "web",
        evident(web="python 'gunicorn.conf.py"),
        "web: python 'gunicorn.conf.py (Procfile)",
        "a web line: python gunicorn.conf.py",
    ),
    Broken(
        "web",
        evident(web="python gunicorn.conf.py --bind :$PORT"),
        "web: python gunicorn.conf.py --bind :$PORT (Procfile)",
        "a web line: python gunicorn.conf.py",
    ),
    *(
        Broken(
            "web-options",
            evident(web=f"python gunicorn.conf.py {option}"),
            f"gunicorn's {name}: {given} (Procfile)",
            f"gunicorn's {name}: {ours} (gunicorn.conf.py)",
        )
        for option, name, given, ours in (
            ("--bind 0.0.0.0:80", "bind", "0.0.0.0:80", "127.0.0.1:8000"),
            ("-b unix:/tmp/x -b :80", "bind", "unix:/tmp/x,:80", "127.0.0.1:8000"),
            ("--timeout=60", "timeout", "60", "30"),
            ("-t 60", "timeout", "60", "30"),
            ("--graceful-timeout 60", "graceful_timeout", "60", "25"),
            ("--keep-alive 2", "keepalive", "2", "95"),
        )
    ),
    Broken(
        "web-options",
        evident(web="python gunicorn.conf.py --nonsense"),
        "web: python gunicorn.conf.py --nonsense (Procfile)",
        "options: none above the file's (gunicorn.conf.py)",
    ),
]


@pytest.mark.parametrize("broken", BROKEN, ids=lambda each: each.rule)
def test_broken(evidence: Evidence, broken: Broken) -> None:
    """A rule that is broken is named, with both values and where they are set, and the cure."""
    broken.check(evidence, RULES)


def test_every_rule() -> None:
    """The table leaves none out."""
    assert {each.rule for each in BROKEN} == {each.name for each in RULES}
