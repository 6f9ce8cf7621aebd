"""nginx as it comes, with no settings: what it adds, what it serves by itself, what it says."""

import gzip
import re
import socket
import time

import pytest

from app.handlers import STATIC
from tests.stack.stack import Answer, Stack, access_log, ask, wait_until

SHEET = "/static/slipway.css"
ID = re.compile("[0-9a-f]{32}")

# Answers of the service, of nginx from a file, and of nginx about itself.
EVERYTHING = [
    ("GET", "/", 200),
    ("GET", "/plaintext", 200),
    ("GET", "/static/slipway.css", 200),
    ("POST", "/static/slipway.css", 405),
    ("GET", "/static/none.css", 404),
    ("GET", "/static/", 404),
    ("GET", "/nowhere", 404),
    ("DELETE", "/plaintext", 405),
    ("TRACE", "/", 405),
]


def raw(port: int, sent: bytes) -> bytes:
    """What comes back for these bytes, until the end of the connection."""
    with socket.create_connection(("127.0.0.1", port), timeout=30) as sock:
        sock.sendall(sent)
        return b"".join(iter(lambda: sock.recv(65536), b""))


@pytest.mark.parametrize(("method", "target", "status"), EVERYTHING)
def test_fields_of_every_answer(stack: Stack, method: str, target: str, status: int) -> None:
    """An id and the security fields, once each, whoever answers; a policy for pages only."""
    answer = ask(stack.http_port, target, method)
    assert answer.status == status
    assert ID.fullmatch(the(answer, "X-Request-Id"))
    assert the(answer, "X-Content-Type-Options") == "nosniff"
    assert the(answer, "Referrer-Policy") == "strict-origin-when-cross-origin"
    assert the(answer, "Server") == "nginx"
    is_page = answer.headers.get_content_type() == "text/html"
    assert ("Content-Security-Policy" in answer.headers) == is_page


def the(answer: Answer, name: str) -> str:
    """The one field of this name."""
    found = answer.headers.get_all(name, [])
    assert len(found) == 1, (name, found)
    value: str = found[0]
    return value


def test_fields_of_the_service_stand(stack: Stack) -> None:
    """What the service has set is not set again."""
    assert the(ask(stack.http_port, "/echo", "POST", b"x"), "X-Content-Type-Options") == "nosniff"


# ---- request ids and the log


def test_request_id(stack: Stack) -> None:
    """The client's, the service's and both logs' are the same; a client cannot choose it."""
    since = time.time()
    answer = ask(stack.http_port, "/headers", X_Request_Id="mine")
    given = the(answer, "X-Request-Id")
    assert given != "mine"
    assert f"X-Request-Id: {given}\n".encode() in answer.body
    (line,) = stack.logged(since, request_id=given)
    assert line["target"] == "/headers"
    container = stack.one("protocol")
    wait_until(lambda: given in container.logs(since=since).decode(), f"no {given} in its log")


def test_client(stack: Stack) -> None:
    """Who asks is whom the connection says, not the request."""
    fields = {"X_Forwarded_For": "192.0.2.1", "X_Forwarded_Proto": "https", "Forwarded": "for=a"}
    said = ask(stack.http_port, "/headers", **fields).body.decode()
    assert "192.0.2.1" not in said
    assert "X-Forwarded-Proto: http\n" in said
    assert "for=a" not in said
    assert f"Host: 127.0.0.1:{stack.http_port}\n" in said


def test_no_host(stack: Stack) -> None:
    """HTTP/1.0 may have none; the service is told one."""
    answer = raw(stack.http_port, b"GET /headers HTTP/1.0\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 200 ")
    assert b"\nHost: localhost\n" in answer


def test_http_0_9(stack: Stack) -> None:
    """It is refused, though the answer can have no head."""
    answer = raw(stack.http_port, b"GET /plaintext\r\n")
    assert b"400 Bad Request" in answer
    assert b"Hello" not in answer


def test_log(stack: Stack) -> None:
    """One line of JSON for each answer, whatever is in the request."""
    since = time.time()
    odd = b'GET /plaintext?"\\%00\xc3\xa9\xff HTTP/1.1\r\nHost: a\r\nUser-Agent: "\\\t\xff\x01x\r\n'
    raw(stack.http_port, odd + b"Referer: '\"}\r\nConnection: close\r\n\r\n")
    raw(stack.http_port, b"nonsense\r\n\r\n")
    ask(stack.http_port, "/echo?q", "POST", b"12345")
    (asked,) = stack.logged(since, target="/echo?q")
    assert (asked["method"], asked["status"], asked["upstream_status"]) == ("POST", 200, "200")
    assert asked["upstream"].endswith(":8000")
    assert (type(asked["seconds"]), type(asked["bytes"])) == (float, int)
    # Docker mends bytes that are no UTF-8 before we read them, so nginx must not write any.
    assert stack.logged(since, target="(not ASCII)")[0]["user_agent"] == "(not ASCII)"
    assert stack.logged(since, target="")[0]["status"] == 400
    assert asked["referer"] == asked["user_agent"] == ""


