"""The first answer of a path that a scenario knows nothing of: what all others must be like."""

import http.client
from dataclasses import replace

from loadtest.rawload.exchange import Ask
from loadtest.rawload.target import TargetError, parse_target


def prime(url: str, path: str, timeout_s: float) -> Ask:
    """Ask once, by another client than the one that measures. Raises TargetError where there is no
    answer, or none with status 200."""
    host, port, named = parse_target(url)
    try:
        ask = Ask(path)
    except ValueError as error:
        raise TargetError(f"--path {path!r}: {error}") from None
    connection = http.client.HTTPConnection(host, port, timeout=timeout_s)
    try:
        connection.request("GET", path, headers={"Host": named})
        answer = connection.getresponse()
        body = answer.read()
    except (OSError, http.client.HTTPException) as error:
        raise TargetError(f"{url}{path} does not answer: {error!r}") from None
    finally:
        connection.close()
    if answer.status != 200:
        raise TargetError(f"{url}{path} answers {answer.status}, where 200 was due")
    return replace(ask, answer=body)
