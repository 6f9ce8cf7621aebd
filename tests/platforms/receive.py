"""The hook of a platform's repository: takes a push apart, hands it to the platform, and tells who
has pushed what becomes of it. `python -m tests.platforms.receive SOCKET FOLDER`, from git.

A deploy that is refused refuses the push: the branch stays where it was.
"""

import socket
import subprocess
import sys
import tempfile
from pathlib import Path

BRANCH = "refs/heads/main"


def main() -> int:
    """Deploy what was pushed. Gives the hook's exit status."""
    address, folder = sys.argv[1:]
    pushed = [line.split() for line in sys.stdin]
    if [ref for _, _, ref in pushed] != [BRANCH]:
        print(f"only {BRANCH} is deployed")
        return 1
    commit = pushed[0][1]
    source = Path(tempfile.mkdtemp(prefix=f"{commit[:7]}-", dir=folder))
    archive = subprocess.run(["git", "archive", commit], stdout=subprocess.PIPE, check=True)
    subprocess.run(["tar", "-x", "-C", str(source)], input=archive.stdout, check=True)
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as platform:
        platform.connect(address)
        platform.sendall(f"{source}\n".encode())
        said = platform.makefile()
        for line in said:
            if line in ("done\n", "refused\n"):
                return int(line == "refused\n")
            print(line, end="", flush=True)
    print("the platform has gone")
    return 1


if __name__ == "__main__":
    sys.exit(main())
