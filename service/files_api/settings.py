"""Every setting of the service, read once from the environment and checked before anything starts.

This module is the only reader of the environment. `docs/settings.md` lists what stands here; a test holds the two
together. Names that AWS, OpenAI and others have defined already (`AWS_*`, `OPENAI_API_KEY`, `PORT`, `WEB_CONCURRENCY`)
keep their meaning.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any

from marshmallow import EXCLUDE, Schema, ValidationError, post_load, pre_load, validate, validates_schema
from marshmallow import fields as ma

from files_api.domain.api_keys import ENVIRONMENT
from files_api.domain.generation_options import BUILT_IN_VOICES
from files_api.plans_file import BUILT_IN, read_plans
from files_api.setting_kinds import (
    BUCKET_NAME,
    HTTP_URL,
    OPEN,
    Names,
    Networks,
    Plans,
    check_access_modes,
    check_issuer,
    check_origins,
    integer,
    names,
    seconds,
    text,
)

if TYPE_CHECKING:
    from collections.abc import Mapping
    from ipaddress import IPv4Network, IPv6Network

    from files_api.domain.plans import Plan

KIB = 1024
MIB = 1024 * KIB
GIB = 1024 * MIB
TIB = 1024 * GIB
#: The largest object that S3 keeps (https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html).
S3_MAX_OBJECT_BYTES = 5 * TIB


class SettingsError(Exception):
    """A setting is missing or wrong. The text is one sentence that names it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The settings of one service, complete and valid. `SettingsSchema` documents each of them."""

    bucket: str
    access: tuple[str, ...]
    environment: str
    keys_table: str | None
    state_table: str | None
    oidc_issuer: str | None
    oidc_audience: tuple[str, ...]
    oidc_root_claim: str | None
    docs: str
    plans: Mapping[str, Plan]
    default_plan: str
    open_plan: str
    limits_storage: str = field(repr=False)
    trusted_proxies: tuple[IPv4Network | IPv6Network, ...]
    audit_log_group: str | None
    otlp_endpoint: str | None
    traces_sampler: str | None
    trace_console: bool
    host: str
    port: int
    worker_processes: int
    worker_connections: int
    max_concurrency: int
    shutdown_grace_seconds: float
    keep_alive_seconds: float
    header_timeout_seconds: float
    body_timeout_seconds: float
    max_file_bytes: int
    part_size_bytes: int
    aws_region: str | None
    aws_endpoint_url: str | None
    s3_connect_timeout_seconds: float
    s3_read_timeout_seconds: float
    s3_attempts: int
    request_deadline_seconds: float
    presigned_url_seconds: int
    cors_origins: tuple[str, ...]
    log_level: str
    commit: str
    drain_file: str | None
    openai_api_key: str | None = field(repr=False)
    openai_key_parameter: str | None
    openai_base_url: str | None
    text_base_url: str | None
    image_base_url: str | None
    speech_base_url: str | None
    text_models: tuple[str, ...]
    image_models: tuple[str, ...]
    speech_models: tuple[str, ...]
    speech_voices: tuple[str, ...]
    generation_deadline_seconds: float
    generation_concurrency: int
    max_generated_bytes: int

    @classmethod
    def from_env(cls, environ: Mapping[str, str] | None = None) -> Settings:
        """Read and check the environment.

        Args:
            environ: Where to read; the process's own environment when None.

        Raises:
            SettingsError: A setting is missing or wrong; the text is one sentence that names it.
        """
        try:
            settings: Settings = SettingsSchema().load(dict(os.environ if environ is None else environ))
        except ValidationError as error:
            raise SettingsError(_sentence(error)) from error
        return settings


@dataclass(frozen=True, slots=True, kw_only=True)
class KeySettings:
    """What an operator's commands need to know. `KeySettingsSchema` documents each of them."""

    keys_table: str
    environment: str
    plans: Mapping[str, Plan]
    default_plan: str
    aws_region: str | None
    aws_endpoint_url: str | None
    audit_log_group: str | None

    @classmethod
    def from_env(cls, environ: Mapping[str, str] | None = None) -> KeySettings:
        """Read and check the environment. Arguments and errors: see `Settings.from_env`."""
        try:
            settings: KeySettings = KeySettingsSchema().load(dict(os.environ if environ is None else environ))
        except ValidationError as error:
            raise SettingsError(_sentence(error)) from error
        return settings


