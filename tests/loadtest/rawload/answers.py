"""Answers as bytes, byte for byte: good ones with what they say, bad ones with the name of the fault."""

# ruff: noqa: E501 (a case a line reads best)

from loadtest.rawload.wire import LIMIT_BODY, Answer

OK = b"HTTP/1.1 200 OK\r\n"
SIZED = OK + b"Content-Length: 5\r\n\r\nhello"
CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n"
NONE, MORE = "a body where none may be", "more bytes than announced"
NO_FIELD, NO_STATUS = "a field line that is none", "no HTTP/1.1 status line"
NO_SIZE, NO_NUMBER = "a chunk without a size", "a Content-Length that is no number"
CODING = "a Transfer-Encoding other than chunked"
BOTH = "Content-Length beside Transfer-Encoding"

GOOD = {
    "sized": (SIZED, Answer(200, b"hello", False)),
    "sized, nothing in it": (OK + b"Content-Length: 0\r\n\r\n", Answer(200, b"", False)),
    "leading zeros": (OK + b"Content-Length: 005\r\n\r\nhello", Answer(200, b"hello", False)),
    "no reason": (b"HTTP/1.1 200 \r\nContent-Length: 0\r\n\r\n", Answer(200, b"", False)),
    "another status": (b"HTTP/1.1 503 x\r\nContent-Length: 1\r\n\r\nx", Answer(503, b"x", False)),
    "odd case": (OK + b"cOnTeNt-LeNgTh: 5\r\n\r\nhello", Answer(200, b"hello", False)),
    "no space after the colon": (
        OK + b"Content-Length:5\r\n\r\nhello",
        Answer(200, b"hello", False),
    ),
    "spaces and tabs around a value": (
        OK + b"Content-Length: \t 5\t \r\n\r\nhello",
        Answer(200, b"hello", False),
    ),
    "a field without a value": (OK + b"X:\r\nContent-Length: 0\r\n\r\n", Answer(200, b"", False)),
    "a field in another alphabet": (
        OK + b"X: \xff\xa0\x80\r\nContent-Length: 0\r\n\r\n",
        Answer(200, b"", False),
    ),
    "an end of a head in the body": (
        OK + b"Content-Length: 4\r\n\r\n\r\n\r\n",
        Answer(200, b"\r\n\r\n", False),
    ),
    "close": (OK + b"Connection: close\r\nContent-Length: 0\r\n\r\n", Answer(200, b"", True)),
    "close in a list, in odd case": (
        OK + b"connection: Upgrade ,\tCLOSE\r\nContent-Length: 0\r\n\r\n",
        Answer(200, b"", True),
    ),
    "close in a second line": (
        OK + b"Connection: x\r\nConnection: close\r\nContent-Length: 0\r\n\r\n",
        Answer(200, b"", True),
    ),
    "what only begins like close": (
        OK + b"Connection: closer\r\nContent-Length: 0\r\n\r\n",
        Answer(200, b"", False),
    ),
    "keep-alive": (
        OK + b"Connection: keep-alive\r\nContent-Length: 0\r\n\r\n",
        Answer(200, b"", False),
    ),
    "1.0": (b"HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n", Answer(200, b"", True)),
    "1.0 that keeps": (
        b"HTTP/1.0 200 OK\r\nConnection: Keep-Alive\r\nContent-Length: 0\r\n\r\n",
        Answer(200, b"", False),
    ),
    "1.0 that says both": (
        b"HTTP/1.0 200 OK\r\nConnection: keep-alive, close\r\nContent-Length: 0\r\n\r\n",
        Answer(200, b"", True),
    ),
    "204": (b"HTTP/1.1 204 No Content\r\n\r\n", Answer(204, b"", False)),
    "204 with a length": (
        b"HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n",
        Answer(204, b"", False),
    ),
    "304 with the length of what it does not send": (
        b"HTTP/1.1 304 Not Modified\r\nContent-Length: 900\r\n\r\n",
        Answer(304, b"", False),
    ),
    "304 of what would be chunked": (
        b"HTTP/1.1 304 Not Modified\r\nTransfer-Encoding: chunked\r\n\r\n",
        Answer(304, b"", False),
    ),
    "100 before": (b"HTTP/1.1 100 Continue\r\n\r\n" + SIZED, Answer(200, b"hello", False)),
    "103 with fields before": (
        b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\nContent-Length: 3\r\n\r\n" + SIZED,
        Answer(200, b"hello", False),
    ),
    "several before": (b"HTTP/1.1 102 \r\n\r\n" * 3 + SIZED, Answer(200, b"hello", False)),
    "chunked": (CHUNKED + b"5\r\nhello\r\n0\r\n\r\n", Answer(200, b"hello", False)),
    "chunked, in odd case": (
        OK + b"transfer-ENCODING: Chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n",
        Answer(200, b"x", False),
    ),
    "chunked, nothing in it": (CHUNKED + b"0\r\n\r\n", Answer(200, b"", False)),
    "several chunks": (
        CHUNKED + b"1\r\nh\r\n3\r\nell\r\n1\r\no\r\n0\r\n\r\n",
        Answer(200, b"hello", False),
    ),
    "sizes in both cases, with zeros": (
        CHUNKED + b"0a\r\n" + b"x" * 10 + b"\r\n00B\r\n" + b"y" * 11 + b"\r\n000\r\n\r\n",
        Answer(200, b"x" * 10 + b"y" * 11, False),
    ),
    "extensions": (
        CHUNKED + b'5;a=b;c="d e"\r\nhello\r\n0 \t;last\r\n\r\n',
        Answer(200, b"hello", False),
    ),
    "trailers": (
        CHUNKED + b"5\r\nhello\r\n0\r\nX: y\r\nContent-Length: 9\r\n\r\n",
        Answer(200, b"hello", False),
    ),
    "CRLF and ends within a chunk": (
        CHUNKED + b"9\r\n\r\n0\r\n\r\n\r\n\r\n0\r\n\r\n",
        Answer(200, b"\r\n0\r\n\r\n\r\n", False),
    ),
    "chunked and close": (
        OK + b"Connection: close\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n",
        Answer(200, b"x", True),
    ),
}

