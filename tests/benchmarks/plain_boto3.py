"""The service as it is: holds the place of the same service on plain boto3 calls, which is measured beside it."""

from __future__ import annotations

from files_api.app import create_app
from files_api.settings import Settings

app = create_app(Settings.from_env())
