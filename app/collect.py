"""python -m app.collect TARGET: puts the static files, and a .gz beside each that gains by it,
into a folder, for a server in front to serve them by itself. Where that is the folder they lie in,
only the .gz are new: then the service sends those.

Each file appears whole or not at all, whoever reads meanwhile. What is there already stays: pages
of the release before still ask for its files. Knows nothing of who serves them.
"""

import gzip
import os
import sys
from pathlib import Path

# Not from the handlers: an image is built with nothing installed yet.
STATIC = Path(__file__).parent / "static"

# What does not carry a compression of its own.
COMPRESSIBLE = {".css", ".html", ".js", ".json", ".map", ".mjs", ".svg", ".txt", ".wasm", ".xml"}


def collect(source: Path, target: Path) -> int:
    """Copy all files below source to target, but no dotfiles, and no links: the service serves
    neither. Gives how many. Raises OSError."""
    count = 0
    for file in sorted(source.rglob("*")):
        place = file.relative_to(source)
        hidden = any(part.startswith(".") for part in place.parts)
        if hidden or file.is_symlink() or not file.is_file():
            continue
        data = file.read_bytes()
        _put(data, file, target / place)
        count += 1
        if file.suffix in COMPRESSIBLE:
            # Without a time in it, the same file gives the same bytes.
            packed = gzip.compress(data, 9, mtime=0)
            beside = target / place.with_name(place.name + ".gz")
            if len(packed) < len(data):
                _put(packed, file, beside)
            else:
                beside.unlink(missing_ok=True)  # of an earlier release, when there was a gain
    return count


def _put(data: bytes, file: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    new = target.with_name(f".{target.name}.new")
    new.write_bytes(data)
    new.chmod(0o644)
    # The original's time: servers say it as Last-Modified, and compare a .gz with its file by it.
    status = file.stat()
    os.utime(new, ns=(status.st_mtime_ns, status.st_mtime_ns))
    new.replace(target)


def main() -> int:
    """Copy. Gives the exit status."""
    if len(sys.argv) != 2 or sys.argv[1].startswith("-"):
        print((__doc__ or "").strip(), file=sys.stderr)
        return 0 if sys.argv[1:] in (["-h"], ["--help"]) else 2
    target = Path(sys.argv[1])
    try:
        count = collect(STATIC, target)
    except OSError as error:
        print(f"cannot write static files to {target}: {error}", file=sys.stderr)
        return 1
    print(f"{count} static file{'' if count == 1 else 's'} in {target}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
