"""The page at `/`: who answered, every route with a way to try it, and what to do next.

All but the facts is put together once, at import. What asks in place is app/static/landing.js:
without it the forms are forms, and the browser opens their answers. Knows nothing of the server.
"""

import asyncio
import html
import os
import platform
from collections.abc import Iterable
from dataclasses import dataclass

from app import __version__, content

# Neither scripts nor styles in the page, and none from elsewhere; a script that wrote HTML would
# be stopped as well (Trusted Types).
POLICY = "; ".join(
    (
        "default-src 'none'",
        *("script-src 'self'", "style-src 'self'", "img-src 'self'", "connect-src 'self'"),
        *("base-uri 'none'", "form-action 'self'", "frame-ancestors 'none'"),
        "require-trusted-types-for 'script'",
    )
)
FIELDS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": POLICY,
    "Referrer-Policy": "strict-origin-when-cross-origin",
    "X-Content-Type-Options": "nosniff",
}

PYTHON = f"{platform.python_implementation()} {platform.python_version()}"

# A name is part of the path, where no form could put it: only the script asks for one. Two are no
# names there (RFC 3986 5.2.4), and browsers ask for something else instead.
NAME = (
    '<label hidden>Name <input data-segment value="Ada" maxlength="100" '
    r'pattern="(?!\.{1,2}$).+" title="A name, but neither . nor .."></label>'
)
SECONDS = (
    '<label>Seconds <input name="seconds" type="number" value="1" step="any" '
    f'min="{content.SHORTEST_SLEEP:g}" max="{content.LONGEST_SLEEP:g}"></label>'
)
CHUNKS = (
    '<label>Lines <input name="chunks" type="number" value="10" '
    f'min="0" max="{content.MOST_LINES}"></label>'
)
BODY = '<label class="wide">Body <textarea name="body" rows="2">Good morning</textarea></label>'


LASTING = ("slow", "stream")  # kinds of answers that somebody may want to stop


@dataclass(frozen=True, slots=True)
class Route:
    """One route. path: as it was given to the server; target: where its link and its form lead.

    what: for what it is good, in a line. fields: its form's. verb: on its button. kind: how the
    script shows its answer.
    """

    method: str
    path: str
    what: str
    target: str = ""
    fields: str = ""
    verb: str = "Try"
    kind: str = "answer"


GROUPS = (
    (
        "Answers",
        Route("GET", "/plaintext", "A line of text: the shortest answer there is."),
        Route("GET", "/json", "The same as JSON."),
        Route("GET", "/hello", "A greeting for nobody in particular."),
        Route("GET", "/hello/{name}", "A greeting for the name in the path.", "/hello/Ada", NAME),
        Route("GET", "/time", "The server's local time, never from a cache."),
    ),
    (
        "Waiting",
        Route(
            "GET",
            "/sleep",
            f"Answers after up to {content.LONGEST_SLEEP:g} seconds and holds up nobody: try "
            "something else meanwhile.",
            "/sleep?seconds=1",
            SECONDS,
            kind="slow",
        ),
        Route(
            "GET",
            "/park",
            f"Waits for a release, {content.LONGEST_PARK:g} seconds at most. Park up to four: a "
            "browser opens six connections to a server, and two stay free for the rest.",
            verb="Park",
            kind="park",
        ),
        Route(
            "POST",
            "/release",
            "Lets every parked request go, whichever worker it waits in, and says how many.",
            verb="Release",
        ),
    ),
    (
        "Bodies and streams",
        Route("POST", "/echo", "The body as it came, with its type.", fields=BODY),
        Route("GET", "/headers", "What your browser, and any proxy on the way, said in its head."),
        Route(
            "GET",
            "/stream",
            f"Up to {content.MOST_LINES} lines, each sent when it is made.",
            "/stream?chunks=10",
            CHUNKS,
            kind="stream",
        ),
    ),
    (
        "Health and files",
        Route("GET", "/healthz", "Alive: this process answers."),
        Route("GET", "/readyz", "Ready for traffic; 503 once it was told to stop."),
        Route(
            "GET",
            "/static/{path}",
            "Files, with ETag and ranges: here the style of this page.",
            "/static/slipway.css",
        ),
    ),
)
ROUTES = tuple(each for _, *routes in GROUPS for each in routes)


