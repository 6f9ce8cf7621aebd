"""The published test: one small answer, asked for again and again on each connection."""

from collections.abc import Sequence

from loadtest.rawload.exchange import Ask
from loadtest.rawload.user import RepeatingUser


class Published(RepeatingUser):
    """`GET /plaintext`; with --path whatever is there, which must then be the same each time."""

    asks = (Ask("/plaintext", answer=b"Hello, World!"),)

    def given_asks(self) -> Sequence[Ask]:
        """One thing."""
        path = self.environment.parsed_options.path
        return (self.test.primed(self.host, path),) if path else self.asks
