"""The service on this instance: whether it is ready, and how it is stopped."""

from __future__ import annotations

import http.client
import subprocess
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

#: The socket, too: the next connection would start the service again.
STOP_COMMAND = ("systemctl", "stop", "files-api.socket", "files-api.service")
#: The unit's TimeoutStopSec (75 s), after which systemd kills what is left, and some time for that.
STOP_SECONDS = 90.0
_READY_PATH = "/health/ready"
_PROBE_SECONDS = 3.0


class ServiceStopError(Exception):
    """The service was not stopped as it should be. The text is one sentence."""


class ServiceUnit:
    """The service, as systemd and its own health tell of it.

    Args:
        port: The TCP port that it listens on.
        stop_command: What stops it.
    """

    def __init__(self, port: int, stop_command: Sequence[str] = STOP_COMMAND) -> None:
        self._port = port
        self._stop_command = tuple(stop_command)

    def is_ready(self) -> bool:
        """Tell whether it wants requests."""
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=_PROBE_SECONDS)
        try:
            connection.request("GET", _READY_PATH)
            return connection.getresponse().status == http.HTTPStatus.OK
        except (OSError, http.client.HTTPException):
            return False  # nobody listens yet, or it is too busy with starting
        finally:
            connection.close()

    def stop(self) -> None:
        """Stop it, and wait until it has ended: running requests are finished first.

        Raises:
            ServiceStopError: The command failed, or did not end.
        """
        try:
            subprocess.run(  # noqa: S603  # the command is the operator's
                self._stop_command,
                check=True,
                timeout=STOP_SECONDS,
                stdin=subprocess.DEVNULL,
                capture_output=True,
            )
        except subprocess.CalledProcessError as error:
            told = error.stderr.decode("utf-8", "replace").strip()
            raise ServiceStopError(
                f"{self._stop_command[0]} ended with {error.returncode}: {told}"
            ) from error
        except subprocess.TimeoutExpired as error:
            raise ServiceStopError(
                f"{self._stop_command[0]} did not end in {STOP_SECONDS:g} seconds."
            ) from error
        except OSError as error:
            raise ServiceStopError(f"{self._stop_command[0]} cannot be run: {error.strerror}.") from error
