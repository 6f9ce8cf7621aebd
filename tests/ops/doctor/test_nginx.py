"""nginx's configuration as a tree."""

from pathlib import Path

import pytest

from ops.doctor.nginx import Conf, read_conf, split_address
from ops.doctor.rule import Unreadable, seconds, size


def read(folder: Path, **files: str) -> Conf:
    """Files of these names, dots written _, of which those that begin with `written` come from
    `start`."""
    for place in ("nginx", "written"):
        (folder / place).mkdir()
    for name, text in files.items():
        place = "written" if name.startswith("written_") else "nginx"
        (folder / place / name.removeprefix("written_").replace("_", ".")).write_text(text)
    return read_conf(folder / "nginx", folder / "written")


def test_includes(tmp_path: Path) -> None:
    """What is included stands where the include was, with the place where it is written; what
    `start` writes may include what stands beside nginx.conf."""
    conf = read(
        tmp_path,
        nginx_conf="include /etc/nginx/mime.types;\n"
        "include /tmp/settings/a.conf;\ninclude /tmp/settings/b[.]conf;\nc { include d.conf; }\n",
        d_conf="\nd 1 '2 3';",
        written_a_conf="include e.conf;",
        e_conf="e;",
    )
    found = [(each.name, each.args, each.source) for each, _ in conf.walk()]
    assert found == [
        ("e", (), "nginx/e.conf:1"),
        ("c", (), "nginx/nginx.conf:4"),
        ("d", ("1", "2 3"), "nginx/d.conf:2"),
    ]


def test_written_place(tmp_path: Path) -> None:
    """What `start` wrote is said to be its."""
    conf = read(tmp_path, nginx_conf="include /tmp/settings/a.conf;", written_a_conf="a 1;")
    assert conf.find("a")[0].source == "nginx/start, a.conf:1"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("include none.conf;", "nginx/nginx.conf:1 includes none.conf, which is not there"),
        ("include /tmp/settings/none.conf;", "includes /tmp/settings/none.conf, which is not"),
        ("a {\nb 1;", "nginx/nginx.conf cannot be read: unexpected end of file.*:2"),
        ("a 1;\n}", 'nginx/nginx.conf cannot be read: unexpected "}".*:2'),
    ],
)
def test_unreadable(tmp_path: Path, text: str, said: str) -> None:
    """A file that is wrong is named, with the line."""
    with pytest.raises(Unreadable, match=said):
        read(tmp_path, nginx_conf=text)


def test_missing(tmp_path: Path) -> None:
    """So is one that is missing."""
    with pytest.raises(Unreadable, match=r"nginx/nginx\.conf cannot be read: .*No such file"):
        read_conf(tmp_path / "nginx", tmp_path)


def test_in_effect(tmp_path: Path) -> None:
    """The innermost one counts, the last of several, and only where requests go on."""
    conf = read(
        tmp_path,
        nginx_conf="""
        http {
            proxy_read_timeout 1s;
            proxy_read_timeout 2s;
            server {
                location /a { proxy_pass http://a; }
                location /b { proxy_pass http://b; proxy_read_timeout 3s; }
                location /c { proxy_read_timeout 4s; }
            }
            server {
                proxy_read_timeout 5s;
                location /d { location /e { proxy_pass http://e; } }
            }
        }""",
    )
    assert [each.amount for each in conf.times("proxy_read_timeout", "60s")] == [2, 3, 5]
    assert [each.source for each in conf.times("none", "7s")] == ["nginx's default"] * 3


def test_listeners(tmp_path: Path) -> None:
    """Every way in which an address may be written."""
    texts = ("80 default_server", "127.0.0.1:81", "[::]:82 ssl", "localhost", "unix:/a:83")
    servers = "".join(f"server {{ listen {each}; }}" for each in texts)
    conf = read(tmp_path, nginx_conf=f"http {{ {servers} }}")
    assert [(each.address, each.port) for each in conf.listeners()] == [
        ("*", 80),
        ("127.0.0.1", 81),
        ("[::]", 82),
        ("localhost", 80),
        ("unix:/a:83", None),
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a:1", ("a", 1)),
        (":1", ("", 1)),
        ("[::1]:1", ("[::1]", 1)),
        ("[::1]", ("[::1]", 9)),
        ("a", ("a", 9)),
        ("a:b", ("a:b", 9)),
    ],
)
def test_address(text: str, expected: tuple[str, int]) -> None:
    """Host and port."""
    assert split_address(text, 9) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        *(("35s", 35), ("1500ms", 1.5), ("60", 60), ("2m", 120), ("1h", 3600), ("0", 0)),
        *(("1m30s", 90), ("1h0m0s", 3600), ("1.5s", 1.5), ("1d", 86400), ("1M", 2592000)),
    ],
)
def test_seconds(text: str, expected: float) -> None:
    """Times as nginx and Compose write them."""
    assert seconds(text) == expected


@pytest.mark.parametrize("text", ["", "s", "1x", "-1s", "1 s", "soon", "1s!", "٣s"])
def test_no_seconds(text: str) -> None:
    """What is no time is not taken for one."""
    with pytest.raises(Unreadable, match="is no time"):
        seconds(text)


@pytest.mark.parametrize(
    ("text", "expected"), [("0", 0), ("8k", 8192), ("1M", 1 << 20), ("1g", 1 << 30), ("512", 512)]
)
def test_size(text: str, expected: int) -> None:
    """Sizes as nginx writes them."""
    assert size(text) == expected


@pytest.mark.parametrize("text", ["", "k", "1.5k", "-1", "1kb", "auto"])
def test_no_size(text: str) -> None:
    """What is no size is not taken for one."""
    with pytest.raises(Unreadable, match="is no size"):
        size(text)
