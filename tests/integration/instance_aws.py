"""The AWS around one instance: moto, and in front of it the two calls of Auto Scaling that moto does not know.

A test says which hooks wait for the instance. What the instance calls is written down in order, together with what the
test wants to remember of that moment.
"""

from __future__ import annotations

import io
import logging
import threading
import uuid
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

import boto3
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, MotoRequestHandler, create_backend_app
from werkzeug.serving import make_server
from werkzeug.wrappers import Request, Response

if TYPE_CHECKING:
    from collections.abc import Iterable
    from wsgiref.types import StartResponse, WSGIEnvironment

REGION = "us-east-1"
CREDENTIALS = {"AWS_ACCESS_KEY_ID": "tests", "AWS_SECRET_ACCESS_KEY": "tests"}
_HOOK_CALLS = ("CompleteLifecycleAction", "RecordLifecycleActionHeartbeat")
_NAMESPACE = "http://autoscaling.amazonaws.com/doc/2011-01-01/"


class InstanceAws:
    """A region with one target group and one instance in it."""

    def __init__(self) -> None:
        self._moto = DomainDispatcherApplication(create_backend_app)
        self._changed = threading.Condition()
        self._calls: list[str] = []
        self._waiting: set[str] = set()
        self._throttled = 0
        logging.getLogger("werkzeug").setLevel(logging.ERROR)
        self._server = make_server("127.0.0.1", 0, self, threaded=True, request_handler=MotoRequestHandler)
        self._serving = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05})
        self._serving.start()
        self.group = f"files-api-tests-{uuid.uuid4().hex[:8]}"
        self.target_group, self.instance_id = self._make_target()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    def client(self, service: Any) -> Any:
        return boto3.client(
            service,
            endpoint_url=self.url,
            region_name=REGION,
            aws_access_key_id=CREDENTIALS["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=CREDENTIALS["AWS_SECRET_ACCESS_KEY"],
        )

    def wait_at(self, *hooks: str) -> None:
        """Let these hooks, and no others, wait for the instance."""
        with self._changed:
            self._waiting = set(hooks)

    def throttle(self, calls: int) -> None:
        """Refuse so many calls of the hooks, to come: too many at a time."""
        with self._changed:
            self._throttled = calls

    def note(self, what: str) -> None:
        """Write something else down among the calls."""
        with self._changed:
            self._calls.append(what)
            self._changed.notify_all()

    @property
    def calls(self) -> list[str]:
        """What was called, in order: `DeregisterTargets`, `CompleteLifecycleAction drain CONTINUE`, …"""
        with self._changed:
            return list(self._calls)

    def wait_for(self, call: str, seconds: float = 30.0) -> None:
        """Wait until something was called."""
        with self._changed:
            found = self._changed.wait_for(lambda: call in self._calls, timeout=seconds)
            assert found, f"{call} was not called: {self._calls}"

    def forget_calls(self) -> None:
        with self._changed:
            self._calls.clear()

    def targets(self) -> list[str]:
        """The instances that the target group has."""
        health = self.client("elbv2").describe_target_health(TargetGroupArn=self.target_group)
        return [target["Target"]["Id"] for target in health["TargetHealthDescriptions"]]

    def stop(self) -> None:
        self._server.shutdown()
        self._serving.join()
        self._server.server_close()

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request (WSGI)."""
        request = Request(environ)
        # Cached by werkzeug, so that moto can read it, too.
        body = request.get_data(cache=True, parse_form_data=False)
        fields = {name: values[0] for name, values in parse_qs(body.decode("utf-8", "replace")).items()}
        action = fields.get("Action", "")
        if action in _HOOK_CALLS:
            return self._hook_call(action, fields)(environ, start_response)
        self.note(action or request.headers.get("X-Amz-Target", "").rpartition(".")[2] or request.path)
        answer: Iterable[bytes] = self._moto(replayed(environ, body), start_response)
        return answer

    def _hook_call(self, action: str, fields: dict[str, str]) -> Response:
        hook = fields["LifecycleHookName"]
        with self._changed:
            if self._throttled:
                self._throttled -= 1
                return _error("Throttling", "Rate exceeded")
            if (fields["AutoScalingGroupName"], fields["InstanceId"]) != (self.group, self.instance_id):
                return _error("AccessDenied", "not of this group")
            if hook not in self._waiting:
                self._calls.append(f"{action} {hook} refused")
                self._changed.notify_all()
                return _error(
                    "ValidationError", f"No active Lifecycle Action found with instance ID {self.instance_id}"
                )
            if action == "CompleteLifecycleAction":
                self._waiting.remove(hook)
        self.note(" ".join([action, hook, *filter(None, [fields.get("LifecycleActionResult")])]))
        return Response(
            f'<{action}Response xmlns="{_NAMESPACE}"><{action}Result/>'
            f"<ResponseMetadata><RequestId>r</RequestId></ResponseMetadata></{action}Response>",
            mimetype="text/xml",
        )

    def _make_target(self) -> tuple[str, str]:
        ec2, elbv2 = self.client("ec2"), self.client("elbv2")
        vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
        subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.0.0/24")["Subnet"]["SubnetId"]
        image = ec2.register_image(Name=uuid.uuid4().hex, RootDeviceName="/dev/xvda")["ImageId"]
        launched = ec2.run_instances(ImageId=image, MinCount=1, MaxCount=1, SubnetId=subnet)
        instance_id: str = launched["Instances"][0]["InstanceId"]
        made = elbv2.create_target_group(Name=self.group, Protocol="HTTP", Port=8000, VpcId=vpc)
        arn: str = made["TargetGroups"][0]["TargetGroupArn"]
        elbv2.register_targets(TargetGroupArn=arn, Targets=[{"Id": instance_id}])
        self.forget_calls()
        return arn, instance_id


def replayed(environ: WSGIEnvironment, body: bytes) -> WSGIEnvironment:
    """The same request with a body that can be read again."""
    return {
        **environ,
        "wsgi.input": io.BytesIO(body),
        "CONTENT_LENGTH": str(len(body)),
        "wsgi.input_terminated": False,
    }


def _error(code: str, message: str) -> Response:
    return Response(
        f'<ErrorResponse xmlns="{_NAMESPACE}"><Error><Type>Sender</Type><Code>{code}</Code><Message>{message}</Message>'
        "</Error><RequestId>r</RequestId></ErrorResponse>",
        status=400,
        mimetype="text/xml",
    )
