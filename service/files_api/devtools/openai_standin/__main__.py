"""Run the stand-in until SIGINT or SIGTERM."""

from __future__ import annotations

import argparse
import os
import signal
import sys
import threading
from typing import TYPE_CHECKING

from files_api.devtools.openai_standin.server import OpenAiStandin

if TYPE_CHECKING:
    from types import FrameType

_REVOKED_KEYS_VARIABLE = "OPENAI_STANDIN_REVOKED_KEYS"


def main() -> None:
    """Serve, after one line on stdout with the base URL."""
    parser = argparse.ArgumentParser(prog="python -m files_api.devtools.openai_standin", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1", help="the address to listen on")
    parser.add_argument("--port", type=int, default=0, help="the TCP port; 0 takes a free one")
    arguments = parser.parse_args()
    revoked = [key.strip() for key in os.environ.get(_REVOKED_KEYS_VARIABLE, "").split(",") if key.strip()]
    standin = OpenAiStandin(arguments.host, arguments.port, revoked_keys=revoked)

    def stop(_signal: int, _frame: FrameType | None) -> None:
        # Not here: shutdown() waits for serve_forever(), which this very thread runs.
        threading.Thread(target=standin.shutdown).start()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    sys.stdout.write(f"{standin.base_url}\n")
    sys.stdout.flush()
    standin.serve_forever()
    standin.close()


if __name__ == "__main__":
    main()
