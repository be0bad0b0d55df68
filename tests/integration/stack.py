"""The processes that the integration tests are about: S3 (moto), the stand-in for OpenAI, and the real gunicorn."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import threading
import time
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
import psutil
from botocore.config import Config
from tests.integration.log_schema import problems_of

from files_api.adapters.dynamodb.tables import make_tables

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tests.integration.client import Address
    from types_boto3_dynamodb import DynamoDBClient
    from types_boto3_s3 import S3Client

ROOT = Path(__file__).parents[2]
CONFIG = ROOT / "service/files_api/gunicorn.conf.py"
BUCKET = "files"
VERSIONED_BUCKET = "versioned"
SECRET = "secret-that-must-not-be-logged"
KEYS_TABLE = "keys"
STATE_TABLE = "state"
#: What the keys of these services carry.
ENVIRONMENT = "tests"
_START_SECONDS = 30.0
#: A JSON file with the policies of a role: services then have these rights and no others, on a server that refuses the
#: rest. tests/infra/test_role.py repeats tests so.
ROLE_FILE = os.environ.get("FILES_API_TESTS_ROLE_FILE")

# The child ends when this process does, however it ends: then its standard input is closed.
_S3 = """
import sys, threading
from files_api.devtools.local_s3 import make_s3_server
server = make_s3_server("127.0.0.1", 0)
server.daemon_threads = True
threading.Thread(target=server.serve_forever, daemon=True).start()
print(server.server_port, flush=True)
sys.stdin.read()
"""


class StorageServer:
    """moto's S3 in a process of its own, with its buckets made."""

    def __init__(self) -> None:
        command = (
            ["-c", _S3] if ROLE_FILE is None else ["-m", "tests.infra.role_server", f"{ROLE_FILE}.journal"]
        )
        self._process = subprocess.Popen(
            [sys.executable, *command],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            env={**_clean_environment(), "MOTO_S3_DEFAULT_KEY_BUFFER_SIZE": str(16 * 1024 * 1024)},
        )
        assert self._process.stdout is not None
        self.address: Address = ("127.0.0.1", int(self._process.stdout.readline()))
        self.client = s3_client(self.address)
        self.client.create_bucket(Bucket=BUCKET)
        self.client.create_bucket(Bucket=VERSIONED_BUCKET)
        self.client.put_bucket_versioning(
            Bucket=VERSIONED_BUCKET, VersioningConfiguration={"Status": "Enabled"}
        )
        make_tables(self.dynamodb(), keys=KEYS_TABLE, state=STATE_TABLE)
        #: What services sign with.
        self.credentials = {"AWS_ACCESS_KEY_ID": "tests", "AWS_SECRET_ACCESS_KEY": SECRET}
        if ROLE_FILE is not None:
            self.credentials = assume_role(self.url, json.loads(Path(ROLE_FILE).read_text(encoding="utf-8")))

    @property
    def url(self) -> str:
        return f"http://{self.address[0]}:{self.address[1]}"

    def dynamodb(self) -> DynamoDBClient:
        client: DynamoDBClient = aws_client("dynamodb", self.url)
        return client

    def stop(self) -> None:
        self.client.close()
        self._process.communicate(timeout=10)


def s3_client(address: Address) -> S3Client:
    client: S3Client = aws_client("s3", f"http://{address[0]}:{address[1]}")
    return client


def aws_client(service: Any, url: str) -> Any:
    return boto3.client(
        service,
        endpoint_url=url,
        region_name="us-east-1",
        aws_access_key_id="tests",
        aws_secret_access_key="tests",
        config=Config(s3={"addressing_style": "path"}, retries={"total_max_attempts": 1}),
    )


def assume_role(url: str, policies: Mapping[str, str]) -> dict[str, str]:
    """Make a role with these policies, by name, and take it on: the environment that signs as it."""
    trust = '{"Statement": []}'
    role = aws_client("iam", url).create_role(RoleName="tests", AssumeRolePolicyDocument=trust)["Role"]
    for name, document in policies.items():
        aws_client("iam", url).put_role_policy(RoleName="tests", PolicyName=name, PolicyDocument=document)
    return credentials_of_role(url, role["Arn"])


def credentials_of_role(url: str, arn: str) -> dict[str, str]:
    assumed = aws_client("sts", url).assume_role(RoleArn=arn, RoleSessionName="tests")["Credentials"]
    return {
        "AWS_ACCESS_KEY_ID": assumed["AccessKeyId"],
        "AWS_SECRET_ACCESS_KEY": assumed["SecretAccessKey"],
        "AWS_SESSION_TOKEN": assumed["SessionToken"],
    }


