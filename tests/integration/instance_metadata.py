"""A stand-in for EC2's instance metadata service: IMDSv2 alone, over a real socket.

By https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/configuring-instance-metadata-service.html: a token for a PUT
that names its lifetime, 401 for a GET without a good one, 404 for what there is not. A test changes what it tells while
it runs, ends its tokens, or silences it.
"""

from __future__ import annotations

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

_PREFIX = "/latest/meta-data/"
_TTL = "X-aws-ec2-metadata-token-ttl-seconds"
_MOST_TTL_SECONDS = 21_600


class InstanceMetadataService:
    """Tells what it was told to tell.

    Args:
        instance_id: Of the instance that it is about.
        region: Where that is.
        tags: The instance's tags; None where it does not show them.
    """

    def __init__(self, instance_id: str, region: str, tags: Mapping[str, str] | None) -> None:
        self._lock = threading.Lock()
        self._values = {"instance-id": instance_id, "placement/region": region}
        if tags is not None:
            self._values["tags/instance"] = "\n".join(tags)
            self._values.update({f"tags/instance/{name}": value for name, value in tags.items()})
        self._tokens: set[str] = set()
        self._is_silent = False
        #: How many tokens were given out.
        self.tokens_given = 0
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler_of(self))
        self._serving = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05})
        self._serving.start()

    @property
    def url(self) -> str:
        host, port = self._server.server_address[:2]
        return f"http://{host!s}:{port}"

    def tell(self, **values: str) -> None:
        """Change what it tells: `target_lifecycle_state`, `spot_instance_action`."""
        paths = {
            "target_lifecycle_state": "autoscaling/target-lifecycle-state",
            "spot_instance_action": "spot/instance-action",
        }
        with self._lock:
            self._values.update({paths[name]: value for name, value in values.items()})

    def give_credentials(self, role: str, credentials: str) -> None:
        """Tell what the instance's role is called, and its credentials (as JSON), which there are none of before."""
        folder = "iam/security-credentials/"
        with self._lock:
            self._values.update({folder: role, folder + role: credentials})

    def end_tokens(self) -> None:
        """Let all tokens end."""
        with self._lock:
            self._tokens.clear()

    def silence(self, *, is_silent: bool = True) -> None:
        """Answer nothing but 503, or answer again."""
        with self._lock:
            self._is_silent = is_silent

    def stop(self) -> None:
        self._server.shutdown()
        self._serving.join()
        self._server.server_close()

    def put(self, path: str, headers: Any) -> tuple[int, str]:
        """What a PUT gets: status and text."""
        with self._lock:
            if self._is_silent:
                return 503, ""
            ttl = headers.get(_TTL, "")
            if path != "/latest/api/token":
                return 404, ""
            if (
                not ttl.isdecimal()
                or not 1 <= int(ttl) <= _MOST_TTL_SECONDS
                or headers.get("X-Forwarded-For")
            ):
                return 400, ""
            self.tokens_given += 1
            token = f"token-{self.tokens_given}=="
            self._tokens.add(token)
            return 200, token

    def get(self, path: str, headers: Any) -> tuple[int, str]:
        """What a GET gets: status and text."""
        with self._lock:
            if self._is_silent:
                return 503, ""
            if headers.get("X-aws-ec2-metadata-token") not in self._tokens:
                return 401, ""
            text = self._values.get(path.removeprefix(_PREFIX)) if path.startswith(_PREFIX) else None
            return (404, "") if text is None else (200, text)


def _handler_of(service: InstanceMetadataService) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_PUT(self) -> None:  # http.server's name
            self._answer(*service.put(self.path, self.headers))

        def do_GET(self) -> None:  # http.server's name
            self._answer(*service.get(self.path, self.headers))

        def _answer(self, status: int, text: str) -> None:
            body = text.encode()
            self.send_response(status)
            self.send_header("Content-Type", "text/plain")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  # http.server's name
            pass

    return Handler
