"""The servers that the contract is tried on, and the clients that try it."""

from collections.abc import Iterator

import pytest

from tests.contract.clients import CLIENTS, Client
from tests.contract.serving import Server
from tests.contract.variants import VARIANTS, Variant

Report = pytest.TestReport


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Every test of a server is a test of all of them, unless its marks say of which."""
    if "variant" not in metafunc.fixturenames:
        return
    chosen = list(VARIANTS)
    for mark in metafunc.definition.iter_markers():
        if mark.name == "deployed":
            chosen = [each for each in chosen if each.gunicorn]
        # with gallery:
        elif mark.name == "lacks":
            chosen = [each for each in chosen if each.reasons(mark.args)]
        # end gallery
    metafunc.parametrize("variant", chosen, indirect=True, ids=lambda each: each.name)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What a way says it cannot do must fail."""
    for item in items:
        call = getattr(item, "callspec", None)
        variant = call.params.get("variant") if call else None
        if isinstance(variant, Variant):
            needed = [each for mark in item.iter_markers("needs") for each in mark.args]
            if reasons := variant.reasons(needed):
                item.add_marker(pytest.mark.xfail(strict=True, reason="; ".join(reasons)))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Iterator[None]:  # what it returns is pytest's
    """A failure shows what the server complained about meanwhile."""
    report: Report = yield
    if report.failed:
        given = getattr(item, "funcargs", {}).values()
        for each in {id(each): each for each in given if isinstance(each, Server)}.values():
            report.sections.append((f"stderr of {each.variant.name}", each.new_errors()))
    return report


@pytest.fixture(scope="session")
def variant(request: pytest.FixtureRequest) -> Variant:
    """The server that is tried."""
    found: Variant = request.param
    return found


@pytest.fixture(scope="session")
def shared(variant: Variant, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """It runs, from its first test to its last. Under gunicorn it has two workers."""
    server = Server(variant, tmp_path_factory.mktemp("server"), 2 if variant.gunicorn else 1)
    try:
        if not server.answers():
            pytest.fail(f"{variant.name} does not answer\n{server.new_errors()}")
        yield server
    finally:
        server.destroy()


@pytest.fixture
def server(shared: Server) -> Server:
    """The running server; started again if the test before this one has ended it."""
    if shared.process.poll() is not None:
        shared.start()
    shared.new_errors()
    return shared


@pytest.fixture
def fresh(variant: Variant, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server for this test alone, of one worker: it has answered, so it is all there. `pair` is
    for two."""
    yield from _alone(variant, tmp_path_factory, 1)


@pytest.fixture
def pair(variant: Variant, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server of two workers, for this test alone."""
    yield from _alone(variant, tmp_path_factory, 2)


def _alone(variant: Variant, folders: pytest.TempPathFactory, workers: int) -> Iterator[Server]:
    server = Server(variant, folders.mktemp("server"), workers)
    try:
        if not server.answers():
            pytest.fail(f"{variant.name} does not answer\n{server.new_errors()}")
        yield server
    finally:
        server.destroy()


@pytest.fixture(params=CLIENTS, ids=lambda each: each.__name__.lower())
def client(request: pytest.FixtureRequest, server: Server) -> Client:
    """Somebody else's idea of a client."""
    made: Client = request.param(server.port)
    return made
