"""The contract's fixtures, with nginx in place of a process."""

import pytest

from tests.contract.clients import CLIENTS, Client
from tests.contract.serving import Service
from tests.contract.variants import WAYS, Variant
from tests.stack.contract.fronts import FRONTS, Front
from tests.stack.stack import Stack


class Containers:
    """nginx and what is behind it, for tests that ask whether their server's process has ended."""

    def __init__(self, stack: Stack, service: str) -> None:
        self._stack = stack
        self._service = service
        self._at_first = self._started()

    def poll(self) -> int | None:
        """None while all of them are those that were there at first."""
        return None if self._started() == self._at_first else 1

    def _started(self) -> dict[str, str]:
        found = self._stack.containers("nginx", self._service)
        return {each.name: each.attrs["State"]["StartedAt"] for each in found}


class Fronted(Service):
    """One of nginx's servers."""

    def __init__(self, stack: Stack, front: Front) -> None:
        self.variant = Variant(WAYS[front.name], gunicorn=True)
        self.port = stack.http_port if front.name == "protocol" else stack.alt_http_port
        self.process = Containers(stack, front.name)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Every test is one of both servers."""
    if "front" in metafunc.fixturenames:
        metafunc.parametrize("front", FRONTS, ids=lambda each: each.name, scope="module")


def pytest_itemcollected(item: pytest.Function) -> None:
    """What nginx does otherwise must fail."""
    call = getattr(item, "callspec", None)
    front = call.params.get("front") if call else None
    if front and (reason := front.cannot.get(item.originalname)):
        item.add_marker(pytest.mark.xfail(strict=True, reason=reason))


@pytest.fixture(scope="module")
def server(stack: Stack, front: Front) -> Fronted:
    """Where nginx listens for it."""
    return Fronted(stack, front)


@pytest.fixture(params=CLIENTS, ids=lambda each: each.__name__.lower())
def client(request: pytest.FixtureRequest, server: Fronted) -> Client:
    """Somebody else's idea of a client."""
    made: Client = request.param(server.port)
    return made
