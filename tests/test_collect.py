"""app.collect: what lies in the folder afterwards, and what a reader sees meanwhile."""

import errno
import gzip
import http.client
import os
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from app import collect as module
from app.collect import COMPRESSIBLE, STATIC, collect, main

ROOT = Path(__file__).parent.parent
Capture = pytest.CaptureFixture[str]
TEXT = b"a { color: red }\n" * 100
# With a fraction: a copy whose time is cut to seconds is found.
MODIFIED = 1_700_000_000_123_456_789

SERVER = """\
import logging, sys
from app.httpd import HTTPServer
logging.basicConfig(level=logging.INFO)
server = HTTPServer()
server.static("/static", sys.argv[1])
server.run(port=0)
"""


def write(path: Path, data: bytes, modified: int = MODIFIED) -> Path:
    """A file, its folder and its time, in ns."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    os.utime(path, ns=(modified, modified))
    return path


def found(folder: Path) -> dict[str, bytes]:
    """Every file below a folder, dotfiles too."""
    files = (each for each in folder.rglob("*") if each.is_file())
    return {str(each.relative_to(folder)): each.read_bytes() for each in files}


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """A folder of static files."""
    return tmp_path / "source"


@pytest.fixture
def target(tmp_path: Path) -> Path:
    """Where they go; not there yet."""
    return tmp_path / "var" / "static"


# ---- what is copied


def test_whole_tree(source: Path, target: Path) -> None:
    """Every file, however deep, under its own path. The number is that of the files, not of
    their compressed selves."""
    names = ["a.png", "b/a.png", "b/c/d/e.woff2", "no-suffix"]
    for name in names:
        write(source / name, name.encode())
    (source / "empty").mkdir()
    assert collect(source, target) == len(names)
    assert found(target) == {name: name.encode() for name in names}


def test_no_dotfiles(source: Path, target: Path) -> None:
    """Nothing whose name begins with a dot, and nothing in such a folder."""
    for name in (".env", ".git/config", "b/.DS_Store", "b/.cache/a.css", "seen.png"):
        write(source / name, TEXT)
    assert collect(source, target) == 1
    assert list(found(target)) == ["seen.png"]


def test_no_links(source: Path, target: Path, tmp_path: Path) -> None:
    """The service follows no link in this folder: what it does not serve is not put elsewhere."""
    write(tmp_path / "secret" / "key.txt", b"secret")
    write(source / "seen.png", b"")
    (source / "key.txt").symlink_to(tmp_path / "secret" / "key.txt")
    (source / "folder").symlink_to(tmp_path / "secret")
    (source / "broken").symlink_to(tmp_path / "nothing")
    assert collect(source, target) == 1
    assert list(found(target)) == ["seen.png"]


# ---- what is compressed


@pytest.mark.parametrize("suffix", sorted(COMPRESSIBLE))
def test_compressed(source: Path, target: Path, suffix: str) -> None:
    """Each of these types has a .gz beside it that unpacks to the file."""
    write(source / f"deep/a{suffix}", TEXT)
    assert collect(source, target) == 1
    files = found(target)
    assert set(files) == {f"deep/a{suffix}", f"deep/a{suffix}.gz"}
    assert files[f"deep/a{suffix}"] == TEXT
    assert gzip.decompress(files[f"deep/a{suffix}.gz"]) == TEXT
    assert len(files[f"deep/a{suffix}.gz"]) < len(TEXT)


@pytest.mark.parametrize("name", ["a.png", "a.woff2", "a.zip", "a.gz", "css", "a.css.br"])
def test_not_compressible(source: Path, target: Path, name: str) -> None:
    """What has a compression of its own has no .gz, though this one would gain."""
    write(source / name, TEXT)
    collect(source, target)
    assert list(found(target)) == [name]


@pytest.mark.parametrize("data", [b"", b"a{}", os.urandom(1000)], ids=["empty", "tiny", "noise"])
def test_no_gain(source: Path, target: Path, data: bytes) -> None:
    """Where the .gz would be no smaller there is none."""
    write(source / "a.css", data)
    collect(source, target)
    assert found(target) == {"a.css": data}


def test_same_bytes_every_time(source: Path, target: Path, tmp_path: Path) -> None:
    """Whenever it runs, and however old the file: the same content gives the same .gz."""
    write(source / "a.css", TEXT)
    collect(source, target)
    write(source / "a.css", TEXT, MODIFIED + 10**12)
    collect(source, tmp_path / "again")
    packed = (target / "a.css.gz").read_bytes()
    assert packed == (tmp_path / "again" / "a.css.gz").read_bytes()
    assert packed[4:8] == bytes(4)  # RFC 1952 2.3.1: MTIME, 0 is none


def test_packed_by_somebody_else(source: Path, target: Path) -> None:
    """A .gz that lies in the source stands above ours."""
    theirs = gzip.compress(TEXT, 1)
    write(source / "a.css", TEXT)
    write(source / "a.css.gz", theirs)
    assert collect(source, target) == 2
    assert found(target) == {"a.css": TEXT, "a.css.gz": theirs}


# ---- times and modes


@pytest.mark.parametrize("umask", [0o000, 0o022, 0o077], ids=oct)
@pytest.mark.parametrize("mode", [0o600, 0o777], ids=oct)
def test_mode_and_time(source: Path, target: Path, mode: int, umask: int) -> None:
    """Everybody may read them and nobody runs them, whatever the original's mode and our umask.
    File and .gz have the original's time, to the nanosecond."""
    write(source / "a.css", TEXT).chmod(mode)
    before = os.umask(umask)
    try:
        collect(source, target)
    finally:
        os.umask(before)
    for name in ("a.css", "a.css.gz"):
        status = (target / name).stat()
        assert (stat.S_IMODE(status.st_mode), status.st_mtime_ns) == (0o644, MODIFIED), name