def page(server: str, request_id: str = "") -> str:
    """The page, as HTML. server: which one answers. request_id: what finds this answer in the
    logs, "" where there is none. Both may say anything."""
    facts = {
        "server": server,
        "runs on": _platform(),
        "version": __version__,
        "worker": str(os.getpid()),
    }
    if request_id:
        facts["request"] = request_id
    rows = [f"<div><dt>{name}</dt><dd>{html.escape(it)}</dd></div>" for name, it in facts.items()]
    return "".join((_BEFORE, *rows, _AFTER))


def _platform() -> str:
    """The interpreter, and the loop if one runs here: some ways of serving have none."""
    try:
        loop = type(asyncio.get_running_loop()).__module__.partition(".")[0]
    except RuntimeError:
        return PYTHON
    return f"{PYTHON}, {loop}"


def _card(route: Route) -> str:
    """One route: its link, if it can be one, what it is, and a form to try it."""
    target = route.target or route.path
    method, action = route.method.lower(), target.partition("?")[0]
    linked = f'<a href="{target}">{route.path}</a>' if method == "get" else route.path
    # As text: what else a form without script can send is no body that anybody reads.
    coding = "" if method == "get" else ' enctype="text/plain"'
    # What a number is refused for is the service's to say.
    checked = "" if route.fields == NAME else "novalidate "
    unseen = f'<span class="unseen"> {route.method} {route.path}</span>'
    stop = f'<button type="button" class="stop" hidden>Stop{unseen}</button>'
    return (
        f'<li><form method="{method}" action="{action}"{coding} {checked}'
        f'data-route="{route.path}" data-kind="{route.kind}">'
        f'<h3><span class="method">{route.method}</span> {linked}</h3><p>{route.what}</p>'
        f'<div class="ask">{route.fields}<button>{route.verb}{unseen}</button>'
        f"{stop if route.kind in LASTING else ''}</div>"
        "</form></li>\n"
    )


def _group(title: str, routes: Iterable[Route]) -> str:
    cards = "".join(map(_card, routes))
    return f'<section><h2>{title}</h2><ul class="routes">\n{cards}</ul></section>\n'


_BEFORE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="robots" content="noindex">
<title>Slipway is running</title>
<link rel="icon" type="image/svg+xml" href="/static/icon.svg">
<link rel="stylesheet" href="/static/slipway.css">
<script type="module" src="/static/landing.js"></script>
</head>
<body>
<header>
<img src="/static/icon.svg" width="48" height="48" alt="">
<h1>Slipway is running</h1>
<p>Your service is up. Here is who answered you, and everything you can ask it.</p>
</header>
<main>
<section>
<h2>Who answered</h2>
<dl class="facts">
"""
_AFTER = f"""
</dl>
<p><a href="/">Ask again</a>: each time is a new request. Another worker may answer when your
browser opens a new connection.</p>
<noscript><p>Scripts are off: each button opens its answer as a page of its own.</p></noscript>
</section>
{"".join(_group(title, routes) for title, *routes in GROUPS)}
<section class="next">
<h2>What next</h2>
<ol>
<li><strong>Make it yours.</strong> A route is a function in <code>app/handlers.py</code> and a line
in its <code>install</code>; what it says is in <code>app/content.py</code>, this page in
<code>app/landing.py</code>.</li>
<li><strong>Set it.</strong> Every limit, deadline and address is a variable of the environment:
<code>.env.example</code> has them all.</li>
<li><strong>Read on.</strong> Begin with <code>README.md</code>; <code>docs/httpd.md</code> is the
guide to the server. How it goes into production: <code>docs/deploy-compose.md</code> and
<code>docs/deploy-git-push.md</code>.</li>
<li><strong>Before it is public,</strong> take away what is there to try things out:
<code>/sleep</code>, <code>/park</code>, <code>/release</code>, <code>/echo</code>,
<code>/headers</code>, and this page, which tells strangers what runs here.</li>
</ol>
</section>
</main>
</body>
</html>
"""
