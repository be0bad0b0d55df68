"""A local S3: moto's server with one versioned bucket in it.

`python -m files_api.devtools.local_s3` prints its URL on one line, for AWS_ENDPOINT_URL, and serves until SIGINT or
SIGTERM. Files are kept in memory and temporary files, and are gone afterwards.
"""

from __future__ import annotations

import argparse
import logging
import signal
import sys
import threading
from typing import TYPE_CHECKING

import boto3
from botocore.config import Config
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, MotoRequestHandler, create_backend_app
from werkzeug.serving import make_server

if TYPE_CHECKING:
    from types import FrameType

REGION = "us-east-1"
#: moto takes any key; these are what the service is given.
ACCESS_KEY_ID = "local"
SECRET_ACCESS_KEY = "local"  # noqa: S105 - opens nothing


def main() -> None:
    """Serve, after one line on stdout with the URL."""
    parser = argparse.ArgumentParser(prog="python -m files_api.devtools.local_s3", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1", help="the address to listen on")
    parser.add_argument("--port", type=int, default=0, help="the TCP port; 0 takes a free one")
    parser.add_argument("--bucket", default="files", help="the bucket to make")
    arguments = parser.parse_args()

    # A line for every request is more than anyone reads.
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = make_server(
        arguments.host,
        arguments.port,
        DomainDispatcherApplication(create_backend_app),
        threaded=True,
        request_handler=MotoRequestHandler,
    )
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
    sys.stdout.write(f"{url}\n")
    sys.stdout.flush()
    serving.join()
    server.server_close()


def make_bucket(url: str, name: str) -> None:
    """Make a bucket that keeps old versions, as the one in production does."""
    s3 = boto3.client(
        "s3",
        endpoint_url=url,
        region_name=REGION,
        aws_access_key_id=ACCESS_KEY_ID,
        aws_secret_access_key=SECRET_ACCESS_KEY,
        config=Config(proxies={}),
    )
    s3.create_bucket(Bucket=name)
    s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})


if __name__ == "__main__":
    main()
