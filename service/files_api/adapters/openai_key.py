"""The key for OpenAI: where it comes from, and what happens when it is changed under us."""

from __future__ import annotations

import logging
import re
import threading
from typing import TYPE_CHECKING

from files_api.adapters.ssm_parameters import ParameterUnreadableError
from files_api.domain.errors import GenerationNotConfigured, GeneratorUnavailable

if TYPE_CHECKING:
    from collections.abc import Callable

_log = logging.getLogger(__name__)

#: What can stand in an Authorization header (RFC 9110 section 5.5, without spaces).
_USABLE = re.compile(r"[\x21-\x7e]+")
_UNREADABLE_RETRY_AFTER_SECONDS = 30


class OpenAiKey:
    """Knows the key, or where it is.

    Args:
        fixed: The key itself, which then never changes.
        parameter: Else the name of the SSM parameter that holds it: read at first use and kept.
        read_parameter: Reads a parameter; raises ParameterUnreadableError.
    """

    def __init__(
        self, fixed: str | None, parameter: str | None, read_parameter: Callable[[str], str] | None
    ) -> None:
        self._fixed = fixed
        self._parameter = parameter
        self._read_parameter = read_parameter
        self._lock = threading.Lock()
        self._kept: str | None = None

    def __repr__(self) -> str:
        """Tell nothing of the key."""
        return f"{type(self).__name__}(parameter={self._parameter!r})"

    def current(self) -> str:
        """Tell the key.

        Raises:
            GenerationNotConfigured: There is none.
            GeneratorUnavailable: The parameter cannot be read.
        """
        if self._fixed is not None:
            return self._usable(self._fixed)
        with self._lock:
            if self._kept is None:
                self._kept = self._read()
            return self._kept

    def after_refusal(self, refused: str) -> str | None:
        """Tell the key that came in the place of one that OpenAI refused; None when there is no other.

        Raises:
            GenerationNotConfigured: The parameter holds no key any more.
            GeneratorUnavailable: The parameter cannot be read.
        """
        if self._fixed is not None:
            return None
        with self._lock:
            # Of many requests that are refused at once only the first one needs to read.
            if self._kept in (None, refused):
                self._kept = None
                self._kept = self._read()
            return None if self._kept == refused else self._kept

    def _read(self) -> str:
        if self._parameter is None or self._read_parameter is None:
            raise GenerationNotConfigured("Generation is not configured: this service has no OpenAI key.")
        try:
            value = self._read_parameter(self._parameter)
        except ParameterUnreadableError as error:
            _log.error("The OpenAI key cannot be read: %s", error, extra={"event": "generator_key_unusable"})
            raise GeneratorUnavailable(
                "The OpenAI key cannot be read at the moment.", _UNREADABLE_RETRY_AFTER_SECONDS
            ) from error
        return self._usable(value)

    def _usable(self, value: str) -> str:
        # A final newline is what `aws ssm put-parameter --value "$(cat …)"` and editors leave behind.
        key = value.strip()
        if _USABLE.fullmatch(key) is None:
            _log.error(
                "The OpenAI key is empty or has characters that no key has.",
                extra={"event": "generator_key_unusable"},
            )
            raise GenerationNotConfigured("Generation is not configured: the OpenAI key is not usable.")
        return key
