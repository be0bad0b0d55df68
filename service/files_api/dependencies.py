"""What the service stands on, made from its settings: clients, stores, and whoever judges credentials."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import gevent

from files_api.adapters.dynamodb.client import make_dynamodb_client
from files_api.adapters.dynamodb.idempotency import DynamoIdempotencyStore
from files_api.adapters.dynamodb.keys import DynamoKeyStore
from files_api.adapters.dynamodb.usage import DynamoUsageStore
from files_api.adapters.memory_idempotency import MemoryIdempotencyStore
from files_api.adapters.memory_usage import MemoryUsageStore
from files_api.adapters.openai_generator import OpenAiGenerator
from files_api.adapters.request_counter import make_request_counter
from files_api.adapters.s3.client import make_s3_access
from files_api.adapters.s3.store import S3Store
from files_api.adapters.s3.uploads import Uploader
from files_api.adapters.ssm_parameters import SsmParameters
from files_api.domain.authentication import Credentials, KeyAuthenticator
from files_api.domain.quotas import utc_now
from files_api.setting_kinds import OPEN

if TYPE_CHECKING:
    from collections.abc import Callable

    from types_boto3_dynamodb import DynamoDBClient

    from files_api.adapters.s3.client import S3Access
    from files_api.domain.access import Authenticator
    from files_api.domain.ports import Generator, IdempotencyStore, KeyStore, ObjectStore, UsageStore
    from files_api.settings import Settings
    from files_api.web.limits import RequestCounter

# An instance that dies in the middle of a generation leaves its Idempotency-Key claimed for so long, beyond the
# deadline of the generation itself.
_LEASE_MARGIN_SECONDS = 60.0
# Whom the deep health check asks for: there is no such key.
_NOBODY = "health-check"


@dataclass(frozen=True, slots=True, kw_only=True)
class Dependencies:
    """What the service stands on; tests put their own in.

    `credentials` is None where everybody may come in. `checks` are for the deep health check, by name.
    """

    store: ObjectStore
    generator: Generator
    idempotency: IdempotencyStore
    usage: UsageStore
    counter: RequestCounter
    credentials: Authenticator | None
    checks: dict[str, Callable[[], Any]]


def make_dependencies(settings: Settings) -> Dependencies:
    """Make the real ones. Call it after the fork: clients must not be shared between processes."""
    if settings.otlp_endpoint is not None or settings.trace_console:
        # Here, and so below: what is not configured costs nothing at the start, on which autoscaling waits.
        from files_api.telemetry.setup import start_telemetry  # noqa: PLC0415

        start_telemetry(settings)
    if settings.audit_log_group is not None:
        from files_api.adapters.audit_log import ship_audit  # noqa: PLC0415

        ship_audit(
            settings.audit_log_group, region=settings.aws_region, endpoint_url=settings.aws_endpoint_url
        )
    store = make_store(make_s3_access(settings), settings)
    checks: dict[str, Callable[[], Any]] = {"s3": store.check}
    generator = OpenAiGenerator(settings, SsmParameters(settings.aws_region).read)
    if settings.openai_api_key or settings.openai_key_parameter:
        # Before the first request: the import takes a second or more of CPU time, during which a process with one
        # event loop serves nobody.
        generator.load()
        checks["openai"] = generator.check
    idempotency: IdempotencyStore = MemoryIdempotencyStore()
    usage: UsageStore = MemoryUsageStore()
    keys: KeyStore | None = None
    if settings.state_table is not None or settings.keys_table is not None:
        client = _dynamodb(settings)
        if settings.state_table is not None:
            lease_seconds = settings.generation_deadline_seconds + _LEASE_MARGIN_SECONDS
            idempotency = DynamoIdempotencyStore(client, settings.state_table, lease_seconds=lease_seconds)
            usage = DynamoUsageStore(client, settings.state_table)
        if settings.keys_table is not None:
            keys = DynamoKeyStore(client, settings.keys_table)
        checks["dynamodb"] = _check_of(keys, usage)
    return Dependencies(
        store=store,
        generator=generator,
        idempotency=idempotency,
        usage=usage,
        counter=make_request_counter(settings.limits_storage),
        credentials=_credentials(settings, keys),
        checks=checks,
    )


def make_store(access: S3Access, settings: Settings) -> S3Store:
    """Make the store of files, on these ways to S3."""
    uploader = Uploader(
        access,
        settings.bucket,
        part_size_bytes=settings.part_size_bytes,
        max_file_bytes=settings.max_file_bytes,
    )
    return S3Store(access.calls, access.client, settings.bucket, uploader)


def _dynamodb(settings: Settings) -> DynamoDBClient:
    return make_dynamodb_client(
        settings.aws_region, settings.aws_endpoint_url, connections=settings.max_concurrency
    )


def _check_of(keys: KeyStore | None, usage: UsageStore) -> Callable[[], None]:
    """Make one cheap call to each table that there is, with the rights that the service has anyway."""

    def check() -> None:
        if keys is not None:
            keys.find(_NOBODY)
        # Nothing is taken of nothing; in memory, where there is no table, it is no call.
        usage.take(_NOBODY, utc_now().date(), "checks", 0, limit=0)

    return check


def _credentials(settings: Settings, keys: KeyStore | None) -> Credentials | None:
    if OPEN in settings.access:
        return None
    tokens = None
    if "oidc" in settings.access:
        from files_api.adapters.oidc import OidcAuthenticator  # noqa: PLC0415

        tokens = OidcAuthenticator(
            issuer=settings.oidc_issuer or "",
            audiences=settings.oidc_audience,
            plan=settings.plans[settings.default_plan],
            root_claim=settings.oidc_root_claim,
        )
    judge = None
    if "keys" in settings.access and keys is not None:
        judge = KeyAuthenticator(
            keys,
            environment=settings.environment,
            plans=settings.plans,
            default_plan=settings.default_plan,
            in_background=gevent.spawn,
        )
    return Credentials(keys=judge, tokens=tokens)
