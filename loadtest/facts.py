"""What a load test's figures hold for: versions, machine, day."""

import os
import platform
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path


def gather_facts() -> Mapping[str, str]:
    """What belongs below a table of figures."""
    found = re.search(r"^model name\s*:\s*(.+)$", Path("/proc/cpuinfo").read_text(), re.MULTILINE)
    return {
        "date": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "generator's python": f"{platform.python_implementation()} {platform.python_version()}",
        "locust": metadata.version("locust"),
        "gevent": metadata.version("gevent"),
        "kernel": platform.release(),
        "processor": found[1] if found else platform.machine(),
        "cores": str(os.cpu_count()),
    }
