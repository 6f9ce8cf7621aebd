"""What no container may do, whatever it is for: checks for each of those that run."""

from docker.models.containers import Container

MIB = 1024 * 1024


def check_configuration(container: Container) -> None:
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
    log = host["LogConfig"]
    assert (log["Type"], set(log["Config"])) == ("json-file", {"max-size", "max-file"})
    assert host["Tmpfs"]
    assert [each for each in host["Tmpfs"].values() if "noexec" not in each] == []


def check_user(container: Container) -> None:
    """Not root, no capability, and no way to get any."""
    status = dict(
        line.split(":\t", 1) for line in tried(container, "cat /proc/1/status").splitlines()
    )
    users = {int(each) for each in status["Uid"].split()}
    assert users in ({10001}, {101})
    for kind in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"):
        assert int(status[kind], 16) == 0, kind
    assert status["NoNewPrivs"] == "1"


def check_root(container: Container) -> None:
    """Nothing can be written but in the tmpfs, and nothing there can be executed."""
    for folder in ("/", "/srv", "/opt/venv", "/etc/nginx", "/var/static", "/usr/local/bin"):
        said = tried(container, f"touch {folder}/x")
        assert "Read-only file system" in said or "No such file" in said, said
    said = tried(container, "cp /bin/true /tmp/x && /tmp/x; rm /tmp/x")
    assert "Permission denied" in said


def tried(container: Container, command: str) -> str:
    """What a shell in the container says."""
    said: str = container.exec_run(["sh", "-c", command]).output.decode().strip()
    return said
