"""What the figures hold for: interpreter, versions, machine, day."""

import os
import platform
import re
import subprocess
import sysconfig
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path

from bench.targets import ROOT, SEARCH_PATH

PACKAGES = (
    *("gunicorn", "uvloop", "httptools", "uvicorn", "aiohttp", "fastapi"),
    *("webob", "werkzeug"),
)


def profile_guided(config_args: str, profile_use_flag: str | None) -> str:
    """Say whether an interpreter was compiled with profile-guided optimisation."""
    if "--enable-optimizations" in config_args:
        return "yes"
    # Debian calls the profiled make target itself and blanks this flag, so that extension modules
    # do not inherit it; a plain configure always leaves it set.
    return "yes, the distribution's" if profile_use_flag == "" else "no"


def program_version(argv: Sequence[str]) -> str:
    """The first version number that a program prints; `absent` when there is no such program."""
    try:
        done = subprocess.run(
            argv,
            env={"PATH": SEARCH_PATH},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,  # Some print their version beside their usage, and fail.
        )
    except OSError:
        return "absent"
    found = re.search(r"\d+\.\d[\w.+-]*", done.stdout)
    return found[0] if found else "unknown"


def package_version(name: str) -> str:
    """The installed version of a package; `absent` when it is not installed."""
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return "absent"


def commit() -> str:
    """The commit that is measured, marked when the tree has been changed since."""
    command = ["git", "-C", str(ROOT), "describe", "--always", "--dirty", "--abbrev=12"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except OSError:
        return "unknown"
    return done.stdout.strip() or "unknown"


def processor(cpuinfo: str) -> str:
    """The model name in /proc/cpuinfo, which some architectures leave out."""
    found = re.search(r"^model name\s*:\s*(.+)$", cpuinfo, re.MULTILINE)
    return found[1] if found else platform.machine()


def gather_facts() -> Mapping[str, str]:
    """Everything that belongs above a table of figures."""
    arguments = sysconfig.get_config_var("CONFIG_ARGS") or ""
    guided = profile_guided(arguments, sysconfig.get_config_var("PGO_PROF_USE_FLAG"))
    python = f"{platform.python_implementation()} {platform.python_version()}"
    return {
        "date": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "commit": commit(),
        "python": f"{python} (profile-guided optimisation: {guided})",
        **{name: package_version(name) for name in PACKAGES},
        "nginx": program_version(["nginx", "-v"]),
        "wrk": program_version(["wrk", "-v"]),
        "kernel": platform.release(),
        "processor": processor(Path("/proc/cpuinfo").read_text()),
        "cores": str(os.cpu_count()),
        "load average at the start": f"{os.getloadavg()[0]:.2f}",
    }
