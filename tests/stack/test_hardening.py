"""What a container may not do: read from its configuration, and tried from inside."""

import pytest
from docker.models.containers import Container

from tests.stack.hardening import check_configuration, check_root, check_user
from tests.stack.stack import Stack

SERVICES = ("protocol", "aiohttp", "nginx")
# What the official image says of itself.
STOCK = {
    "NGINX_VERSION",
    "NJS_VERSION",
    "NJS_RELEASE",
    "PKG_RELEASE",
    "DYNPKG_RELEASE",
    "ACME_VERSION",
}


@pytest.fixture(params=SERVICES)
def container(request: pytest.FixtureRequest, stack: Stack) -> Container:
    """Each of those that run."""
    return stack.one(request.param)


def test_configuration(container: Container) -> None:
    """As the engine has understood it."""
    check_configuration(container)
    assert container.attrs["HostConfig"]["RestartPolicy"]["Name"] == "unless-stopped"
    assert container.attrs["Config"]["StopTimeout"] == 35


def test_only_nginx_can_be_reached(stack: Stack) -> None:
    """The service has no port on this machine, and is in no network of nginx's other side."""
    for each in stack.containers("protocol", "aiohttp"):
        assert not each.attrs["HostConfig"]["PortBindings"]
        assert list(each.attrs["NetworkSettings"]["Networks"]) == [f"{stack.name}_backend"]
    assert set(stack.one("nginx").attrs["HostConfig"]["PortBindings"]) == {"8080/tcp", "8081/tcp"}


def test_nginx_knows_its_own_settings(stack: Stack) -> None:
    """What else is in .env, secrets too, is for the service alone."""
    services = stack.compose.config["services"]
    assert "env_file" not in services["nginx"]
    names = {each.partition("=")[0] for each in stack.one("nginx").attrs["Config"]["Env"]}
    assert names <= {"PATH", *services["nginx"]["environment"], *STOCK}


def test_nobody_in_particular(container: Container) -> None:
    """Not root, no capability, and no way to get any."""
    check_user(container)


def test_root_is_read_only(container: Container) -> None:
    """Nothing can be written but in the tmpfs, and nothing there can be executed."""
    check_root(container)
