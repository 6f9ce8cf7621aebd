"""`python -m ops.doctor`: whether nginx, gunicorn, Compose and the Procfile fit one another.

Reads what they would be started with now: docker-compose.yml with .env and this shell's variables,
nginx's configuration with what nginx/start makes of them, gunicorn's with the settings. Starts no
container and changes nothing.

Exits with 0; with 1 when a rule is broken; with 2 when the configuration cannot be read.
"""

import argparse
import os
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

from ops.doctor import procfile, sizes, timers, wiring
from ops.doctor.evidence import Evidence
from ops.doctor.examination import read_evidence
from ops.doctor.rule import Finding, Rule, Unreadable

ROOT = Path(__file__).parent.parent.parent
RULES: tuple[Rule, ...] = (*timers.RULES, *sizes.RULES, *wiring.RULES, *procfile.RULES)


def report(evidence: Evidence, rules: Iterable[Rule], verbose: bool) -> tuple[str, bool]:
    """What to print, and whether all rules hold. Raises Unreadable."""
    lines, broken, holding = [], 0, 0
    for rule in rules:
        findings = rule.findings(evidence)
        failures = [each for each in findings if not each.holds]
        broken += bool(failures)
        holding += not failures
        if failures:
            lines.append(f"BROKEN {rule.name}")
            lines.extend(f"  {_pair(each)}" for each in failures)
            lines.append(f"  rule: {rule.law}")
            lines.append(f"  cure: {rule.cure}")
        elif verbose:
            more = f"; and {len(findings) - 1} more" if len(findings) > 1 else ""
            lines.append(f"holds {rule.name}: {_pair(findings[0])}{more}")
    holds = f"{holding} rule{'' if holding == 1 else 's'} hold{'s' if holding == 1 else ''}"
    lines.append(f"{holds}, {broken} {'is' if broken == 1 else 'are'} broken" if broken else holds)
    return "\n".join(lines), not broken


def _pair(finding: Finding) -> str:
    if finding.left == finding.right:
        return str(finding.left)
    return f"{finding.left}, {finding.right}"


def main(arguments: Sequence[str]) -> int:
    """Run the command and give its exit status."""
    text = (__doc__ or "").strip()
    parser = argparse.ArgumentParser(
        prog="python -m ops.doctor",
        description=text,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--verbose", action="store_true", help="a line for each rule that holds")
    options = parser.parse_args(arguments)
    try:
        said, sound = report(read_evidence(ROOT, os.environ), RULES, options.verbose)
    except Unreadable as error:
        print(f"cannot examine the configuration: {error}", file=sys.stderr)
        return 2
    print(said)
    return 0 if sound else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
