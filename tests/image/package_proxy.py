"""The machines' only way out: a proxy to Debian's archive, and to nothing else, that keeps what it has fetched.

`python -m tests.image.package_proxy ADDRESS CACHE` prints its port, and serves until its standard input is closed. apt
checks the signature of the archive itself, through whomever it comes.
"""

from __future__ import annotations

import hashlib
import sys
import threading
import urllib.error
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from tests.debian_archive import hosts

_CHUNK_BYTES = 1 << 20


def make_server(address: str, cache: Path) -> ThreadingHTTPServer:
    cache.mkdir(parents=True, exist_ok=True)
    allowed = hosts()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:  # http.server's name
            if urlsplit(self.path).hostname not in allowed:
                self.send_error(403, "not Debian's archive")
                return
            # A package of one name and version never changes; everything else may.
            kept = cache / hashlib.sha256(self.path.encode()).hexdigest()
            if self.path.endswith(".deb") and kept.exists():
                self._answer(200, kept.read_bytes())
                return
            try:
                with urllib.request.urlopen(self.path, timeout=60) as answer:
                    body = answer.read()
            except urllib.error.HTTPError as error:
                self.send_error(error.code)
                return
            except OSError as error:
                self.send_error(502, str(error))
                return
            if self.path.endswith(".deb"):
                partial = kept.with_suffix(f".{threading.get_ident()}")
                partial.write_bytes(body)
                partial.replace(kept)
            self._answer(200, body)

        def _answer(self, status: int, body: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            for start in range(0, len(body), _CHUNK_BYTES):
                self.wfile.write(body[start : start + _CHUNK_BYTES])

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  # http.server's name
            pass

    server = ThreadingHTTPServer((address, 0), Handler)
    server.daemon_threads = True
    return server


if __name__ == "__main__":
    proxy = make_server(sys.argv[1], Path(sys.argv[2]))
    threading.Thread(target=proxy.serve_forever, daemon=True).start()
    sys.stdout.write(f"{proxy.server_port}\n")
    sys.stdout.flush()
    sys.stdin.read()