# ---- over an earlier release


def test_earlier_release_stays(source: Path, target: Path) -> None:
    """Pages of the release before still ask for its files."""
    write(target / "old.css", b"old")
    write(target / "old.css.gz", b"old, packed")
    write(source / "new.png", b"new")
    collect(source, target)
    assert found(target) == {"old.css": b"old", "old.css.gz": b"old, packed", "new.png": b"new"}


def test_no_gain_any_more(source: Path, target: Path) -> None:
    """The .gz of an earlier release goes with its reason: it would be sent for the new file."""
    write(source / "a.css", TEXT)
    collect(source, target)
    write(source / "a.css", b"a{}")
    collect(source, target)
    assert found(target) == {"a.css": b"a{}"}


# ---- while somebody reads


def test_reader_of_the_old_file(source: Path, target: Path) -> None:
    """Who has opened the file before reads on in what he has opened."""
    write(source / "a.css", TEXT)
    collect(source, target)
    with (target / "a.css").open("rb") as plain, (target / "a.css.gz").open("rb") as packed:
        half = plain.read(len(TEXT) // 2)
        write(source / "a.css", b"b { color: blue }\n" * 100)
        collect(source, target)
        assert half + plain.read() == TEXT
        assert gzip.decompress(packed.read()) == TEXT
    assert (target / "a.css").read_bytes() == b"b { color: blue }\n" * 100


def test_whole_when_it_appears(source: Path, target: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file gets its name when all of it is written, with its mode and its time."""
    write(source / "a.css", TEXT)
    appeared: list[tuple[str, str, bytes, int, int]] = []
    replace = Path.replace

    def watched(self: Path, other: Path) -> Path:
        status = self.stat()
        mode = stat.S_IMODE(status.st_mode)
        assert not other.exists()
        appeared.append((self.name, other.name, self.read_bytes(), mode, status.st_mtime_ns))
        return replace(self, other)

    monkeypatch.setattr(Path, "replace", watched)
    collect(source, target)
    packed = gzip.compress(TEXT, 9, mtime=0)
    assert appeared == [
        (".a.css.new", "a.css", TEXT, 0o644, MODIFIED),
        (".a.css.gz.new", "a.css.gz", packed, 0o644, MODIFIED),
    ]


@contextmanager
def full_disk() -> Iterator[None]:
    """Half of a file is written, then there is no room."""
    write_bytes = Path.write_bytes

    def fail(self: Path, data: bytes) -> int:
        write_bytes(self, data[: len(data) // 2])
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(self))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Path, "write_bytes", fail)
        yield


def test_interrupted(source: Path, target: Path) -> None:
    """Half a file is under no name that is served, and the next time it is gone."""
    write(source / "a.css", TEXT)
    collect(source, target)
    before = found(target)
    write(source / "a.css", TEXT * 2)
    with full_disk(), pytest.raises(OSError, match="No space left"):
        collect(source, target)
    seen = {name: data for name, data in found(target).items() if not name.startswith(".")}
    assert seen == before
    collect(source, target)
    assert set(found(target)) == {"a.css", "a.css.gz"}
    assert (target / "a.css").read_bytes() == TEXT * 2


# ---- the program


def run(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    """The exit status for these arguments."""
    monkeypatch.setattr(sys, "argv", ["collect", *arguments])
    return main()


def test_program(source: Path, target: Path) -> None:
    """It says how many files it has put where."""
    command = [sys.executable, "-m", "app.collect", str(target)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    count = len([name for name in found(STATIC) if not name.startswith(".")])
    said = f"{count} static file{'' if count == 1 else 's'} in {target}\n"
    assert (done.returncode, done.stdout, done.stderr) == (0, said, "")
    assert found(STATIC).items() <= found(target).items()


def test_how_many(
    source: Path, target: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    """One is no plural; none is no fault."""
    monkeypatch.setattr(module, "STATIC", source)
    for count, said in enumerate(("0 static files", "1 static file", "2 static files")):
        assert run(monkeypatch, str(target)) == 0
        assert capsys.readouterr() == (f"{said} in {target}\n", "")
        write(source / f"{count}.png", b"")


@pytest.mark.parametrize("line", ["-h", "--help", "", "a b", "--to", "-", "--help a"])
def test_usage(monkeypatch: pytest.MonkeyPatch, capsys: Capture, tmp_path: Path, line: str) -> None:
    """Who asks, or asks wrongly, is told how to ask; nothing is written."""
    monkeypatch.chdir(tmp_path)
    assert run(monkeypatch, *line.split()) == (0 if line in ("-h", "--help") else 2)
    out, err = capsys.readouterr()
    assert (out, err.splitlines()[0][:30]) == ("", "python -m app.collect TARGET: ")
    assert list(tmp_path.iterdir()) == []


UNWRITABLE = {"file": "File exists", "file/below": "Not a directory", "a" * 300: "name too long"}


@pytest.mark.parametrize("where", UNWRITABLE)
def test_target_that_cannot_be_written(
    monkeypatch: pytest.MonkeyPatch, capsys: Capture, tmp_path: Path, where: str
) -> None:
    """It names the folder and the cause, and shows no traceback."""
    (tmp_path / "file").touch()
    assert run(monkeypatch, str(tmp_path / where)) == 1
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    assert err.startswith(f"cannot write static files to {tmp_path / where}: ")
    assert UNWRITABLE[where] in err


def test_no_room(monkeypatch: pytest.MonkeyPatch, capsys: Capture, target: Path) -> None:
    """The same of a disk that is full."""
    with full_disk():
        assert run(monkeypatch, str(target)) == 1
    assert "No space left on device" in capsys.readouterr().err


# ---- served


@contextmanager
def serving(folder: Path) -> Iterator[http.client.HTTPConnection]:
    """The library's static files, as a user of it starts them."""
    process = subprocess.Popen(
        [sys.executable, "-c", SERVER, str(folder)], cwd=ROOT, stderr=subprocess.PIPE, text=True
    )
    with process:
        try:
            assert process.stderr is not None
            line = next(each for each in process.stderr if "listening on http://" in each)
            port = int(line.split("http://127.0.0.1:")[1].split()[0])
            with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=10)) as client:
                yield client
        finally:
            process.kill()


def test_served(source: Path, target: Path) -> None:
    """The .gz has the file's time and so passes for no older: who accepts it gets it."""
    write(source / "deep" / "a.css", TEXT)
    collect(source, target)
    packed = (target / "deep" / "a.css.gz").read_bytes()
    with serving(target) as client:
        for accept, coding, body in (("gzip", "gzip", packed), ("identity", None, TEXT)):
            client.request("GET", "/static/deep/a.css", headers={"Accept-Encoding": accept})
            answer = client.getresponse()
            assert (answer.status, answer.read()) == (200, body)
            assert answer.headers["Content-Encoding"] == coding
            assert answer.headers["Vary"] == "Accept-Encoding"
            assert answer.headers["Content-Type"] == "text/css; charset=utf-8"
            assert answer.headers["Last-Modified"] == "Tue, 14 Nov 2023 22:13:20 GMT"