class Bucket:
    """What is really stored, seen past the service."""

    def __init__(self, client: S3Client, prefix: str, name: str = BUCKET) -> None:
        self.client = client
        self.name = name
        self._prefix = prefix

    def key(self, name: str) -> str:
        return f"{self._prefix}/{name}"

    def names(self) -> list[str]:
        answer = self.client.list_objects_v2(Bucket=self.name, Prefix=f"{self._prefix}/")
        return [item["Key"].removeprefix(f"{self._prefix}/") for item in answer.get("Contents", [])]

    def put(self, name: str, body: bytes, **attributes: Any) -> str:
        answer = self.client.put_object(Bucket=self.name, Key=self.key(name), Body=body, **attributes)
        return answer["ETag"]

    def body(self, name: str) -> bytes:
        return self.client.get_object(Bucket=self.name, Key=self.key(name))["Body"].read()

    def head(self, name: str) -> Any:
        return self.client.head_object(Bucket=self.name, Key=self.key(name))

    def open_uploads(self) -> list[str]:
        uploads = self.client.list_multipart_uploads(Bucket=self.name).get("Uploads", [])
        return [upload["Key"] for upload in uploads if upload["Key"].startswith(f"{self._prefix}/")]


class OpenAi:
    """The stand-in for OpenAI in a process of its own."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "files_api.devtools.openai_standin", "--port", "0"],
            stdout=subprocess.PIPE,
            text=True,
            env=_clean_environment(),
        )
        assert self._process.stdout is not None
        self.url = self._process.stdout.readline().strip()

    def stop(self) -> None:
        self._process.terminate()
        self._process.communicate(timeout=10)


class Log:
    """The lines that a service has written so far. A test waits for the one that it expects."""

    def __init__(self) -> None:
        self._lines: list[str] = []
        self._grown = threading.Condition()

    def read_from(self, stream: Any) -> None:
        for line in stream:
            with self._grown:
                self._lines.append(line.rstrip("\n"))
                self._grown.notify_all()

    @property
    def lines(self) -> list[str]:
        with self._grown:
            return list(self._lines)

    def records(self) -> list[dict[str, Any]]:
        return [_parsed(line) for line in self.lines]

    def wait_for(self, wanted: Callable[[dict[str, Any]], bool], seconds: float = 10.0) -> dict[str, Any]:
        """The first line, past or to come, that is wanted."""
        found: list[dict[str, Any]] = []
        seen = 0

        def look() -> bool:
            nonlocal seen
            while seen < len(self._lines):
                record = _parsed(self._lines[seen])
                seen += 1
                if wanted(record):
                    found.append(record)
                    return True
            return False

        with self._grown:
            if not self._grown.wait_for(look, timeout=seconds):
                raise AssertionError("the line did not come; the last ones: " + "\n".join(self._lines[-20:]))
        return found[0]

    def of_request(self, request_id: str) -> dict[str, Any]:
        """The one line that sums a request up."""
        return self.wait_for(
            lambda record: record.get("event") == "request" and record.get("request_id") == request_id
        )


def _parsed(line: str) -> dict[str, Any]:
    try:
        record: dict[str, Any] = json.loads(line)
    except ValueError as error:
        raise AssertionError(f"a line of the log is not JSON: {line!r}") from error
    return record


class Service:
    """One gunicorn with the settings that it is given.

    Args:
        settings: Its environment; APPLICATION among them is another application than the product's.
    """

    def __init__(self, settings: Mapping[str, str]) -> None:
        application = settings.get("APPLICATION")
        self.address: Address = ("127.0.0.1", _free_port())
        self.log = Log()
        self._process = subprocess.Popen(
            [
                *(sys.executable, "-m", "gunicorn", "--config", str(CONFIG)),
                *([application] if application is not None else []),
            ],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=ROOT,
            env={**_clean_environment(), **settings, "PORT": str(self.address[1])},
        )
        self._stdout: list[str] = []
        self._readers = [
            threading.Thread(target=self.log.read_from, args=(self._process.stderr,)),
            threading.Thread(target=self._read_stdout),
        ]
        for reader in self._readers:
            reader.start()
        try:
            self.log.wait_for(lambda record: "Listening at" in record["message"], _START_SECONDS)
            # From here on connections wait in the listener's queue until the worker has loaded the application.
            with socket.create_connection(self.address, timeout=_START_SECONDS) as connection:
                connection.sendall(b"GET /health/live HTTP/1.0\r\nHost: tests\r\n\r\n")
                assert connection.recv(12).endswith(b" 200"), self.log.lines
        except OSError as error:
            self.stop()
            raise AssertionError("the service did not start:\n" + "\n".join(self.log.lines)) from error
        except BaseException:
            self.stop()
            raise

    def _read_stdout(self) -> None:
        assert self._process.stdout is not None
        self._stdout.extend(self._process.stdout)

    @property
    def url(self) -> str:
        return f"http://{self.address[0]}:{self.address[1]}"

    @property
    def stdout(self) -> str:
        return "".join(self._stdout)

    def worker(self) -> psutil.Process:
        (worker,) = psutil.Process(self._process.pid).children()
        return worker

    def terminate(self) -> None:
        self._process.terminate()

    def signal(self, number: int) -> None:
        self._process.send_signal(number)

    def wait(self, seconds: float = 15.0) -> int:
        """Wait for the end of the process; its exit status."""
        return self._process.wait(seconds)

    def stop(self) -> int:
        self.terminate()
        try:
            return self.wait()
        except subprocess.TimeoutExpired:
            for child in psutil.Process(self._process.pid).children():
                child.kill()
            self._process.kill()
            self._process.wait()
            raise
        finally:
            for reader in self._readers:
                reader.join()
            for stream in (self._process.stdout, self._process.stderr):
                if stream is not None:
                    stream.close()
            wrong = [problem for line in self.log.lines for problem in problems_of(line)]
            # Whatever a test was about: what the service wrote meanwhile is what its schema says.
            assert not wrong, f"{len(wrong)} lines of the log are not as the schema says: {wrong[:5]}"


class Stack:
    """S3 and OpenAI, started once, and as many services over them as the tests have wishes."""

    def __init__(self) -> None:
        self.storage = StorageServer()
        self.openai = OpenAi()
        self._services: dict[tuple[tuple[str, str], ...], Service] = {}
        self._started: list[Service] = []

    def settings(self, **settings: str) -> dict[str, str]:
        # A service with a key loads the OpenAI SDK as it starts, which takes longer than all the rest of the start:
        # only the plain one does, and those whose settings are about generating.
        generates = not settings or any("OPENAI" in name or "GENERAT" in name for name in settings)
        return {
            "FILES_API_BUCKET": BUCKET,
            "FILES_API_ACCESS": "open",
            "FILES_API_ENVIRONMENT": ENVIRONMENT,
            "FILES_API_KEYS_TABLE": KEYS_TABLE,
            "FILES_API_STATE_TABLE": STATE_TABLE,
            "FILES_API_COMMIT": "0123abc",
            "FILES_API_SHUTDOWN_GRACE_SECONDS": "5",
            "AWS_ENDPOINT_URL": self.storage.url,
            "AWS_REGION": "us-east-1",
            **self.storage.credentials,
            "OPENAI_API_KEY": SECRET if generates else "",
            "OPENAI_BASE_URL": self.openai.url,
            **settings,
        }

    def service(self, **settings: str) -> Service:
        """A service with these settings beside the usual ones; one that is running already where there is one."""
        key = tuple(sorted(settings.items()))
        if key not in self._services:
            self._services[key] = self.fresh_service(**settings)
        return self._services[key]

    def fresh_service(self, **settings: str) -> Service:
        """A service that the test stops by itself."""
        service = Service(self.settings(**settings))
        self._started.append(service)
        return service

    def errors_logged(self) -> list[str]:
        """What the services have logged as errors, to be shown beside a test that fails."""
        return [line for service in self._started for line in service.log.lines if '"ERROR"' in line]

    def stop(self) -> None:
        for service in self._services.values():
            service.terminate()
        # All of them, whatever one of them has to complain of.
        with ExitStack() as stopping:
            stopping.callback(self.storage.stop)
            stopping.callback(self.openai.stop)
            for service in self._services.values():
                stopping.callback(service.stop)


def wait_until(condition: Callable[[], bool], what: str, seconds: float = 10.0) -> None:
    """Wait for what only shows from outside of a process, where there is no event to wait for."""
    ends_at = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < ends_at, f"{what}: not within {seconds} seconds"
        time.sleep(0.02)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _clean_environment() -> dict[str, str]:
    """This environment without anything that the service, boto3 or OpenAI would read."""
    names = ("FILES_API_", "AWS_", "OPENAI_", "OTEL_", "PORT", "WEB_CONCURRENCY", "GUNICORN_")
    clean = {name: value for name, value in os.environ.items() if not name.startswith(names)}
    # No credentials of whoever runs the tests, and no look at the cloud's metadata service.
    return {
        **clean,
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_CONFIG_FILE": os.devnull,
    }
