"""Who listens on the port that the service wants, and is the service there already?"""

from __future__ import annotations

import errno
import http.client
import json
import socket

_ASK_SECONDS = 2.0
_EVERY_ADDRESS = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - what is asked for, told where to reach it


def url_of(host: str, port: int) -> str:
    """Give the URL under which a server on this host and port is reached from this machine."""
    reachable = _EVERY_ADDRESS.get(host, host)
    return f"http://[{reachable}]:{port}" if ":" in reachable else f"http://{reachable}:{port}"


def check_free(host: str, port: int) -> str | None:
    """Tell, in a sentence, why the service cannot listen there; None when it can."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        # As gunicorn binds: connections of an earlier run that linger do not count.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                return f"The Files API cannot listen on {host}:{port}: {error.strerror or error}."
        else:
            return None
    who = "The Files API" if _is_ours(host, port) else "Another program"
    return f"{who} already runs on {host}:{port}: stop it, or choose another port with `make run PORT=…`."


def is_ready(host: str, port: int) -> bool:
    """Ask the service whether it takes requests."""
    answer = _get(host, port, "/health/ready")
    return answer is not None and answer[0] == http.client.OK


def _is_ours(host: str, port: int) -> bool:
    answer = _get(host, port, "/version")
    if answer is None:
        return False
    try:
        version = json.loads(answer[1])
    except ValueError:
        return False
    return isinstance(version, dict) and {"version", "commit"} <= version.keys()


def _get(host: str, port: int, path: str) -> tuple[int, bytes] | None:
    """Get a small page; None when nobody answers, or not in HTTP. No proxy is asked, whatever the environment says."""
    connection = http.client.HTTPConnection(_EVERY_ADDRESS.get(host, host), port, timeout=_ASK_SECONDS)
    try:
        connection.request("GET", path)
        response = connection.getresponse()
        return response.status, response.read(65536)
    except (OSError, http.client.HTTPException):
        return None
    finally:
        connection.close()