def test_probes_are_not_logged(stack: Stack) -> None:
    """Health checks have a listener of their own, which cannot be reached from outside."""
    since = time.time()
    probe = "http://127.0.0.1:8090/healthz?probe"
    stack.compose.ask("exec", "--no-TTY", "nginx", "curl", "--fail", "--silent", probe)
    ask(stack.http_port, "/healthz?asked")
    stack.logged(since, target="/healthz?asked")
    assert "/healthz?probe" not in {
        each["target"] for each in access_log(stack.one("nginx"), since)
    }
    address = stack.one("nginx").attrs["NetworkSettings"]["Networks"][f"{stack.name}_backend"]
    program = (
        "import socket, sys\n"
        f"sys.exit(socket.socket().connect_ex(('{address['IPAddress']}', 8090)) == 0)"
    )
    assert stack.one("protocol").exec_run(["python", "-c", program]).exit_code == 0


# ---- static files and compression


def test_static_file(stack: Stack) -> None:
    """nginx serves it by itself, under the fields that the service gives it."""
    since = time.time()
    answer = ask(stack.http_port, f"{SHEET}?by-itself")
    assert answer.body == (STATIC / "slipway.css").read_bytes()
    assert answer.headers.get_content_type() == "text/css"
    assert the(answer, "Cache-Control") == "public, max-age=3600"
    assert the(answer, "ETag")
    (line,) = stack.logged(since, target=f"{SHEET}?by-itself")
    assert line["upstream"] == ""


def test_precompressed(stack: Stack) -> None:
    """As it was compressed once, best, when it was collected."""
    answer = ask(stack.http_port, SHEET, Accept_Encoding="gzip")
    assert the(answer, "Content-Encoding") == "gzip"
    assert the(answer, "Vary") == "Accept-Encoding"
    assert int(the(answer, "Content-Length")) == len(answer.body)
    content = (STATIC / "slipway.css").read_bytes()
    assert gzip.decompress(answer.body) == content
    assert answer.body[10:] == gzip.compress(content, 9)[10:]


def test_file_that_nginx_has_not(stack: Stack) -> None:
    """The service is asked: its release may be newer."""
    since = time.time()
    assert ask(stack.http_port, "/static/newer.css").status == 404
    (line,) = stack.logged(since, target="/static/newer.css")
    assert line["upstream_status"] == "404"


def test_compression(stack: Stack) -> None:
    """Text of the service that is long enough."""
    body = b"all work and no play " * 100
    fields = {"Content_Type": "text/plain", "Accept_Encoding": "gzip"}
    answer = ask(stack.http_port, "/echo", "POST", body, **fields)
    assert the(answer, "Content-Encoding") == "gzip"
    assert gzip.decompress(answer.body) == body
    for short in (b"x" * 511, b"x"):
        assert (
            "Content-Encoding" not in ask(stack.http_port, "/echo", "POST", short, **fields).headers
        )
    picture = {**fields, "Content_Type": "image/png"}
    assert "Content-Encoding" not in ask(stack.http_port, "/echo", "POST", body, **picture).headers


# ---- bounds, as the service has them


def test_body(stack: Stack) -> None:
    """1 MiB passes, a byte more does not."""
    most = 1 << 20
    assert ask(stack.http_port, "/echo", "POST", b"x" * most).status == 200
    assert ask(stack.http_port, "/echo", "POST", b"x" * (most + 1)).status == 413


def test_head(stack: Stack) -> None:
    """A line of 8 KiB passes, a longer one does not: 414 and 431, as the service says."""
    assert ask(stack.http_port, "/plaintext?" + "x" * 8000).status == 200
    assert ask(stack.http_port, "/plaintext?" + "x" * 8200).status == 414
    assert ask(stack.http_port, "/plaintext", X_Long="x" * 8000).status == 200
    assert ask(stack.http_port, "/plaintext", X_Long="x" * 8200).status == 431


# ---- nobody there


def test_unavailable(stack: Stack) -> None:
    """Without the service: a small page with the id, soon."""
    try:
        stack.compose.ask("stop", "protocol", "aiohttp")
        for method, target in (("GET", "/"), ("POST", "/echo"), ("HEAD", "/")):
            since = time.time()
            answer = ask(stack.http_port, target, method)
            assert answer.status in (502, 504)
            assert answer.headers.get_content_type() == "text/html"
            assert the(answer, "Cache-Control") == "no-store"
            assert the(answer, "Retry-After")
            found = the(answer, "X-Request-Id")
            assert (f"<code>{found}</code>".encode() in answer.body) == (method != "HEAD")
            (line,) = stack.logged(since, request_id=found)
            assert (line["method"], line["status"]) == (method, answer.status)
        assert ask(stack.http_port, SHEET).status == 200
    finally:
        stack.up()


def test_one_stands_in_for_the_other(stack: Stack) -> None:
    """While one server is away the other one answers for it."""
    try:
        stack.compose.ask("stop", "aiohttp")
        assert b"<dd>the Protocol server</dd>" in ask(stack.alt_http_port, "/").body
    finally:
        stack.up()
    stack.asks("aiohttp", stack.addresses("aiohttp"))
    assert b"<dd>aiohttp</dd>" in ask(stack.alt_http_port, "/").body
