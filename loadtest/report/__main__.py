"""python -m loadtest.report FOLDER: draw a report again from its summary.json."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from loadtest.report.writing import DATA, PAGE, TEXT, NoReport, draw, read


def main(arguments: Sequence[str] | None = None) -> int:
    """Draw; 0 when done, 2 when there is no report in the folder or it cannot be written."""
    parser = argparse.ArgumentParser(
        prog="python -m loadtest.report",
        description=f"Write {TEXT} and {PAGE} again from the {DATA} of a load test.",
    )
    parser.add_argument("folder", type=Path, help=f"where {DATA} is")
    folder = parser.parse_args(arguments).folder
    try:
        draw(read(folder), folder)
    except (NoReport, OSError) as error:
        print(f"no report: {error}", file=sys.stderr)
        return 2
    print(folder / PAGE)
    return 0


if __name__ == "__main__":
    sys.exit(main())