class _SharedSchema(Schema):
    """What the service and an operator's commands both have to know."""

    class Meta:
        """The environment holds much that is not ours."""

        unknown = EXCLUDE

    keys_table = text("FILES_API_KEYS_TABLE", "The DynamoDB table that keeps the API keys.")
    environment = text(
        "FILES_API_ENVIRONMENT",
        "Which environment this is: a part of its API keys, so that those of another one are refused.",
        "local",
        validate=validate.Regexp(
            re.compile(rf"{ENVIRONMENT.pattern}\Z"), error="must be 1 to 16 letters a to z and digits"
        ),
    )
    plans = Plans(
        data_key="FILES_API_PLANS_FILE",
        load_default=lambda: read_plans(BUILT_IN),
        metadata={"help": "A TOML file of plans, instead of the ones that come with the service."},
    )
    default_plan = text(
        "FILES_API_DEFAULT_PLAN", "The plan of whoever has a credential that names none.", "standard"
    )
    aws_region = text(
        "AWS_REGION", "The bucket's region; where it is not set, boto3 looks for one in its usual places."
    )
    aws_endpoint_url = text(
        "AWS_ENDPOINT_URL",
        "Another server than Amazon's, for S3 and DynamoDB alike; its buckets are then paths, not host names.",
        validate=HTTP_URL,
    )
    audit_log_group = text(
        "FILES_API_AUDIT_LOG_GROUP",
        "The CloudWatch log group that gets the audit lines, too; they always stand in the log.",
    )

    @pre_load
    def _unset_is_empty(self, data: dict[str, str], **_: Any) -> dict[str, str]:
        """Take `NAME=` as not set, as shells, systemd and compose files write it."""
        return {name: value for name, value in data.items() if value != ""}

    @validates_schema
    def _plan_is_there(self, data: dict[str, Any], **_: Any) -> None:
        _check_plan(data, "default_plan", "FILES_API_DEFAULT_PLAN")


def _check_plan(data: dict[str, Any], field_name: str, setting: str) -> None:
    if data[field_name] not in data["plans"]:
        plans = ", ".join(data["plans"])
        raise ValidationError(f"names a plan that is not there; there are {plans}", setting)


class KeySettingsSchema(_SharedSchema):
    """How each field of `KeySettings` is called in the environment, what it means and what it may be."""

    keys_table = ma.String(
        data_key="FILES_API_KEYS_TABLE",
        required=True,
        error_messages={"required": "is missing: name the DynamoDB table that keeps the API keys"},
    )

    @post_load
    def _make(self, data: dict[str, Any], **_: Any) -> KeySettings:
        return KeySettings(**data)


