"""How a file presents itself: media type, content coding, how long it keeps, name to save it by.

Pure: works on names and field values. Knows nothing of files, requests or preconditions.
"""

import mimetypes
import re
from collections.abc import Sequence
from functools import lru_cache
from urllib.parse import quote

IDENTITY = "identity"
YEAR = 365 * 86_400  # seconds

# What the web is made of, so that it is served alike on every machine: mimetypes asks the
# machine's own tables, and a script of the wrong type does not run under nosniff.
TYPES = {
    ".avif": "image/avif",
    ".bin": "application/octet-stream",
    ".br": "application/octet-stream",
    ".css": "text/css",
    ".csv": "text/csv",
    ".gif": "image/gif",
    ".gz": "application/gzip",
    ".htm": "text/html",
    ".html": "text/html",
    ".ico": "image/vnd.microsoft.icon",
    ".jpeg": "image/jpeg",
    ".jpg": "image/jpeg",
    ".js": "text/javascript",
    ".json": "application/json",
    ".map": "application/json",
    ".md": "text/markdown",
    ".mjs": "text/javascript",
    ".mp3": "audio/mpeg",
    ".mp4": "video/mp4",
    ".otf": "font/otf",
    ".pdf": "application/pdf",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".ttf": "font/ttf",
    ".txt": "text/plain",
    ".wasm": "application/wasm",
    ".webm": "video/webm",
    ".webmanifest": "application/manifest+json",
    ".webp": "image/webp",
    ".woff": "font/woff",
    ".woff2": "font/woff2",
    ".xml": "application/xml",
    ".zip": "application/zip",
}

# RFC 9110 12.4.2 and 12.5.3: one coding, or "*", and its weight.
_TOKEN = r"[!#$%&'*+\-.^_`|~0-9A-Za-z]++"  # RFC 9110 5.6.2
CODING = re.compile(
    rf"[ \t]*+({_TOKEN})[ \t]*+"
    r"(?:;[ \t]*+[qQ]=(0(?:\.[0-9]{0,3}+)?|1(?:\.0{0,3}+)?)[ \t]*+)?"
)

# A hash of the content in the name, after a dot or a dash and before a dot: app.3f2a9c1d.js.
# At least one digit and one letter, or report-20260131.pdf would be kept for a year.
HASHED = re.compile(r"[.\-](?=[0-9]*+[A-Fa-f])(?=[A-Fa-f]*+[0-9])[0-9A-Fa-f]{8,}+\.")


def content_type(name: str) -> str:
    """The media type by a name's ending, text as UTF-8; application/octet-stream if unknown."""
    _, dot, ending = name.rpartition(".")
    return _type_of(dot + ending.lower())


@lru_cache(maxsize=256)  # endings of files that exist, not of what clients ask for
def _type_of(ending: str) -> str:
    kind = TYPES.get(ending)
    if kind is None:
        kind, packed = mimetypes.guess_type("file" + ending)
        if kind is None or packed:  # .tgz is a gzip file, and not the tar in it
            return "application/octet-stream"
    return kind + "; charset=utf-8" if kind.startswith("text/") else kind


def cache_control(name: str, max_age: int) -> str:
    """How long an answer keeps: max_age seconds, or for ever where the name has a hash.

    Such a name never means other bytes, so nothing is gained by asking again (RFC 8246).
    """
    if HASHED.search(name):
        return f"public, max-age={YEAR}, immutable"
    return f"public, max-age={max_age}"


def choose_coding(accept: str, offered: Sequence[str]) -> str:
    """The coding to send: one of those offered, or IDENTITY.

    accept: the Accept-Encoding field; no field is not an empty one, but is answered alike.
    offered: the best first, which decides between equal weights. A client that refuses
    everything gets IDENTITY: RFC 9110 12.5.3 allows it, and it can be read.
    """
    weights: dict[str, float] = {}
    for element in accept.split(","):
        match = CODING.fullmatch(element)
        if match is not None:  # what cannot be read is not accepted
            coding = match[1].lower()
            coding = "gzip" if coding == "x-gzip" else coding  # RFC 9110 8.4.1.3
            weights.setdefault(coding, float(match[2] or 1))
    rest = weights.get("*", 0.0)  # of what the client does not name
    best = max(offered, key=lambda each: weights.get(each, rest), default=IDENTITY)
    weight = weights.get(best, rest)
    return best if weight > 0 and weight >= weights.get(IDENTITY, rest) else IDENTITY


def attachment(name: str) -> str:
    """A Content-Disposition that saves under this name (RFC 6266, RFC 8187); "" leaves it open.

    What separates folders, does not print or turns the direction of text becomes "_".
    """
    if not name:
        return "attachment"
    safe = "".join(each if each.isprintable() and each not in "/\\" else "_" for each in name)
    # RFC 6266 appendix D: old clients unescape "%" and take '"' for the end.
    plain = "".join(each if each.isascii() and each not in '"%' else "_" for each in safe)
    extended = quote(safe, safe="!#$&+-.^_`|~")  # RFC 8187 3.2.1 attr-char
    both = "" if plain == safe else f"; filename*=UTF-8''{extended}"
    return f'attachment; filename="{plain}"{both}'
