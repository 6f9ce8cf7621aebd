"""nginx/start: what it writes of the settings, and what it refuses. It needs no nginx for that."""

import os
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


def start(folder: Path, **settings: str) -> "subprocess.CompletedProcess[str]":
    """Let it write the settings to a folder."""
    return subprocess.run(
        ["sh", "nginx/start", "--write", str(folder)],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], **settings},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize(
    ("settings", "file", "line"),
    [
        ({}, "main.conf", "worker_processes 2;"),
        ({"NGINX_WORKERS": "4"}, "main.conf", "worker_processes 4;"),
        ({}, "http.conf", "limit_req zone=requests burst=2000 nodelay;"),
        ({"RATE_LIMIT": "5"}, "http.conf", "limit_req zone=requests burst=10 nodelay;"),
        ({"RATE_BURST": "0"}, "http.conf", "limit_req zone=requests;"),
        ({}, "http.conf", "client_max_body_size 1m;"),
        ({"LIMIT_BODY": "2M"}, "http.conf", "client_max_body_size 2m;"),
        # To nginx 0 would mean any length.
        ({"LIMIT_BODY": "0"}, "http.conf", "client_max_body_size 1;"),
        ({"LIMIT_BODY": "100000"}, "http.conf", "limit_conn uploads 1342;"),
        ({"LIMIT_BODY": "128m"}, "http.conf", "limit_conn client_uploads 1;"),
        # Whole seconds, rounded up.
        ({"TIMEOUT_HEAD": "2.25"}, "http.conf", "client_header_timeout 3s;"),
        ({"TIMEOUT_HANDLER": "100"}, "http.conf", "proxy_read_timeout 125s;"),
        ({}, "hosts.conf", "default 1;"),
        ({"ALLOWED_HOSTS": "a.example"}, "hosts.conf", "default 0;"),
        ({"ALLOWED_HOSTS": "A.example, *.b.example"}, "hosts.conf", "*.b.example 1;"),
        ({"TRUSTED_PROXIES": "10.0.0.0/8"}, "http.conf", "set_real_ip_from 10.0.0.0/8;"),
        ({"MICRO_CACHE": "2"}, "http.conf", "proxy_cache micro;"),
        ({"TLS": "on"}, "tls.conf", "include https.conf;"),
    ],
)
def test_written(tmp_path: Path, settings: dict[str, str], file: str, line: str) -> None:
    """Each setting, in nginx's words."""
    done = start(tmp_path, **settings)
    assert (done.returncode, done.stderr) == (0, "")
    assert line in (tmp_path / file).read_text().splitlines()


def test_off(tmp_path: Path) -> None:
    """What is off leaves nothing behind."""
    assert start(tmp_path, RATE_LIMIT="off", TLS="off").returncode == 0
    assert "limit_req" not in (tmp_path / "http.conf").read_text()
    assert "proxy_cache" not in (tmp_path / "http.conf").read_text()
    assert not (tmp_path / "tls.conf").exists()
    assert (tmp_path / "site.conf").read_text() == ""


def test_every_fault_at_once(tmp_path: Path) -> None:
    """Nobody has to start it twice to see the second."""
    done = start(tmp_path / "settings", TLS="maybe", RATE_LIMIT="fast", TIMEOUT_HEAD="soon")
    assert [line.split("=")[0] for line in done.stderr.splitlines()[1:]] == [
        *("  TIMEOUT_HEAD", "  TLS", "  RATE_LIMIT"),
    ]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("NGINX_WORKERS", "0"),
        ("NGINX_WORKERS", "two"),
        ("CONNECTION_LIMIT", "0"),
        ("RATE_LIMIT", "0"),
        ("RATE_LIMIT", "1;"),
        ("RATE_LIMIT", "08"),
        ("NGINX_WORKERS", "2\n;env FOO"),
        ("LIMIT_BODY", "1m\n;charset evil"),
        ("LIMIT_BODY", "1g"),
        ("TIMEOUT_BODY", "0.0"),
        ("ALLOWED_HOSTS", "*"),
        ("ALLOWED_HOSTS", "default"),
        ("RATE_BURST", "-1"),
        ("MICRO_CACHE", "3601"),
        ("LIMIT_BODY", "1 m"),
        ("TIMEOUT_HEAD", "soon"),
        ("TIMEOUT_IDLE", "60"),
        ("ALLOWED_HOSTS", "a;b"),
        ("ALLOWED_HOSTS", "example.com:80"),
        ("TRUSTED_PROXIES", "everybody"),
        ("TLS", "maybe"),
        ("HTTPS_PORT", "70000"),
        ("STATIC_MAX_AGE", "1\n2"),
    ],
)
def test_not_allowed(tmp_path: Path, name: str, value: str) -> None:
    """It is named, with what is allowed, and nothing is written."""
    done = start(tmp_path / "settings", **{name: value})
    assert done.returncode == 1
    assert f"  {name}='{value}': allowed is " in done.stderr
    assert not (tmp_path / "settings").exists()
