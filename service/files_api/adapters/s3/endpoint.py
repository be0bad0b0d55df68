"""Where a bucket is: found out once, by asking boto3 where it would send a request."""

from __future__ import annotations

from dataclasses import dataclass
from io import BytesIO
from typing import TYPE_CHECKING
from urllib.parse import quote, urlsplit

from botocore.awsrequest import AWSResponse
from botocore.compat import HTTPHeaders
from botocore.config import Config
from urllib3 import HTTPResponse

if TYPE_CHECKING:
    from boto3.session import Session
    from botocore.awsrequest import AWSPreparedRequest

    from files_api.settings import Settings

_PORTS = {"http": 80, "https": 443}
# What botocore leaves as it is in a key; the signature covers the path as it is sent.
_SAFE_IN_KEY = "/-._~"


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One bucket behind one HTTP server.

    `path` is what comes before a key: `/` where the bucket is a host name, `/bucket/` where it is a folder.
    """

    scheme: str
    host: str
    port: int
    path: str
    region: str

    @property
    def authority(self) -> str:
        """Host and port as the Host field has them (RFC 9110 section 7.2)."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _PORTS[self.scheme] else f"{host}:{self.port}"

    @property
    def origin(self) -> str:
        """The URL without a path."""
        return f"{self.scheme}://{self.authority}"

    @property
    def bucket_target(self) -> str:
        """The request target of the bucket itself."""
        return self.path if self.path == "/" else self.path.removesuffix("/")

    def target_of(self, key: str) -> str:
        """The request target of an object."""
        return self.path + quote(key, safe=_SAFE_IN_KEY)


def addressing(settings: Settings) -> dict[str, str]:
    """How boto3 is to write a bucket into a URL: another S3 server's buckets are rarely host names."""
    return {"addressing_style": "path" if settings.aws_endpoint_url else "auto"}


def find_endpoint(session: Session, settings: Settings) -> Endpoint:
    """Find a bucket as boto3 would: region, partition, FIPS and dual-stack settings and all.

    boto3 is let make a request, which is looked at and never sent. Whose keys sign it does not matter; the signature
    names the region that it is made for.
    """
    client = session.client(
        "s3",
        endpoint_url=settings.aws_endpoint_url,
        aws_access_key_id="nobody",
        aws_secret_access_key="nothing",  # noqa: S106  # opens nothing
        config=Config(signature_version="s3v4", s3=addressing(settings)),  # type: ignore[arg-type]
    )
    made: list[AWSPreparedRequest] = []

    def keep(request: AWSPreparedRequest, **_: object) -> AWSResponse:
        made.append(request)
        return AWSResponse(request.url, 200, HTTPHeaders(), HTTPResponse(BytesIO(), preload_content=False))

    client.meta.events.register("before-send.s3.HeadObject", keep)
    client.head_object(Bucket=settings.bucket, Key="k")
    url = urlsplit(made[0].url)
    authorization = made[0].headers["Authorization"]
    text = authorization.decode() if isinstance(authorization, bytes) else authorization
    return Endpoint(
        scheme=url.scheme,
        host=url.hostname or "",
        port=url.port or _PORTS[url.scheme],
        path=url.path.removesuffix("k"),
        # The credential is ID/DAY/REGION/s3/aws4_request.
        region=text.split("/")[2],
    )