class SettingsSchema(_SharedSchema):
    """How each field of `Settings` is called in the environment, what it means and what it may be."""

    bucket = ma.String(
        data_key="FILES_API_BUCKET",
        required=True,
        error_messages={"required": "is missing: name the S3 bucket that keeps the files"},
        validate=validate.Regexp(BUCKET_NAME, error="is not a legal name of an S3 bucket"),
        metadata={"help": "The S3 bucket that keeps the files."},
    )
    access = Names(
        data_key="FILES_API_ACCESS",
        required=True,
        error_messages={
            "required": "is missing: say keys, oidc, or both with a comma, or open to let everybody do everything"
        },
        validate=check_access_modes,
        metadata={
            "help": "Who may call: `keys` (API keys), `oidc` (tokens of an issuer), or `keys,oidc`. `open` lets "
            "everybody do everything, and has to be said."
        },
    )
    state_table = text(
        "FILES_API_STATE_TABLE",
        "The DynamoDB table for idempotency keys and quotas. Without one they are kept in the memory of one process.",
    )
    oidc_issuer = text(
        "FILES_API_OIDC_ISSUER", "The issuer of tokens, exactly as it stands in them.", validate=check_issuer
    )
    oidc_audience = names(
        "FILES_API_OIDC_AUDIENCE",
        "The audience that tokens must be for, exactly; several, comma-separated: one of them.",
    )
    oidc_root_claim = text(
        "FILES_API_OIDC_ROOT_CLAIM",
        "The claim that names the directory to which its caller is bound; a token without it is refused then.",
    )
    docs = text(
        "FILES_API_DOCS",
        "`closed`: the documentation page and `/openapi.json` need a credential, too.",
        "open",
        validate=validate.OneOf(["open", "closed"], error="must be one of {choices}"),
    )
    open_plan = text(
        "FILES_API_OPEN_PLAN", "The plan of each address, where `FILES_API_ACCESS=open`.", "open"
    )
    limits_storage = text(
        "FILES_API_LIMITS_STORAGE",
        "Where requests are counted: `memory://` (each process by itself), or a Valkey or Redis for a whole fleet.",
        "memory://",
        validate=validate.Regexp(
            re.compile(r"memory://|(valkeys?|rediss?)://[^\s/]+(/[0-9]*)?\Z"),
            error="must be memory://, valkey://HOST:PORT or redis://HOST:PORT (valkeys, rediss for TLS)",
        ),
    )
    trusted_proxies = Networks(
        data_key="FILES_API_TRUSTED_PROXIES",
        load_default=(),
        metadata={
            "help": "Networks of the load balancers, comma-separated: from there, the right-most entry of "
            "`X-Forwarded-For` is believed."
        },
    )
    host = text("FILES_API_HOST", "The address to listen on; 0.0.0.0 for all.", "127.0.0.1")
    port = integer("PORT", "The TCP port to listen on.", 8000, minimum=1, maximum=65535)
    worker_processes = integer(
        "WEB_CONCURRENCY",
        "Worker processes; each serves its clients concurrently. More than one want `FILES_API_STATE_TABLE`.",
        1,
    )
    worker_connections = integer(
        "FILES_API_WORKER_CONNECTIONS", "Connections that one worker holds open.", 1000
    )
    max_concurrency = integer(
        "FILES_API_MAX_CONCURRENCY",
        "Requests that one worker works on at once; those beyond get 503. Waiting for a slow client is no work.",
        256,
    )
    shutdown_grace_seconds = seconds(
        "FILES_API_SHUTDOWN_GRACE_SECONDS", "Seconds that running requests have to end after SIGTERM.", 60
    )
    keep_alive_seconds = seconds(
        "FILES_API_KEEP_ALIVE_SECONDS",
        "Seconds that an idle connection is kept; more than the load balancer's idle timeout (60).",
        75,
    )
    header_timeout_seconds = seconds(
        "FILES_API_HEADER_TIMEOUT_SECONDS", "Seconds that a client has to send the head of a request.", 20
    )
    body_timeout_seconds = seconds(
        "FILES_API_BODY_TIMEOUT_SECONDS",
        "Seconds of waiting within which a client must send 500 bytes a second on average, or be cut off.",
        30,
    )
    max_file_bytes = integer(
        "FILES_API_MAX_FILE_BYTES",
        "The largest file, in bytes.",
        5 * GIB,
        maximum=S3_MAX_OBJECT_BYTES,
    )
    part_size_bytes = integer(
        "FILES_API_PART_SIZE_BYTES",
        "Bytes of a multipart part; smaller files go to S3 in one request. An upload holds up to three parts in "
        "memory. Larger parts are used where 10,000 of these would not be enough.",
        8 * MIB,
        minimum=5 * MIB,
        maximum=5 * GIB,
    )
    s3_connect_timeout_seconds = seconds(
        "FILES_API_S3_CONNECT_TIMEOUT_SECONDS", "Seconds to connect to S3.", 2
    )
    s3_read_timeout_seconds = seconds(
        "FILES_API_S3_READ_TIMEOUT_SECONDS", "Seconds that S3 may be silent in the middle of an answer.", 10
    )
    s3_attempts = integer("FILES_API_S3_ATTEMPTS", "Tries of one call to S3, the first included.", 3)
    request_deadline_seconds = seconds(
        "FILES_API_REQUEST_DEADLINE_SECONDS",
        "Seconds that a request may wait for S3 altogether, retries included; moving the bytes of a body does not "
        "count.",
        30,
    )
    presigned_url_seconds = integer(
        "FILES_API_PRESIGNED_URL_SECONDS",
        "Seconds for which the URL of `?redirect=true` is good.",
        300,
        maximum=7 * 24 * 3600,
    )
    cors_origins = names(
        "FILES_API_CORS_ORIGINS",
        "Origins of browser applications that may call, comma-separated; `*` for all. None by default.",
        validate=check_origins,
    )
    log_level = text(
        "FILES_API_LOG_LEVEL",
        "DEBUG, INFO, WARNING or ERROR; health checks are logged at DEBUG.",
        "INFO",
        validate=validate.OneOf(["DEBUG", "INFO", "WARNING", "ERROR"], error="must be one of {choices}"),
    )
    otlp_endpoint = text(
        "OTEL_EXPORTER_OTLP_ENDPOINT",
        "The collector that gets traces and metrics, by OTLP over HTTP; none are made without one.",
        validate=HTTP_URL,
    )
    traces_sampler = text(
        "OTEL_TRACES_SAMPLER",
        "Which traces are sent, in OpenTelemetry's words; by default a tenth, unless somebody else has decided.",
    )
    trace_console = ma.Boolean(
        data_key="FILES_API_TRACE",
        load_default=False,
        truthy={"1"},
        falsy={"0"},
        error_messages={"invalid": "must be 1 or 0"},
        metadata={"help": "1: write every request as a tree of spans to stderr, for developers."},
    )
    commit = text("FILES_API_COMMIT", "The commit that `/version` tells.", "unknown")
    drain_file = text(
        "FILES_API_DRAIN_FILE",
        "While this file exists, `/health/ready` answers 503, so that a load balancer sends nothing new.",
    )
    openai_api_key = text("OPENAI_API_KEY", "The key for OpenAI. Without one, generation answers 503.")
    openai_key_parameter = text(
        "FILES_API_OPENAI_KEY_PARAMETER",
        "The SSM SecureString parameter that holds the key instead: read at first use, and again when OpenAI "
        "answers 401.",
    )
    openai_base_url = text(
        "OPENAI_BASE_URL", "Where OpenAI answers, for all kinds of files.", validate=HTTP_URL
    )
    text_base_url = text("FILES_API_TEXT_BASE_URL", "Another server for text.", validate=HTTP_URL)
    image_base_url = text("FILES_API_IMAGE_BASE_URL", "Another server for images.", validate=HTTP_URL)
    speech_base_url = text("FILES_API_SPEECH_BASE_URL", "Another server for speech.", validate=HTTP_URL)
    text_models = names(
        "FILES_API_TEXT_MODELS",
        "Models for text, comma-separated: the first is the default, `options.model` may name any of them.",
        ("gpt-6.1-terra", "gpt-6-luna"),
        validate=validate.Length(min=1, error="must name a model"),
    )
    image_models = names(
        "FILES_API_IMAGE_MODELS",
        "Models for images, likewise.",
        ("gpt-image-2.6-flare", "gpt-image-2.6-sunburst"),
        validate=validate.Length(min=1, error="must name a model"),
    )
    speech_models = names(
        "FILES_API_SPEECH_MODELS",
        "Models for speech, likewise.",
        ("gpt-4o-mini-tts",),
        validate=validate.Length(min=1, error="must name a model"),
    )
    speech_voices = names(
        "FILES_API_SPEECH_VOICES",
        "Voices that `options.voice` may name; the first is the default. Other servers have others than OpenAI.",
        BUILT_IN_VOICES,
        validate=validate.Length(min=1, error="must name a voice"),
    )
    generation_deadline_seconds = seconds(
        "FILES_API_GENERATION_DEADLINE_SECONDS", "Seconds that one generation may take altogether.", 100
    )
    generation_concurrency = integer(
        "FILES_API_GENERATION_CONCURRENCY", "Generations that run at once in one process; 429 beyond.", 8
    )
    max_generated_bytes = integer(
        "FILES_API_MAX_GENERATED_BYTES", "The largest file that is accepted from a model, in bytes.", 64 * MIB
    )

    @validates_schema
    def _access_is_complete(self, data: dict[str, Any], **_: Any) -> None:
        _check_plan(data, "open_plan", "FILES_API_OPEN_PLAN")
        needed = {
            "keys": ["FILES_API_KEYS_TABLE"],
            "oidc": ["FILES_API_OIDC_ISSUER", "FILES_API_OIDC_AUDIENCE"],
        }
        by_name = {str(field.data_key): name for name, field in self.fields.items()}
        for mode in data["access"]:
            for setting in needed.get(mode, []):
                if not data[by_name[setting]]:
                    raise ValidationError(f"is missing: FILES_API_ACCESS={mode} needs it", setting)
        if data["docs"] == "closed" and OPEN in data["access"]:
            raise ValidationError(
                "is closed while FILES_API_ACCESS=open: there is no credential that opens it",
                "FILES_API_DOCS",
            )

    @post_load
    def _make(self, data: dict[str, Any], **_: Any) -> Settings:
        return Settings(**{field.name: data[field.name] for field in fields(Settings)})


def _messages(error: ValidationError) -> dict[str, list[str]]:
    messages: dict[str, list[str]] = error.normalized_messages()  # type: ignore[no-untyped-call]
    return messages


def _sentence(error: ValidationError) -> str:
    name, problems = min(_messages(error).items())
    text = problems[0]
    return f"{name} {text.rstrip('.')}."
