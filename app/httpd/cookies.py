"""Cookies, read and written (RFC 6265)."""

from . import grammar
from .errors import UsageError

MOST_COOKIES = 180  # what browsers keep for one site (RFC 6265 6.1 asks for 50)


def parse_cookies(values: list[str]) -> dict[str, str]:
    """Read Cookie fields (RFC 6265 5.4): the first of a name wins, what is no pair is skipped."""
    cookies: dict[str, str] = {}
    for pair in "; ".join(values).split(";", MOST_COOKIES)[:MOST_COOKIES]:
        name, equals, value = pair.partition("=")
        name = name.strip(" \t")
        if equals and name:
            value = value.strip(" \t")
            if len(value) > 1 and value[0] == value[-1] == '"':
                value = value[1:-1]
            cookies.setdefault(name, value)
    return cookies


def encode_cookie(
    name: str,
    value: str,
    *,
    max_age: int | None,
    path: str,
    domain: str,
    secure: bool,
    http_only: bool,
    same_site: str,
) -> str:
    """The value of a Set-Cookie field (RFC 6265 4.1). Raises UsageError for what may not be in
    it, and for what browsers would drop without a word."""
    if not all(isinstance(each, str) for each in (name, value, path, domain)):
        raise UsageError(f"cookie {name!r}: name, value, path and domain are str")
    if max_age is not None and not isinstance(max_age, int):
        raise UsageError(f"cookie {name!r}: max_age is a whole number of seconds, not {max_age!r}")
    if not grammar.RESPONSE_NAME.fullmatch(name):
        raise UsageError(f"cookie name {name!r} is not a token (RFC 6265 4.1.1)")
    if not grammar.COOKIE_VALUE.fullmatch(value):
        raise UsageError(
            f"the value of cookie {name!r} has a character cookies may not have; encode it first"
        )
    for attribute in (path, domain):
        if not grammar.COOKIE_ATTRIBUTE.fullmatch(attribute):
            raise UsageError(f"cookie {name!r} has an attribute with a control character or ';'")
    if same_site not in ("Strict", "Lax", "None", ""):
        raise UsageError(
            f"cookie {name!r}: same_site is Strict, Lax, None or empty, not {same_site!r}"
        )
    if same_site == "None" and not secure:
        raise UsageError(f"cookie {name!r}: browsers drop SameSite=None without Secure")
    if name.startswith(("__Secure-", "__Host-")) and not secure:
        raise UsageError(f"cookie {name!r}: browsers drop this prefix without Secure")
    if name.startswith("__Host-") and (domain or path != "/"):
        raise UsageError(f"cookie {name!r}: browsers drop __Host- with a domain or another path")
    parts = [f"{name}={value}"]
    parts += [f"Max-Age={max_age:d}"] if max_age is not None else []
    parts += [f"Path={path}"] if path else []
    parts += [f"Domain={domain}"] if domain else []
    parts += ["Secure"] if secure else []
    parts += ["HttpOnly"] if http_only else []
    parts += [f"SameSite={same_site}"] if same_site else []
    return "; ".join(parts)
