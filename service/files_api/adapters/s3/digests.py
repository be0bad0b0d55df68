"""Where the SHA-256 of a whole file is kept.

S3 keeps it for files that were written in one request. For multipart uploads S3 has only a composite of the parts'
checksums, which no client could compare with anything. There, a tag on exactly the version that was written holds the
digest together with that version's ETag. Whoever reads it believes it only while the ETag is still the object's: a tag
that met another object, because somebody replaced the file in between or copied it, proves nothing and claims nothing.
"""

from __future__ import annotations

import logging
import re
from typing import TYPE_CHECKING

from files_api.adapters.s3.budget import waiting_for_s3
from files_api.adapters.s3.errors import translated
from files_api.domain.errors import FilesApiError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from types_boto3_s3 import S3Client

log = logging.getLogger(__name__)

TAG_NAME = "files-api:sha256"
_SHA256 = re.compile(r"[A-Za-z0-9+/]{43}=")
_TAGGING_SECONDS = 10.0


def remember_digest(  # noqa: PLR0913  # what identifies one version of one object
    client: S3Client, bucket: str, key: str, *, etag: str, sha256: str, version_id: str | None
) -> None:
    """Tag the version that was just written. A file without its digest is still the file: failures are only logged."""
    version = {"VersionId": version_id} if version_id is not None else {}
    tags = {"TagSet": [{"Key": TAG_NAME, "Value": f"{etag.strip(chr(34))}/{sha256}"}]}
    try:
        with translated(key), waiting_for_s3(_TAGGING_SECONDS):
            client.put_object_tagging(Bucket=bucket, Key=key, Tagging=tags, **version)  # type: ignore[arg-type]
    except FilesApiError:
        log.warning("digest not kept", exc_info=True, extra={"event": "digest_not_kept"})


def recall_digest(client: S3Client, bucket: str, key: str, headers: Mapping[str, str]) -> str | None:
    """Find the SHA-256 of the whole file, in base64, for an object that S3 has just answered about.

    Args:
        client: The process's S3 client.
        bucket: The bucket's name.
        key: The object's key.
        headers: What GetObject or HeadObject answered, by their names in lower case, asked for its checksums.

    Returns:
        None where it is not known.
    """
    sha256 = headers.get("x-amz-checksum-sha256")
    if (
        sha256 is not None
        and headers.get("x-amz-checksum-type", "FULL_OBJECT") == "FULL_OBJECT"
        and _SHA256.fullmatch(sha256)
    ):
        return sha256
    if not int(headers.get("x-amz-tagging-count", "0")):
        return None
    version = {"VersionId": headers["x-amz-version-id"]} if headers.get("x-amz-version-id") else {}
    with translated(key), waiting_for_s3():
        tags = client.get_object_tagging(Bucket=bucket, Key=key, **version)["TagSet"]  # type: ignore[arg-type]
    for tag in tags:
        etag, _, digest = tag["Value"].partition("/")
        if tag["Key"] == TAG_NAME and f'"{etag}"' == headers["etag"] and _SHA256.fullmatch(digest):
            return digest
    return None
