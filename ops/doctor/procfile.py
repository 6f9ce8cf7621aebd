"""The rules about the Procfile: what a platform starts is gunicorn, as gunicorn.conf.py has it."""

import shlex
from ast import literal_eval
from collections.abc import Iterator
from contextlib import redirect_stderr
from io import StringIO

from gunicorn.config import Config

from ops.doctor.evidence import Evidence
from ops.doctor.rule import Fact, Finding, Rule

FILE = "gunicorn.conf.py"
WANTED = f"python {FILE}"
# Shell syntax. Some platforms run the line through a shell, others pass its words to a container as
# they are; there even `exec` is a program that does not exist.
FOR_A_SHELL = set("&|;<>()$`")
# What the line may not say otherwise than the file.
OPTIONS = ("bind", "workers", "timeout", "graceful_timeout", "keepalive")


def web(evidence: Evidence) -> Iterator[Finding]:
    """That there is a web line, and what it starts."""
    line = evidence.web or ""
    program, *words = _words(line) or [""]
    runs = (
        not FOR_A_SHELL & set(line)
        and program.rpartition("/")[2].startswith("python")
        and words[:1] in ([FILE], [f"./{FILE}"])
    )
    yield Finding(runs, _line(evidence), Fact("a web line", WANTED, "what platforms need"))


def options(evidence: Evidence) -> Iterator[Finding]:
    """What the line says above the file."""
    words = _words(evidence.web or "")
    given = _gunicorn_options(words[2:])
    if not given:
        nothing = Fact("options", "none above the file's", "gunicorn.conf.py")
        yield Finding(given is not None, _line(evidence), nothing)
    for name, text in (given or {}).items():
        ours = Fact(f"gunicorn's {name}", _plain(evidence.platform.gunicorn[name]), FILE)
        yield Finding(text == ours.text, Fact(f"gunicorn's {name}", text, "Procfile"), ours)


def _line(evidence: Evidence) -> Fact:
    return Fact("web", evidence.web or "is not there", "Procfile")


def _words(line: str) -> list[str]:
    try:
        return shlex.split(line)
    except ValueError:  # a quote that does not end
        return []


def _gunicorn_options(words: list[str]) -> dict[str, str] | None:
    """Those of OPTIONS that are given; None for a line that gunicorn does not understand."""
    try:
        with redirect_stderr(StringIO()):
            said = vars(Config().parser().parse_args(words))
    except SystemExit:
        return None
    return {name: _plain(str(said[name])) for name in OPTIONS if said.get(name) is not None}


def _plain(text: str) -> str:
    """A list of addresses with commas, anything else as it is."""
    return ",".join(literal_eval(text)) if text.startswith("[") else text


RULES = (
    Rule(
        "web",
        "it starts by our settings, with a shell and without, and a signal to stop reaches it: the "
        f"Procfile's web line is one command, python {FILE}",
        f"write `web: {WANTED}` into the Procfile",
        web,
    ),
    Rule(
        "web-options",
        "the command line does not say otherwise than the settings do",
        "take the option out of the Procfile, and set the variable in the platform's settings",
        options,
    ),
)
