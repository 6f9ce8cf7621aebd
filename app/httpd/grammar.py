"""The grammar of HTTP/1.1 in bytes patterns, each under the section that defines it.

Every pattern is meant for `fullmatch` and is ASCII only. The work is proportional to the
bytes: what repeats begins differently from what may follow it, so there is one way to match.
Only single classes are possessive: on groups Python before 3.11.5 takes what does not match
(gh-106052). Knows nothing of what a match means.
"""

import re

_TOKEN = rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]++"
_PERCENT = rb"%[0-9A-Fa-f]{2}"

# RFC 9110 5.6.2
TOKEN = re.compile(_TOKEN)

# RFC 9112 3: exactly one SP between the parts. RFC 3986 2: what a target is written with
# ("#" never travels; "[" and "]" are tolerated, browsers send them bare).
REQUEST_LINE = re.compile(
    rb"(" + _TOKEN + rb") "
    rb"((?:[!$&'()*+,\-./0-9:;=?@A-Z\[\]_a-z~]++|" + _PERCENT + rb")+) "
    rb"HTTP/([0-9])\.([0-9])"
)

# RFC 9112 3.2.2; userinfo is left out on purpose (RFC 9110 4.2.4).
ABSOLUTE_TARGET = re.compile(rb"(?i:https?)://([^/?@]++)(/[^?]*+)?(\?.*+)?")

# RFC 9110 7.2, RFC 3986 3.2.2: the address in brackets, the port. The comma is a sub-delim, and
# a list of hosts in disguise: left out.
HOST = re.compile(
    rb"(?:\[([0-9A-Fa-f:.]{2,45}+)\]"
    rb"|(?:[0-9A-Za-z\-._~!$&'()*+;=]++|" + _PERCENT + rb")+)(?::([0-9]{0,5}+))?"
)

# RFC 9110 8.6, and no leading zero: some parsers read those as octal.
CONTENT_LENGTH = re.compile(rb"0|[1-9][0-9]{0,17}+")

# RFC 9112 7.1 and 7.1.1: size, extensions, CRLF. 16 digits are 64 bits.
CHUNK_LINE = re.compile(
    rb"([0-9A-Fa-f]{1,16}+)"
    rb"((?:[ \t]*+;[ \t]*+" + _TOKEN + rb"(?:[ \t]*+=[ \t]*+"
    rb"(?:"
    + _TOKEN
    + rb'|"(?:[\t \x21\x23-\x5b\x5d-\x7e\x80-\xff]|\\[\t\x20-\x7e\x80-\xff])*"))?)*)'
    rb"\r\n"
)
# What may become one when more bytes come.
CHUNK_LINE_BEGUN = re.compile(rb"[0-9A-Fa-f]{1,16}+(?:[ \t;][\t\x20-\x7e\x80-\xff]*+)?\r?")

# A line feed without its carriage return, a carriage return without its line feed, or NUL:
# nothing that may follow makes such a head right (RFC 9112 2.2). Used with `search`.
NEVER_IN_HEAD = re.compile(rb"(?<!\r)\n|\r(?=[^\n])|\x00")

# RFC 3986 3.3 and 5.2.4: a segment that means "here" or "up", plain or encoded.
DOT_SEGMENT = re.compile(r"(?i)(?:^|/)(?:\.|%2e){1,2}(?=/|$)")
# What no path of a request can lead to.
NEVER_IN_ROUTE = re.compile(r"[?#\x00-\x1f\x7f]|(?:^|/)\.{1,2}(?=/|$)")
# A control character by its percent-encoding; no path has one.
ENCODED_CONTROL = re.compile(r"%(?:[01][0-9A-Fa-f]|7[Ff])")

# One hop of X-Forwarded-For: IPv4 with or without port, IPv6 in brackets or bare, no zone.
HOP = re.compile(
    r"(?:([0-9.]{7,15}+)|\[([0-9A-Fa-f:.]{2,45}+)\])(?::[0-9]{1,5}+)?|([0-9A-Fa-f:.]{2,45}+)"
)

# RFC 9110 12.4.2
QUALITY = re.compile(r"0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?")

# What a request id from a trusted proxy may look like; anything else is replaced.
REQUEST_ID = re.compile(rb"[0-9A-Za-z._~+/=:@\-]{1,128}")

# For answers, as the application writes them (RFC 9110 5.5).
RESPONSE_VALUE = re.compile(r"[\t\x20-\x7e\x80-\xff]*+")
RESPONSE_NAME = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]++")
# RFC 2046 5.1.1
BOUNDARY = re.compile(r"[0-9A-Za-z'()+_,\-./:=? ]{1,70}+(?<! )")

# RFC 6265 4.1.1 cookie-octet
COOKIE_VALUE = re.compile(r"[\x21\x23-\x2b\x2d-\x3a\x3c-\x5b\x5d-\x7e]*+")
# RFC 6265 4.1.1 path-value and domain-value: no control, no ";"
COOKIE_ATTRIBUTE = re.compile(r"[\x20-\x3a\x3c-\x7e]*+")
