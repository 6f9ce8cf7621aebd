"""A plain locust user, to copy from: what somebody does, in the words of locust's own client.

FastHttpUser handles cookies, redirects, TLS and compression, and asks at most some 10,000 times a
second from one core. For what a service does at that rate, and for what its users see, it is the
right one; it cannot show what a fast server can do.
"""

from typing import Any

from locust import FastHttpUser, between, tag, task

from loadtest.rawload.target import DEFAULT_HOST


class Journey(FastHttpUser):
    """Somebody opens the page, greets, posts something, and reads for a moment in between."""

    host = DEFAULT_HOST
    wait_time = between(0.5, 1.5)

    @tag("page")
    @task(3)
    def page(self) -> None:
        """The page and what belongs to it."""
        with self.client.get("/", catch_response=True) as answer:
            if "</html>" not in (answer.text or ""):
                answer.failure("no whole page")
        self.expect("/static/slipway.css", "{")

    @tag("greeting")
    @task(2)
    def greeting(self) -> None:
        """A name of many, counted as one."""
        self.expect("/hello/Grace", "Hello, Grace", name="/hello/{name}")

    @tag("post")
    @task(1)
    def post(self) -> None:
        """Bytes there and back."""
        with self.client.post("/echo", data="a=1", catch_response=True) as answer:
            if answer.text != "a=1":
                answer.failure("another body than was sent")

    def expect(self, path: str, text: str, **how: Any) -> None:
        """Get something that contains this text. A wrong status is a failure by itself; a wrong
        body is one only if somebody looks."""
        with self.client.get(path, catch_response=True, **how) as answer:
            if answer.status_code == 200 and text not in (answer.text or ""):
                answer.failure(f"without {text!r}")
