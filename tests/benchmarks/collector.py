"""What takes the place of an OpenTelemetry collector: it reads what is sent, and forgets it.

python -m tests.benchmarks.collector PORT
"""

from __future__ import annotations

import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from tests.benchmarks.processes import HOST


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:  # whoever started it asks whether it is there
        self._answer()

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self._answer()

    def _answer(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  # the name is given
        pass


if __name__ == "__main__":
    ThreadingHTTPServer((HOST, int(sys.argv[1])), _Handler).serve_forever()
