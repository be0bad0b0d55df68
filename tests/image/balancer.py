"""HAProxy in the place of the Application Load Balancer, with what matters of that.

Its idle timeout, its trace header, its health checks, that it never sends a request twice, and that a target which
leaves gets nothing new while what it has in work goes on.
"""

from __future__ import annotations

import socket
import subprocess
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tests.image.cloud import PORT
from tests.image.machine import wait_until
from tests.integration.instance_aws import InstanceAws, replayed
from werkzeug.wrappers import Request, Response

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path
    from wsgiref.types import StartResponse, WSGIEnvironment

#: Seconds between two checks of a target's health, and that one may take; so many must fail.
CHECK_SECONDS = 1
CHECK_TIMEOUT_SECONDS = 1
CHECKS_TO_FAIL = 2
#: After so many seconds nothing more is sent to a target that does not answer at all.
NOTICED_SECONDS = CHECKS_TO_FAIL * (CHECK_SECONDS + CHECK_TIMEOUT_SECONDS)
SLOTS = ("a", "b", "c")
_CONFIG = """
global
    stats socket ipv4@127.0.0.1:{admin_port} level admin
    # The load comes from this very machine.
    maxconn 2000
defaults
    mode http
    # As terraform/modules/load_balancer sets the idle timeout.
    timeout client 120s
    timeout server 120s
    timeout http-keep-alive 120s
    timeout connect 2s
    timeout check {check_timeout}s
    retries 0
    no option redispatch
frontend clients
    bind 127.0.0.1:{port}
    option forwardfor
    http-request set-header X-Amzn-Trace-Id Root=1-%[uuid,bytes(0,8)]-%[uuid,bytes(24,12)]%[uuid,bytes(24,12)]
    http-after-response set-header X-Target %s
    default_backend targets
backend targets
    balance roundrobin
    http-reuse safe
    option httpchk GET /health/ready
    http-check expect status 200
    default-server check inter {interval}s fall {fall} rise 2 on-marked-down shutdown-sessions
"""
_NAMESPACE = "http://elasticloadbalancing.amazonaws.com/doc/2015-12-01/"
_DRAINING = f"""<DescribeTargetHealthResponse xmlns="{_NAMESPACE}"><DescribeTargetHealthResult>
<TargetHealthDescriptions><member><HealthCheckPort>{PORT}</HealthCheckPort>
<Target><Id>%s</Id><Port>{PORT}</Port></Target>
<TargetHealth><State>draining</State><Reason>Target.DeregistrationInProgress</Reason></TargetHealth>
</member></TargetHealthDescriptions></DescribeTargetHealthResult>
<ResponseMetadata><RequestId>r</RequestId></ResponseMetadata></DescribeTargetHealthResponse>"""


@dataclass(frozen=True, slots=True)
class Target:
    """What HAProxy knows of one target."""

    status: str
    requests_in_work: int
    failed_checks: int
    requests: int


class Balancer:
    """A load balancer with room for three targets."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        self.port, self._admin_port = _free_ports()
        config = folder / "haproxy.cfg"
        slots = "".join(f"    server {slot} 127.0.0.1:{PORT} disabled\n" for slot in SLOTS)
        text = _CONFIG.format(
            admin_port=self._admin_port,
            port=self.port,
            interval=CHECK_SECONDS,
            check_timeout=CHECK_TIMEOUT_SECONDS,
            fall=CHECKS_TO_FAIL,
        )
        config.write_text(text + slots, encoding="utf-8")
        self._process = subprocess.Popen(["haproxy", "-db", "-q", "-f", str(config)])
        wait_until(self._has_started, "HAProxy has started")

    def register(self, slot: str, address: str) -> None:
        """Take a target in, and wait until it is found healthy."""
        self._say(f"set server targets/{slot} addr {address} port {PORT}")
        # As a new target of the ALB it gets nothing until its first checks were good.
        self._say(f"set server targets/{slot} health down")
        self._say(f"set server targets/{slot} state ready")
        wait_until(lambda: self.target(slot).status == "UP", f"{slot} is healthy")

    def drain(self, slot: str) -> None:
        """Send nothing new to a target."""
        self._say(f"set server targets/{slot} state drain")

    def remove(self, slot: str) -> None:
        """Forget a target."""
        self._say(f"set server targets/{slot} state maint")

    def target(self, slot: str) -> Target:
        lines = self._say("show stat").splitlines()
        names = lines[0].removeprefix("# ").split(",")
        rows = (dict(zip(names, line.split(","), strict=False)) for line in lines[1:] if line)
        row = next(row for row in rows if (row["pxname"], row["svname"]) == ("targets", slot))
        return Target(row["status"], int(row["scur"]), int(row["chkfail"] or 0), int(row["stot"]))

    def is_drained(self, slot: str) -> bool:
        return self.target(slot).requests_in_work == 0

    def close(self) -> None:
        self._process.terminate()
        self._process.wait(10)

    def _has_started(self) -> bool:
        assert self._process.poll() is None, "HAProxy has ended"
        with socket.socket() as client:
            return client.connect_ex(("127.0.0.1", self._admin_port)) == 0

    def _say(self, command: str) -> str:
        with socket.create_connection(("127.0.0.1", self._admin_port), timeout=5) as admin:
            admin.sendall(command.encode() + b"\n")
            answer = b"".join(iter(lambda: admin.recv(65536), b"")).decode()
        assert not answer.startswith(("No such", "Unknown", "Require")), f"{command}: {answer}"
        return answer


def _free_ports() -> tuple[int, int]:
    with socket.socket() as one, socket.socket() as other:
        one.bind(("127.0.0.1", 0))
        other.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1]), int(other.getsockname()[1])


class BalancedAws(InstanceAws):
    """The AWS of one instance, whose target group is a balancer that takes it at its word.

    Args:
        balancer: Where the instance is a target.
        slot: As which one.
    """

    def __init__(self, balancer: Balancer, slot: str) -> None:
        self._balancer = balancer
        self._slot = slot
        self.deregistered_at: float | None = None
        super().__init__()

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request (WSGI)."""
        request = Request(environ)
        body = request.get_data(cache=True, parse_form_data=False)
        if b"Action=DeregisterTargets" in body:
            self._balancer.drain(self._slot)
            self.deregistered_at = time.monotonic()
        waits = b"Action=DescribeTargetHealth" in body and self.deregistered_at is not None
        if waits and not self._balancer.is_drained(self._slot):
            self.note("DescribeTargetHealth draining")
            answer: Any = Response(_DRAINING % self.instance_id, mimetype="text/xml")
            return list(answer(environ, start_response))
        return super().__call__(replayed(environ, body), start_response)
