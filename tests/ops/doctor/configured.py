"""What Compose says of a project like ours, in its essentials, for tests that do not ask it."""

from typing import Any


def loadtest() -> dict[str, Any]:
    """The load test's own page."""
    return {
        "build": {"context": ".", "target": "loadtest"},
        "image": "slipway-loadtest:latest",
        "networks": {"loadtest": None},
        "ports": [{"target": 8089, "published": "8089", "host_ip": "127.0.0.1"}],
    }


def configured() -> dict[str, Any]:
    """Compose's answer, in its essentials."""
    build = {"context": ".", "target": "app"}
    environment = {
        "PORT": "8000",
        "WEB_CONCURRENCY": "2",
        "FORWARDED_ALLOW_IPS": "172.16.0.0/12,192.168.0.0/16",
        "NOT_SET_OUTSIDE": None,
    }
    service = {
        "image": "slipway:latest",
        "environment": environment,
        "networks": {"backend": None},
        "stop_grace_period": "35s",
        "pids_limit": 128,
    }
    nginx = {
        "build": {"context": ".", "target": "nginx"},
        "image": "slipway-nginx:latest",
        "networks": {"backend": None, "edge": None},
        "stop_grace_period": "35s",
        "pids_limit": 64,
        "volumes": [{"type": "volume", "source": "static", "target": "/var/static"}],
    }
    ports = [{"target": 8080, "published": "8080"}, {"target": 8081, "published": "8081"}]
    return {
        "networks": {"backend": {"ipam": {}}, "edge": {}, "loadtest": {}},
        "services": {
            "protocol": {**service, "build": build, "command": None},
            "aiohttp": {**service, "environment": {**environment, "SERVER": "aiohttp"}},
            "static": {
                "image": "slipway:latest",
                "command": ["python", "-m", "app.collect", "/var/static"],
                "volumes": [{"type": "volume", "source": "static", "target": "/var/static"}],
            },
            "nginx": {**nginx, "ports": ports},
            "nginx-tls": {
                **nginx,
                "environment": {"TLS": "on"},
                "ports": [{"target": 8443, "published": "8443", "protocol": "tcp"}],
            },
            "nginx-loadtest": {
                **nginx,
                "environment": {"RATE_LIMIT": "off"},
                "networks": {"backend": None, "loadtest": None},
            },
            "loadtest": loadtest(),
        },
    }
