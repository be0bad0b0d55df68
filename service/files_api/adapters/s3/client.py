"""How a process reaches its bucket: boto3 for what is rare, connections of its own for what is not."""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import boto3
import botocore.session
from botocore.config import Config
from botocore.httpsession import get_cert_path
from botocore.utils import get_environ_proxies

from files_api.adapters.s3.calls import SignedCalls
from files_api.adapters.s3.endpoint import addressing, find_endpoint
from files_api.adapters.s3.signing import Signer
from files_api.adapters.s3.wire import Wire

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

    from files_api.adapters.s3.calls import S3Calls
    from files_api.settings import Settings

# How long S3, or a server like it, may be silent while it puts the parts of an upload together. S3 itself sends white
# space all the while.
_PATIENT_READ_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class S3Access:
    """The ways to one bucket; `patient_client` is for the one call on which S3 may be silent for long."""

    calls: S3Calls
    client: S3Client
    patient_client: S3Client


def make_s3_access(settings: Settings) -> S3Access:
    """Make them. Call it after the fork: connections and credentials must not be shared between processes."""
    core = botocore.session.get_session()
    session = boto3.session.Session(botocore_session=core, region_name=settings.aws_region)

    def make(read_timeout_seconds: float) -> S3Client:
        client: S3Client = session.client(
            "s3", config=_config(settings, read_timeout_seconds), endpoint_url=settings.aws_endpoint_url
        )
        return client

    endpoint = find_endpoint(session, settings)
    wire = Wire(
        endpoint,
        connect_seconds=settings.s3_connect_timeout_seconds,
        read_seconds=settings.s3_read_timeout_seconds,
        # As many connections as requests can be running, parts of uploads included.
        idle_connections=settings.worker_connections * 2,
        # The certificates that botocore trusts: AWS_CA_BUNDLE where it is set.
        context=_tls(core.get_config_variable("ca_bundle")) if endpoint.scheme == "https" else None,
        proxy=get_environ_proxies(endpoint.origin).get(endpoint.scheme),
    )
    client = make(settings.s3_read_timeout_seconds)
    calls = SignedCalls(
        endpoint,
        wire,
        Signer(core.get_credentials(), endpoint),
        client.meta.service_model,
        attempts=settings.s3_attempts,
    )
    return S3Access(calls, client, make(_PATIENT_READ_SECONDS))


def _tls(ca_bundle: str | None) -> ssl.SSLContext:
    """Trust the certificates that boto3 trusts: those of AWS_CA_BUNDLE, a file or a folder, or its own."""
    trusted = Path(ca_bundle or get_cert_path(True) or "")  # noqa: FBT003  # botocore's signature
    if trusted.is_dir():
        return ssl.create_default_context(capath=str(trusted))
    return ssl.create_default_context(cafile=str(trusted))


def _config(settings: Settings, read_timeout_seconds: float) -> Config:
    return Config(
        signature_version="s3v4",
        connect_timeout=settings.s3_connect_timeout_seconds,
        read_timeout=read_timeout_seconds,
        retries={"mode": "standard", "total_max_attempts": settings.s3_attempts},
        # As many connections as requests can be running, parts of uploads included: a smaller pool would throw
        # connections away under load and open new ones.
        max_pool_connections=settings.worker_connections * 2,
        # Checksums are sent where this adapter computes them. boto3's own would be computed once more, and over TLS
        # as trailers, which other S3 servers do not all understand.
        request_checksum_calculation="when_required",
        response_checksum_validation="when_required",
        s3=addressing(settings),  # type: ignore[arg-type]  # the stubs want the very names
        user_agent_extra="files-api",
    )
