"""The same service on plain boto3 calls: what the product's own path to S3 is measured against, and tested beside.

gunicorn serves it with the product's configuration and `tests.benchmarks.plain_boto3:make_app()` on its command line.
It is no mode of the product: only what is made all the time, `S3Calls`, goes through boto3 here.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from botocore import xform_name
from botocore.exceptions import ClientError

from files_api.adapters.s3.answers import boto3_arguments
from files_api.adapters.s3.calls import ObjectAnswer
from files_api.adapters.s3.client import make_s3_access
from files_api.adapters.s3.errors import refusal_of
from files_api.app import create_app
from files_api.dependencies import make_dependencies, make_store
from files_api.domain.models import ListedFile, Listing
from files_api.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Mapping

    from flask import Flask
    from types_boto3_s3 import S3Client


class Boto3Calls:
    """`S3Calls` on a boto3 client.

    Args:
        client: The client.
        bucket: The bucket's name.
    """

    def __init__(self, client: S3Client, bucket: str) -> None:
        self._client = client
        self._bucket = bucket

    def get_object(self, key: str, headers: Mapping[str, str]) -> ObjectAnswer:
        answer = self._call("GetObject", headers, Key=key)
        return ObjectAnswer(answer["ResponseMetadata"]["HTTPHeaders"], answer["Body"])

    def head_object(self, key: str, headers: Mapping[str, str]) -> Mapping[str, str]:
        return self._fields("HeadObject", headers, Key=key)

    def put_object(
        self, key: str, body: memoryview, sha256: str, headers: Mapping[str, str]
    ) -> Mapping[str, str]:
        checksum = {"ChecksumAlgorithm": "SHA256", "ChecksumSHA256": sha256}
        return self._fields("PutObject", headers, Key=key, Body=bytes(body), **checksum)

    def upload_part(
        self, key: str, upload_id: str, number: int, body: memoryview, headers: Mapping[str, str]
    ) -> Mapping[str, str]:
        return self._fields(
            "UploadPart", headers, Key=key, UploadId=upload_id, PartNumber=number, Body=bytes(body)
        )

    def list_objects(self, query: Mapping[str, str]) -> Listing:
        names = {"prefix": "Prefix", "delimiter": "Delimiter", "continuation-token": "ContinuationToken"}
        arguments = {names[name]: value for name, value in query.items() if name in names}
        answer = self._call("ListObjectsV2", {}, MaxKeys=int(query["max-keys"]), **arguments)
        files = tuple(
            ListedFile(item["Key"], item["Size"], item["LastModified"], item["ETag"])
            for item in answer.get("Contents", [])
        )
        directories = tuple(item["Prefix"] for item in answer.get("CommonPrefixes", []))
        return Listing(files, directories, answer.get("NextContinuationToken"))

    def _fields(self, operation: str, headers: Mapping[str, str], **arguments: Any) -> Mapping[str, str]:
        fields: Mapping[str, str] = self._call(operation, headers, **arguments)["ResponseMetadata"][
            "HTTPHeaders"
        ]
        return fields

    def _call(self, operation: str, headers: Mapping[str, str], **arguments: Any) -> Any:
        method = getattr(self._client, xform_name(operation))
        try:
            return method(
                Bucket=self._bucket, **arguments, **boto3_arguments(self._client, operation, headers)
            )
        except ClientError as error:
            raise refusal_of(error) from error


def make_app() -> Flask:
    settings = Settings.from_env()
    access = make_s3_access(settings)
    access = replace(access, calls=Boto3Calls(access.client, settings.bucket))
    return create_app(settings, replace(make_dependencies(settings), store=make_store(access, settings)))
