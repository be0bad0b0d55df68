"""Files made by OpenAI, or by a server that speaks its protocol.

The SDK is large: it is imported by `load` or at first use, when its clients are made. Its own retries are off,
since one retry at most is allowed here, and none where the answer says when to come again.
"""

from __future__ import annotations

import importlib
import logging
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from files_api.adapters.deadlines import deadline_of
from files_api.adapters.openai_answers import read_image, read_speech, read_text
from files_api.adapters.openai_key import OpenAiKey
from files_api.adapters.openai_requests import body_of
from files_api.domain.errors import FilesApiError, GenerationRefused, GeneratorBadAnswer
from files_api.domain.generation import Kind, SpeechOptions
from files_api.telemetry.tracing import client_span

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from contextlib import AbstractContextManager

    import openai

    from files_api.adapters.deadlines import Deadline
    from files_api.domain.generation import GenerationRequest
    from files_api.domain.models import GeneratedContent
    from files_api.settings import Settings

_log = logging.getLogger(__name__)

_CHECK_SECONDS = 3.0
#: Long enough that a restarting peer is back, short beside any generation.
_RETRY_PAUSE_SECONDS = 0.2
#: What JSON has around a file: identifiers, usage, and the reasoning of the model.
_ENVELOPE_BYTES = 1024 * 1024
#: A character takes up to six bytes of JSON for two of UTF-8 (an escape such as \u00e9).
_JSON_TEXT_FACTOR = 3
#: The SDK imports each endpoint by itself when it is first named.
_SLOW_IMPORTS = (
    "files_api.adapters.openai_transport",
    "files_api.adapters.openai_failures",
    "openai.resources.responses",
    "openai.resources.images",
    "openai.resources.audio",
    "openai.resources.models",
)
_ENDPOINTS: Mapping[Kind, Callable[[openai.OpenAI], Callable[..., AbstractContextManager[Any]]]] = (
    MappingProxyType(
        {
            Kind.TEXT: lambda client: client.responses.with_streaming_response.create,
            Kind.IMAGE: lambda client: client.images.with_streaming_response.generate,
            Kind.SPEECH: lambda client: client.audio.speech.with_streaming_response.create,
        }
    )
)


_READERS = MappingProxyType({Kind.TEXT: read_text, Kind.IMAGE: read_image, Kind.SPEECH: read_speech})


def _told_by_the_answer(generated: GeneratedContent) -> dict[str, str | int]:
    tokens = {"input": generated.usage.input_tokens, "output": generated.usage.output_tokens}
    usage = {f"gen_ai.usage.{way}_tokens": count for way, count in tokens.items() if count is not None}
    return {"gen_ai.response.model": generated.model, **usage}


@dataclass(frozen=True, slots=True)
class _Call:
    """One request that may have to be sent more than once.

    `endpoint` picks a method of the SDK's client, `secrets` are texts that no error message may quote.
    """

    base_url: str | None
    endpoint: Callable[[openai.OpenAI], Callable[..., AbstractContextManager[Any]]]
    max_bytes: int
    is_json: bool = True
    body: dict[str, Any] = field(default_factory=dict, repr=False)
    secrets: tuple[str, ...] = field(default=(), repr=False)


class _CallFailedError(Exception):
    """A call has failed, and this is what could be tried. Never leaves this module."""

    def __init__(self, error: FilesApiError, *, retry: bool, key_refused: bool) -> None:
        super().__init__(type(error).__name__)
        self.error = error
        self.retry = retry
        self.key_refused = key_refused


