"""What browsers are told to refuse: the fields that nginx adds where it stands in front.

For answers of which a browser makes something: pages and static files. A field that an answer has
already stands. Knows nothing of routes. The same words are in nginx/headers.conf.
"""

from app.httpd import Response
from app.httpd.response import encode_field

NOSNIFF = ("X-Content-Type-Options", "nosniff")
REFERRER = ("Referrer-Policy", "strict-origin-when-cross-origin")
# Of pages only: to anything else it means nothing.
_RULES = ("default-src 'self'", "base-uri 'none'", "form-action 'self'", "frame-ancestors 'none'")
PAGE_POLICY = ("Content-Security-Policy", "; ".join([*_RULES, "object-src 'none'"]))


_EVERY = [(name.lower().encode(), encode_field(name, value)) for name, value in (NOSNIFF, REFERRER)]
_PAGE = [*_EVERY, (PAGE_POLICY[0].lower().encode(), encode_field(*PAGE_POLICY))]


def secure(response: Response) -> Response:
    """Add what the answer lacks of these. Returns it."""
    said = {line.partition(b":")[0].lower() for line in response.fields}
    is_page = (response.content_type or b"").startswith(b"text/html")
    response.fields += [line for name, line in (_PAGE if is_page else _EVERY) if name not in said]
    return response