HEADS = {
    "sized": OK + b"Content-Length: 5000000000\r\n\r\n",
    "chunked": CHUNKED,
    "neither": OK + b"\r\n",
    "after an interim one": b"HTTP/1.1 100 \r\n\r\n" + OK + b"Content-Length: 5\r\n\r\n",
}

BAD = {
    "nothing but a line end": (b"\r\n\r\n", NO_STATUS),
    "an empty line before": (b"\r\n" + SIZED, NO_STATUS),
    "0.9": (b"hello\r\n\r\n", NO_STATUS),
    "2.0": (b"HTTP/2.0 200 OK\r\n\r\n", NO_STATUS),
    "1.2": (b"HTTP/1.2 200 OK\r\n\r\n", NO_STATUS),
    "no minor version": (b"HTTP/1 200 OK\r\n\r\n", NO_STATUS),
    "in small letters": (b"http/1.1 200 OK\r\n\r\n", NO_STATUS),
    "no space after the status": (b"HTTP/1.1 200\r\n\r\n", NO_STATUS),
    "two spaces": (b"HTTP/1.1  200 OK\r\n\r\n", NO_STATUS),
    "two digits": (b"HTTP/1.1 20 OK\r\n\r\n", NO_STATUS),
    "four digits": (b"HTTP/1.1 2000 OK\r\n\r\n", NO_STATUS),
    "digits of another script": ("HTTP/1.1 2\u06600 OK\r\n\r\n".encode(), NO_STATUS),
    "no status": (b"HTTP/1.1 OK\r\n\r\n", NO_STATUS),
    "a status of nought": (b"HTTP/1.1 000 OK\r\n\r\n", NO_STATUS),
    "a request": (b"GET / HTTP/1.1\r\nHost: a\r\n\r\n", NO_STATUS),
    "a line that LF ends": (b"HTTP/1.1 200 OK\nContent-Length: 0\r\n\r\n", NO_STATUS),
    "no colon": (OK + b"Content-Length 0\r\n\r\n", NO_FIELD),
    "no name": (OK + b": 0\r\n\r\n", NO_FIELD),
    "a space before the colon": (OK + b"Content-Length : 0\r\n\r\n", NO_FIELD),
    "a folded line": (OK + b"X: a\r\n b\r\nContent-Length: 0\r\n\r\n", NO_FIELD),
    "a field that LF ends": (OK + b"X: a\nContent-Length: 0\r\n\r\n", NO_FIELD),
    "a CR in a field": (OK + b"X: a\rb\r\nContent-Length: 0\r\n\r\n", NO_FIELD),
    "a bad field after an interim answer": (b"HTTP/1.1 100 \r\nX\r\n\r\n" + SIZED, NO_FIELD),
    "101": (b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n", "status 101, which nobody asked for"),
    "no length": (OK + b"Content-Type: text/plain\r\n\r\n", "no Content-Length"),
    "no length, 1.0": (b"HTTP/1.0 200 OK\r\n\r\n", "no Content-Length"),
    "no length, and said to close": (OK + b"Connection: close\r\n\r\n", "no Content-Length"),
    "both": (OK + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n", BOTH),
    "both, the other way round": (OK + b"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n", BOTH),
    "both, in an interim answer": (b"HTTP/1.1 100 \r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n", BOTH),
    "two lengths": (OK + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\n", "more than one Content-Length"),
    "two equal lengths": (OK + b"Content-Length: 5\r\ncontent-length: 5\r\n\r\n", "more than one Content-Length"),
    "a list of lengths": (OK + b"Content-Length: 5, 5\r\n\r\n", NO_NUMBER),
    "an empty length": (OK + b"Content-Length: \r\n\r\n", NO_NUMBER),
    "a length with a sign": (OK + b"Content-Length: +5\r\n\r\n", NO_NUMBER),
    "a negative length": (OK + b"Content-Length: -1\r\n\r\n", NO_NUMBER),
    "a length in hex": (OK + b"Content-Length: 0x5\r\n\r\n", NO_NUMBER),
    "a length with an underscore": (OK + b"Content-Length: 1_0\r\n\r\n", NO_NUMBER),
    "a length after a space that is none": (OK + b"Content-Length: \xa05\r\n\r\n", NO_NUMBER),
    "a length of nineteen digits": (OK + b"Content-Length: 1000000000000000000\r\n\r\n", NO_NUMBER),
    "a length of eighteen": (OK + b"Content-Length: 100000000000000000\r\n\r\n", f"a body above {LIMIT_BODY} bytes"),
    "gzip, chunked": (OK + b"Transfer-Encoding: gzip, chunked\r\n\r\n", CODING),
    "chunked twice": (OK + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n", CODING),
    "identity": (OK + b"Transfer-Encoding: identity\r\n\r\n", CODING),
    "an empty coding": (OK + b"Transfer-Encoding:\r\n\r\n", CODING),
    "chunked after a space that is none": (OK + b"Transfer-Encoding: \xa0chunked\r\n\r\n", CODING),
    "chunked in 1.0": (b"HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", "a Transfer-Encoding in HTTP/1.0"),
    "chunked in 1.0 that keeps": (b"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nTransfer-Encoding: chunked\r\n\r\n", "a Transfer-Encoding in HTTP/1.0"),
    "a chunk's size in words": (CHUNKED + b"five\r\nhello\r\n0\r\n\r\n", NO_SIZE),
    "no size": (CHUNKED + b"\r\nhello", NO_SIZE),
    "a size with a sign": (CHUNKED + b"+5\r\n", NO_SIZE),
    "a size with 0x": (CHUNKED + b"0x5\r\n", NO_SIZE),
    "a size with an underscore": (CHUNKED + b"0_5\r\n", NO_SIZE),
    "a space before the size": (CHUNKED + b" 5\r\n", NO_SIZE),
    "a space after the size": (CHUNKED + b"5 \r\n", NO_SIZE),
    "a size that LF ends": (CHUNKED + b"5\nhello\r\n", NO_SIZE),
    "a control in an extension": (CHUNKED + b"5;a=\x01\r\n", NO_SIZE),
    "a size of sixteen digits": (CHUNKED + b"1000000000000000\r\n", NO_SIZE),
    "a size of fifteen": (CHUNKED + b"100000000000000\r\n", f"a body above {LIMIT_BODY} bytes"),
    "a chunk longer than said": (CHUNKED + b"5\r\nhello!\r\n0\r\n\r\n", "a chunk of another size than announced"),
    "a chunk shorter than said": (CHUNKED + b"5\r\nhell\r\n0\r\n\r\n", "a chunk of another size than announced"),
    "a chunk that LF ends": (CHUNKED + b"5\r\nhello\n0\r\n\r\n", "a chunk of another size than announced"),
    "a bad trailer": (CHUNKED + b"0\r\nX y\r\n\r\n", "a trailer that is none"),
    "a folded trailer": (CHUNKED + b"0\r\nX: y\r\n z\r\n\r\n", "a trailer that is none"),
}  # fmt: skip
