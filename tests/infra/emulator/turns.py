"""One request after the other: moto's models are not made for threads."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment


class OneAtATime:
    """WSGI middleware that lets nobody in before the last answer is complete.

    Terraform asks ten things at once: one of them read a dictionary to which another one added (a 500 of SSM's). And of
    two who write a lock of Terraform's at the same time, one wins only if looking and writing are one step.

    Args:
        application: moto.
    """

    def __init__(self, application: WSGIApplication) -> None:
        self._application = application
        self._turn = threading.Lock()

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Serve one request."""
        with self._turn:
            return [b"".join(self._application(environ, start_response))]
