"""Requests that may be repeated without being done twice (the header Idempotency-Key of the contract)."""

from __future__ import annotations

import hashlib
import json
import re
from typing import TYPE_CHECKING

from files_api.domain.errors import IdempotencyKeyInvalid

if TYPE_CHECKING:
    from collections.abc import Callable

    from files_api.domain.ports import IdempotencyStore

_KEY = re.compile(r"[\x21-\x7e]{1,255}")


def check_key(key: str) -> str:
    """Return an Idempotency-Key as it is.

    Raises:
        IdempotencyKeyInvalid: It is not 1 to 255 visible ASCII characters.
    """
    if _KEY.fullmatch(key) is None:
        raise IdempotencyKeyInvalid("Idempotency-Key must be 1 to 255 visible ASCII characters.")
    return key


def fingerprint_of(body: object) -> str:
    """Tell two JSON bodies apart: the SHA-256, in hexadecimal, of the canonical form.

    White space and the order of members do not count.
    """
    canonical = json.dumps(body, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode("ascii")).hexdigest()


def replay_or_run(store: IdempotencyStore, key: str, fingerprint: str, run: Callable[[], bytes]) -> bytes:
    """Run a request, unless one with this key has succeeded before: then return its answer again.

    Only success is kept; whatever `run` raises gives the key back, since a repetition is then a new try.

    Args:
        store: Where the answers are kept.
        key: The checked key, scoped to the caller by whoever calls.
        fingerprint: `fingerprint_of` the body.
        run: Does the work and returns the whole answer.

    Raises:
        IdempotencyKeyReused: The key belongs to another request.
        IdempotencyKeyInUse: The first request with this key is still running.
        AccessUnavailable: It cannot be found out now; nothing was run.
    """
    claim = store.claim(key, fingerprint)
    if isinstance(claim, bytes):
        return claim
    finished = False
    try:
        answer = run()
        claim.finish(answer)
        finished = True
        return answer
    finally:
        # Also when the greenlet is killed, which no `except Exception` sees.
        if not finished:
            claim.abandon()
