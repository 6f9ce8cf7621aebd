"""What browsers are told to refuse: the fields that nginx adds where it stands in front.

For answers of which a browser makes something: pages and static files. A field that an answer has
already stands. Knows nothing of routes. The same words are in nginx/headers.conf.
"""

from app.httpd import Response

NOSNIFF = ("X-Content-Type-Options", "nosniff")
REFERRER = ("Referrer-Policy", "strict-origin-when-cross-origin")
# Of pages only: to anything else it means nothing.
_RULES = ("default-src 'self'", "base-uri 'none'", "form-action 'self'", "frame-ancestors 'none'")
PAGE_POLICY = ("Content-Security-Policy", "; ".join([*_RULES, "object-src 'none'"]))


def secure(response: Response) -> Response:
    """Add what the answer lacks of these. Returns it."""
    said = {line.partition(b":")[0].lower() for line in response.fields}
    page = (response.content_type or b"").startswith(b"text/html")
    for name, value in (NOSNIFF, REFERRER, *([PAGE_POLICY] if page else [])):
        if name.lower().encode() not in said:
            response.add(name, value)
    return response
