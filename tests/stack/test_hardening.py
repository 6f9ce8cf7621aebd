"""What a container may not do: read from its configuration, and tried from inside."""

import pytest
from docker.models.containers import Container

from tests.stack.stack import Stack

SERVICES = ("protocol", "aiohttp", "nginx")
MIB = 1024 * 1024
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


def tried(container: Container, command: str) -> str:
    """What a shell in the container says."""
    said: str = container.exec_run(["sh", "-c", command]).output.decode().strip()
    return said


def test_configuration(container: Container) -> None:
    """As the engine has understood it."""
    host = container.attrs["HostConfig"]
    assert host["ReadonlyRootfs"] is True
    assert host["CapDrop"] == ["ALL"]
    assert not host["CapAdd"]
    assert host["Privileged"] is False
    assert host["SecurityOpt"] == ["no-new-privileges:true"]
    assert host["Init"] is True
    assert 0 < host["PidsLimit"] <= 256
    assert 0 < host["Memory"] <= 512 * MIB
    assert host["RestartPolicy"]["Name"] == "unless-stopped"
    log = host["LogConfig"]
    assert (log["Type"], set(log["Config"])) == ("json-file", {"max-size", "max-file"})
    assert [each for each in host["Tmpfs"].values() if "noexec" not in each] == []
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
    status = dict(
        line.split(":\t", 1) for line in tried(container, "cat /proc/1/status").splitlines()
    )
    users = {int(each) for each in status["Uid"].split()}
    assert users in ({10001}, {101})
    for kind in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"):
        assert int(status[kind], 16) == 0, kind
    assert status["NoNewPrivs"] == "1"


def test_root_is_read_only(container: Container) -> None:
    """Nothing can be written but in the tmpfs, and nothing there can be executed."""
    for folder in ("/", "/srv", "/opt/venv", "/etc/nginx", "/var/static", "/usr/local/bin"):
        said = tried(container, f"touch {folder}/x")
        assert "Read-only file system" in said or "No such file" in said, said
    said = tried(container, "cp /bin/true /tmp/x && /tmp/x; rm /tmp/x")
    assert "Permission denied" in said
