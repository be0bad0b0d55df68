"""An instance to run its programs on, stood in for: AWS and metadata around it, the service on it, systemd over it."""

from __future__ import annotations

import os
import shlex
import socket
import subprocess
import sys
import threading
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

from tests.integration.instance_aws import CREDENTIALS, REGION, InstanceAws
from tests.integration.instance_metadata import InstanceMetadataService
from tests.integration.log_schema import problems_of
from tests.integration.stack import Log

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

COMMAND = (sys.executable, "-m", "files_api.instance")


@dataclass
class Instance:
    """One instance of the environment `tests`, in service."""

    aws: InstanceAws
    metadata: InstanceMetadataService

    @property
    def environ(self) -> dict[str, str]:
        """What a unit on it has for an environment."""
        return {
            "PATH": os.environ["PATH"],
            **CREDENTIALS,
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "AWS_ENDPOINT_URL": self.aws.url,
            "AWS_EC2_METADATA_SERVICE_ENDPOINT": self.metadata.url,
        }

    def leave(self) -> None:
        """Be ended by Auto Scaling."""
        self.metadata.tell(target_lifecycle_state="Terminated")


@contextmanager
def launched_instance() -> Iterator[Instance]:
    """Launch one, and take everything away at the end."""
    aws = InstanceAws()
    tags = {"Environment": "tests", "AutoScalingGroup": aws.group, "TargetGroup": aws.target_group}
    metadata = InstanceMetadataService(aws.instance_id, REGION, tags)
    metadata.tell(target_lifecycle_state="InService")
    try:
        yield Instance(aws, metadata)
    finally:
        metadata.stop()
        aws.stop()


class ServiceStandIn:
    """What listens on the service's port: ready or not."""

    def __init__(self) -> None:
        self.is_ready = threading.Event()
        self.asked = threading.Event()
        service = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:  # http.server's name
                service.asked.set()
                ready = service.is_ready.is_set() and self.path == "/health/ready"
                self.send_response(200 if ready else 503)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  # http.server's name
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._serving = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05})
        self._serving.start()

    @property
    def port(self) -> int:
        return self._server.server_port

    def stop(self) -> None:
        self._server.shutdown()
        self._serving.join()
        self._server.server_close()


class Systemd:
    """Who starts the program, listens to it and is asked by it to stop the service."""

    def __init__(self, folder: Path, aws: InstanceAws) -> None:
        self.states: list[str] = []
        self._changed = threading.Condition()
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.address = str(folder / "notify")
        self._socket.bind(self.address)
        # `systemctl stop` of the test: it comes by here, where it is written down among the calls of AWS.
        self._stops = socket.create_server(("127.0.0.1", 0))
        self._aws = aws
        self._is_closing = threading.Event()
        self._threads = [threading.Thread(target=self._listen), threading.Thread(target=self._take_stops)]
        for thread in self._threads:
            thread.start()

    def stop_command(self, exit_status: int = 0) -> str:
        port = self._stops.getsockname()[1]
        program = (
            "import socket, sys; "
            f"socket.create_connection(('127.0.0.1', {port})).recv(1); "
            f"sys.exit({exit_status})"
        )
        return shlex.join([sys.executable, "-W", "ignore", "-c", program])

    def wait_for(self, state: str, seconds: float = 30.0) -> None:
        with self._changed:
            assert self._changed.wait_for(lambda: state in self.states, timeout=seconds), self.states

    def close(self) -> None:
        end = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        end.sendto(b"END", self.address)
        end.close()
        self._is_closing.set()
        socket.create_connection(self._stops.getsockname()).close()
        for thread in self._threads:
            thread.join()
        self._socket.close()
        self._stops.close()

    def _listen(self) -> None:
        while (states := self._socket.recv(4096)) != b"END":
            with self._changed:
                self.states.extend(states.decode().split("\n"))
                self._changed.notify_all()

    def _take_stops(self) -> None:
        while True:
            connection, _ = self._stops.accept()
            with connection:
                if self._is_closing.is_set():
                    return
                self._aws.note("systemctl stop")
                connection.sendall(b".")


class Program:
    """`files-api-instance lifecycle`, running."""

    def __init__(self, environ: dict[str, str], *arguments: str) -> None:
        self.log = Log()
        self._process = subprocess.Popen(
            [*COMMAND, "lifecycle", *arguments], env=environ, stderr=subprocess.PIPE, text=True
        )
        self._reader = threading.Thread(target=self.log.read_from, args=(self._process.stderr,))
        self._reader.start()

    def signal(self, number: int) -> None:
        self._process.send_signal(number)

    def told(self, event: str, seconds: float = 30.0) -> dict[str, Any]:
        return self.log.wait_for(lambda record: record.get("event") == event, seconds)

    def wait(self, seconds: float = 60.0) -> int:
        status = self._process.wait(seconds)
        self._reader.join()
        return status

    def close(self) -> None:
        self._process.kill()
        self._process.wait()
        self._reader.join()
        assert self._process.stderr is not None
        self._process.stderr.close()
        assert [problem for line in self.log.lines for problem in problems_of(line)] == []
