"""python -m app.healthcheck: asks the service of these settings whether it is ready for traffic.

For a container's health check, where there is no curl. Exits with 0 if /readyz answers 200, and
says on standard error why not otherwise. Knows nothing of the service but where it listens.
"""

import http.client
import os
import socket
import ssl
import sys

from app.settings import Settings, SettingsError

TIMEOUT = 2.0  # seconds; below the health check's own, so that it is us who say what happened
ANY = {"0.0.0.0": "127.0.0.1", "[::]": "[::1]"}  # what listens everywhere listens here as well


class _Connection(http.client.HTTPConnection):
    """A connection to one address of the service: TCP or a unix socket, with TLS or without."""

    def __init__(self, address: str, tls: bool) -> None:
        super().__init__("localhost", timeout=TIMEOUT)
        self._address = address
        self._tls = tls

    def connect(self) -> None:
        if self._address.startswith("unix:"):
            self.sock = socket.socket(socket.AF_UNIX)
            self.sock.settimeout(TIMEOUT)
            self.sock.connect(self._address.removeprefix("unix:"))
        else:
            host, _, port = self._address.rpartition(":")
            where = ANY.get(host, host).strip("[]"), int(port)
            self.sock = socket.create_connection(where, timeout=TIMEOUT)
        if self._tls:
            # Ourselves, over the loopback: whose certificate it is does not matter here.
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
            self.sock = context.wrap_socket(self.sock)


def trouble(address: str, *, tls: bool = False) -> str:
    """What is wrong with the service at this address ("host:port", "unix:path"); "" if nothing."""
    connection = _Connection(address, tls)
    try:
        connection.request("GET", "/readyz", headers={"Connection": "close"})
        answer = connection.getresponse()
        text = answer.read(1024).decode("latin-1").strip()
    except (OSError, http.client.HTTPException) as error:
        return f"{address} does not answer: {str(error) or type(error).__name__}"
    finally:
        connection.close()
    return "" if answer.status == 200 else f"{address} answers {answer.status}: {text}"


def main() -> int:
    """Ask once. Gives the exit status."""
    try:
        settings = Settings.from_environment(os.environ)
    except SettingsError as error:
        print(error, file=sys.stderr)
        return 1
    said = trouble(settings.bind[0], tls=settings.tls is not None)
    if said:
        print(said, file=sys.stderr)
    return 1 if said else 0


if __name__ == "__main__":
    sys.exit(main())
