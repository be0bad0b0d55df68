"""The boto3 clients of a process."""

from __future__ import annotations

from typing import TYPE_CHECKING

import boto3
from botocore.config import Config

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

    from files_api.settings import Settings

# How long S3, or a server like it, may be silent while it puts the parts of an upload together. S3 itself sends white
# space all the while.
_PATIENT_READ_SECONDS = 60.0


def make_s3_clients(settings: Settings) -> tuple[S3Client, S3Client]:
    """Make the client, and its patient twin for the one call on which S3 may be silent for long.

    Call it after the fork: connections and credentials must not be shared between processes.
    """
    session = boto3.session.Session(region_name=settings.aws_region)

    def make(read_timeout_seconds: float) -> S3Client:
        client: S3Client = session.client(
            "s3", config=_config(settings, read_timeout_seconds), endpoint_url=settings.aws_endpoint_url
        )
        return client

    return make(settings.s3_read_timeout_seconds), make(_PATIENT_READ_SECONDS)


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
        # A custom endpoint is another S3 server, whose buckets are rarely host names.
        s3={"addressing_style": "path" if settings.aws_endpoint_url else "auto"},
        user_agent_extra="files-api",
    )