class OpenAiGenerator:
    """A `Generator`.

    Args:
        settings: Key, base URLs, deadline and size limit of the service.
        read_parameter: Reads an SSM parameter (`SsmParameters.read`); needed where the key is in one.
    """

    def __init__(self, settings: Settings, read_parameter: Callable[[str], str] | None = None) -> None:
        self._settings = settings
        self._key = OpenAiKey(settings.openai_api_key, settings.openai_key_parameter, read_parameter)
        self._lock = threading.Lock()
        self._clients: dict[str | None, openai.OpenAI] = {}

    def load(self) -> None:
        """Import the SDK now: a second or two of CPU time, in which a gevent worker would answer nobody else.

        May run in a thread beside gevent's. Hence it only imports: a lock of gevent's that two threads want can
        leave a greenlet waiting for ever, and a client has such locks (`functools.cached_property` up to Python 3.11).
        """
        for name in _SLOW_IMPORTS:
            importlib.import_module(name)

    def generate(self, request: GenerationRequest) -> GeneratedContent:
        """See `Generator.generate`. The deadline covers everything, a retry and reading the key included."""
        limit = self._settings.max_generated_bytes
        # By the conventions for generative AI (https://opentelemetry.io/docs/specs/semconv/gen-ai/openai/), no content.
        # Why not by an instrumentation: docs/observability.md.
        operation = "chat" if request.kind is Kind.TEXT else "generate_content"
        attributes = {
            "gen_ai.operation.name": operation,
            "gen_ai.provider.name": "openai",
            "gen_ai.request.model": request.model,
            "gen_ai.output.type": request.kind.name.lower(),
        }
        with (
            client_span(f"{operation} {request.model}", attributes) as span,
            deadline_of(self._settings.generation_deadline_seconds) as deadline,
        ):
            body = self._with_retry(self._call(request), deadline)
            generated = _READERS[request.kind](body, request, limit)
            span.set_attributes(_told_by_the_answer(generated))
            return generated

    def check(self) -> None:
        """See `Generator.check`. Lists the models of each server in use, within 3 seconds altogether."""
        with deadline_of(_CHECK_SECONDS) as deadline:
            for base_url in dict.fromkeys(self._base_url(kind) for kind in Kind):
                self._check_server(base_url, deadline)

    def close(self) -> None:
        """Give all idle connections back. The next call opens new ones."""
        with self._lock:
            clients, self._clients = self._clients, {}
        for client in clients.values():
            client.close()

    def _check_server(self, base_url: str | None, deadline: Deadline) -> None:
        call = _Call(base_url, lambda client: client.models.with_streaming_response.list, _ENVELOPE_BYTES)
        try:
            self._with_retry(call, deadline)
        except GenerationRefused:
            # A compatible server without a list of models has still answered, and accepted the key.
            _log.debug(
                "The server at %s has no list of models", base_url, extra={"event": "generator_without_list"}
            )

    def _call(self, request: GenerationRequest) -> _Call:
        limit = self._settings.max_generated_bytes
        instructions = request.options.instructions if isinstance(request.options, SpeechOptions) else None
        sizes = {
            Kind.TEXT: _JSON_TEXT_FACTOR * limit + _ENVELOPE_BYTES,
            Kind.IMAGE: limit * 4 // 3 + _ENVELOPE_BYTES,  # base64
            Kind.SPEECH: limit,
        }
        return _Call(
            base_url=self._base_url(request.kind),
            endpoint=_ENDPOINTS[request.kind],
            max_bytes=sizes[request.kind],
            is_json=request.kind is not Kind.SPEECH,
            body=body_of(request),
            secrets=(request.prompt, instructions) if instructions else (request.prompt,),
        )

    def _base_url(self, kind: Kind) -> str | None:
        own = {
            Kind.TEXT: self._settings.text_base_url,
            Kind.IMAGE: self._settings.image_base_url,
            Kind.SPEECH: self._settings.speech_base_url,
        }[kind]
        return own or self._settings.openai_base_url

    def _with_retry(self, call: _Call, deadline: Deadline) -> bytes:
        """Send a request, once more after a failure that passes, and once more with a changed key."""
        key = self._key.current()
        may_retry, may_change_key = True, True
        while True:
            try:
                return self._once(call, key, deadline)
            except _CallFailedError as failed:
                other_key = None
                if failed.key_refused and may_change_key:
                    may_change_key = False
                    other_key = self._key.after_refusal(key)
                if other_key is not None:
                    key = other_key
                elif failed.retry and may_retry and deadline.allows(_RETRY_PAUSE_SECONDS):
                    may_retry = False
                    time.sleep(_RETRY_PAUSE_SECONDS)
                    _log.info("Asking the model once more", extra={"event": "generator_retried"})
                else:
                    if failed.retry:
                        # What cannot be repeated for lack of time has failed for lack of time.
                        deadline.remaining()
                    # Without its cause, whose text quotes what the server said: maybe the prompt, or the key.
                    raise failed.error from None

    def _once(self, call: _Call, key: str, deadline: Deadline) -> bytes:
        from files_api.adapters import openai_transport as transport  # noqa: PLC0415

        send = call.endpoint(self._client(call.base_url).with_options(api_key=key))
        timeout = transport.timeout_of(deadline.remaining())
        with _translated((*call.secrets, key)), send(**call.body, timeout=timeout) as answer:
            response = answer.http_response
            headers = response.headers
            if not call.is_json and headers.get("content-type", "").startswith(("application/json", "text/")):
                raise GeneratorBadAnswer("The model's answer is not audio.")
            chunks = transport.chunks_of(response)
            body = bytearray()
            for chunk in transport.read_bounded(chunks, headers.get("content-length"), call.max_bytes):
                body += chunk
                # Where gevent cannot break off, a peer that never stops sending is left here.
                deadline.remaining()
            return bytes(body)

    def _client(self, base_url: str | None) -> openai.OpenAI:
        from files_api.adapters.openai_transport import make_client  # noqa: PLC0415

        with self._lock:
            if base_url not in self._clients:
                self._clients[base_url] = make_client(base_url)
            return self._clients[base_url]


@contextmanager
def _translated(secrets: tuple[str, ...]) -> Iterator[None]:
    import httpx2  # noqa: PLC0415
    import openai  # noqa: PLC0415

    from files_api.adapters.openai_failures import failure_of  # noqa: PLC0415

    try:
        yield
    except (openai.OpenAIError, httpx2.HTTPError) as error:
        failure = failure_of(error, secrets=secrets)
        raise _CallFailedError(failure.error, retry=failure.retry, key_refused=failure.key_refused) from error
