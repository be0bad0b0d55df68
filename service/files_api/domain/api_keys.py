"""API keys: how one is written, what is kept of it, and what an operator can do with them.

`fa_<environment>_<id>_<secret>_<checksum>`. The beginning is for secret scanners and for people, the id finds the key,
the secret is 256 bits of the system's randomness, and the checksum tells a typo from a key without asking anybody.
Only a SHA-256 of the secret is kept: with that much randomness there is nothing for a slower hash to protect
(https://cheatsheetseries.owasp.org/cheatsheets/Cryptographic_Storage_Cheat_Sheet.html).
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
import zlib
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING

from files_api.domain.access import Scope  # noqa: TC001  # a field of a dataclass
from files_api.domain.paths import Directory

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_ID_ALPHABET = "abcdefghijklmnopqrstuvwxyz234567"
_ID_LENGTH = 16
# 62 ** 43 > 2 ** 256: so many characters hold 256 bits.
_SECRET_BITS = 256
_SECRET_LENGTH = 43
_CHECKSUM_LENGTH = 6
#: What every key begins with.
PREFIX = "fa_"
#: What an environment may be called.
ENVIRONMENT = re.compile(r"[a-z0-9]{1,16}")
#: The expression that a secret scanner looks for.
KEY = re.compile(
    rf"fa_(?P<environment>[a-z0-9]{{1,16}})_(?P<id>[a-z2-7]{{{_ID_LENGTH}}})"
    rf"_(?P<secret>[0-9A-Za-z]{{{_SECRET_LENGTH}}})_(?P<checksum>[0-9A-Za-z]{{{_CHECKSUM_LENGTH}}})"
)
NO_LIMITS: Mapping[str, int] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class KeyText:
    """A key as its owner has it. The secret stays out of `repr`."""

    environment: str
    key_id: str
    secret: str = field(repr=False)

    def __str__(self) -> str:
        """Write the whole key."""
        text = f"{PREFIX}{self.environment}_{self.key_id}_{self.secret}"
        return f"{text}_{_checksum_of(text)}"

    @property
    def secret_hash(self) -> str:
        """The SHA-256 of the secret in hexadecimal, which is all that is kept of it."""
        return hashlib.sha256(self.secret.encode("ascii")).hexdigest()

    def is_of(self, key: ApiKey) -> bool:
        """Whether this is that key; compared in constant time."""
        return hmac.compare_digest(self.secret_hash, key.secret_hash)


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiKey:
    """What is kept of a key. A client has two at most, so that one can take the place of the other without a gap.

    `limits` are what the client has instead of its plan's, by the names of `plans.Plan`; `plan` None stands for the
    default one. `last_used_at` is coarse: to the hour.
    """

    key_id: str
    client: str
    secret_hash: str = field(repr=False)
    scopes: frozenset[Scope]
    root: Directory = field(default=Directory(""))
    plan: str | None = None
    limits: Mapping[str, int] = field(default_factory=lambda: NO_LIMITS)
    created_at: datetime
    expires_at: datetime | None = None
    last_used_at: datetime | None = None
    disabled: bool = False

    def is_live(self, now: datetime) -> bool:
        """Whether it opens anything."""
        return not self.disabled and (self.expires_at is None or now < self.expires_at)


def generate_key(environment: str) -> KeyText:
    """Make a new key for an environment that `ENVIRONMENT` matches."""
    return KeyText(
        environment,
        "".join(secrets.choice(_ID_ALPHABET) for _ in range(_ID_LENGTH)),
        _base62(secrets.randbits(_SECRET_BITS), _SECRET_LENGTH),
    )


def read_key(text: str) -> KeyText | None:
    """Take a key apart; None where this is none, or has a typo in it."""
    match = KEY.fullmatch(text)
    if match is None or not hmac.compare_digest(
        _checksum_of(text[: match.start("checksum") - 1]), match["checksum"]
    ):
        return None
    return KeyText(match["environment"], match["id"], match["secret"])


def _checksum_of(text: str) -> str:
    return _base62(zlib.crc32(text.encode("ascii")), _CHECKSUM_LENGTH)


def _base62(number: int, length: int) -> str:
    digits = []
    for _ in range(length):
        number, digit = divmod(number, len(_ALPHABET))
        digits.append(_ALPHABET[digit])
    return "".join(reversed(digits))
