"""`python -m tests.infra.emulator --journal FILE` prints the URL of an emulated AWS on one line and serves.

It is moto's server with what it lacks added (`gaps` tells how that stays honest). It ends with SIGTERM, SIGINT or the
end of its standard input, so that it outlives nobody.
"""

from __future__ import annotations

import argparse
import logging
import os
import sys
import threading
from pathlib import Path

# moto reads this as it is imported: without it the managed policies that a stack attaches do not exist.
os.environ.setdefault("MOTO_IAM_LOAD_MANAGED_POLICIES", "true")

from moto.moto_server.werkzeug_app import (
    DomainDispatcherApplication,
    MotoRequestHandler,
    create_backend_app,
)
from tests.infra.emulator.extension import extend
from tests.infra.emulator.journal import Journal
from tests.infra.emulator.turns import OneAtATime
from werkzeug.serving import make_server


def main() -> None:
    """Serve until the end of the standard input."""
    parser = argparse.ArgumentParser(prog="python -m tests.infra.emulator", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="the TCP port; 0 takes a free one")
    parser.add_argument(
        "--journal", type=Path, required=True, help="the file that gets a line for every request"
    )
    arguments = parser.parse_args()

    # A line for every request is in the journal already; only what goes wrong is worth one here.
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    extend()
    arguments.journal.touch()
    application = Journal(OneAtATime(DomainDispatcherApplication(create_backend_app)), arguments.journal)
    server = make_server(
        "127.0.0.1", arguments.port, application, threaded=True, request_handler=MotoRequestHandler
    )
    serving = threading.Thread(target=server.serve_forever, daemon=True)
    serving.start()
    sys.stdout.write(f"http://127.0.0.1:{server.port}\n")
    sys.stdout.flush()
    sys.stdin.read()
    server.shutdown()
    serving.join()
    server.server_close()


if __name__ == "__main__":
    main()
