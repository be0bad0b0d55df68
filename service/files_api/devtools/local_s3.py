"""A local AWS: moto's server with one versioned bucket and the two tables in it.

`python -m files_api.devtools.local_s3` prints its URL on one line, for AWS_ENDPOINT_URL, and serves until SIGINT or
SIGTERM. Files are kept in memory and temporary files, and are gone afterwards.
"""

from __future__ import annotations

import argparse
import io
import logging
import signal
import sys
import threading
from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, MotoRequestHandler, create_backend_app
from werkzeug.serving import make_server
from werkzeug.test import Client

from files_api.adapters.dynamodb.tables import make_tables

if TYPE_CHECKING:
    from collections.abc import Iterable
    from types import FrameType
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

    from types_boto3_s3 import S3Client
    from werkzeug.serving import BaseWSGIServer

REGION = "us-east-1"
#: moto takes any key; these are what the service is given.
ACCESS_KEY_ID = "local"
SECRET_ACCESS_KEY = "local"  # noqa: S105 - opens nothing
KEYS_TABLE = "files-api-keys"
STATE_TABLE = "files-api-state"
_PRECONDITION_FAILED = (
    b"<?xml version='1.0' encoding='UTF-8'?><Error><Code>PreconditionFailed</Code>"
    b"<Message>At least one of the pre-conditions you specified did not hold</Message></Error>"
)


def main() -> None:
    """Serve, after one line on stdout with the URL."""
    parser = argparse.ArgumentParser(prog="python -m files_api.devtools.local_s3", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1", help="the address to listen on")
    parser.add_argument("--port", type=int, default=0, help="the TCP port; 0 takes a free one")
    parser.add_argument("--bucket", default="files", help="the bucket to make")
    arguments = parser.parse_args()

    # A line for every request is more than anyone reads.
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = make_s3_server(arguments.host, arguments.port)
    # A daemon: should the bucket fail to be made, the process ends with that.
    serving = threading.Thread(target=server.serve_forever, daemon=True)

    def stop(_signal: int, _frame: FrameType | None) -> None:
        # Not here: shutdown() waits, and a handler should not.
        threading.Thread(target=server.shutdown).start()

    # The socket listens already, so this waits for the loop to begin instead of failing.
    serving.start()
    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    url = f"http://{arguments.host}:{server.port}"
    make_bucket(url, arguments.bucket)
    make_tables(_client("dynamodb", url), keys=KEYS_TABLE, state=STATE_TABLE)
    sys.stdout.write(f"{url}\n")
    sys.stdout.flush()
    serving.join()
    server.server_close()


def make_s3_server(host: str, port: int) -> BaseWSGIServer:
    """Make the server; port 0 takes a free one. It serves when `serve_forever` is called."""
    application = DecidesWritesAtOnce(DomainDispatcherApplication(create_backend_app))
    return make_server(host, port, application, threaded=True, request_handler=MotoRequestHandler)


class DecidesWritesAtOnce:
    """WSGI middleware that gives moto what S3 has: a conditional write is decided at one moment.

    moto looks first and writes then, so that of two racing writers both can win; and it knows no If-Match on
    CompleteMultipartUpload.

    Args:
        moto: The application.
    """

    def __init__(self, moto: WSGIApplication) -> None:
        self._moto = moto
        self._one_at_a_time = threading.Lock()

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Serve one request."""
        query = environ.get("QUERY_STRING", "")
        if environ["REQUEST_METHOD"] not in {"PUT", "POST", "DELETE"} or "partNumber=" in query:
            return self._moto(environ, start_response)
        # Before the lock: nobody waits for another one's body.
        length = int(environ.get("CONTENT_LENGTH") or 0)
        environ["wsgi.input"] = io.BytesIO(environ["wsgi.input"].read(length))
        with self._one_at_a_time:
            wanted = environ.get("HTTP_IF_MATCH")
            if wanted is not None and "uploadId=" in query and self._etag_at(environ) != wanted:
                start_response("412 Precondition Failed", [("Content-Type", "application/xml")])
                return [_PRECONDITION_FAILED]
            return self._moto(environ, start_response)

    def _etag_at(self, environ: WSGIEnvironment) -> str | None:
        """Look at the object that the request is about."""
        request = {
            name: value
            for name, value in environ.items()
            if name not in {"HTTP_IF_MATCH", "CONTENT_LENGTH", "CONTENT_TYPE", "RAW_URI", "REQUEST_URI"}
        }
        request.update(REQUEST_METHOD="HEAD", QUERY_STRING="")
        request["wsgi.input"] = io.BytesIO()
        return Client(self._moto).run_wsgi_app(request)[2].get("ETag")


def make_bucket(url: str, name: str) -> None:
    """Make a bucket that keeps old versions, as the one in production does."""
    s3: S3Client = _client("s3", url)
    s3.create_bucket(Bucket=name)
    s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})


def _client(service: Any, url: str) -> Any:
    return boto3.client(
        service,
        endpoint_url=url,
        region_name=REGION,
        aws_access_key_id=ACCESS_KEY_ID,
        aws_secret_access_key=SECRET_ACCESS_KEY,
        config=Config(proxies={}),
    )


if __name__ == "__main__":
    main()
