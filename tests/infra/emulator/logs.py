"""CloudWatch Logs: saved queries."""

from __future__ import annotations

import json
import time
from typing import Any

from moto.logs import responses
from moto.logs.responses import LogsResponse
from moto.moto_api._internal import mock_random
from tests.infra.emulator.gaps import replace, require_no_methods
from tests.infra.emulator.state import kept


class LogsWithQueries(LogsResponse):
    """moto's answers, with query definitions."""

    def put_query_definition(self) -> str:
        query_id = self._get_param("queryDefinitionId") or str(mock_random.uuid4())
        self._queries[query_id] = {
            "queryDefinitionId": query_id,
            "name": self._get_param("name"),
            "queryString": self._get_param("queryString"),
            "logGroupNames": self._get_param("logGroupNames") or [],
            "queryLanguage": self._get_param("queryLanguage") or "CWLI",
            "lastModified": int(time.time() * 1000),
        }
        return json.dumps({"queryDefinitionId": query_id})

    def describe_query_definitions(self) -> str:
        prefix = self._get_param("queryDefinitionNamePrefix") or ""
        found = [query for query in self._queries.values() if query["name"].startswith(prefix)]
        return json.dumps({"queryDefinitions": found})

    def delete_query_definition(self) -> str:
        gone = self._queries.pop(self._get_param("queryDefinitionId"), None)
        return json.dumps({"success": gone is not None})

    @property
    def _queries(self) -> dict[str, dict[str, Any]]:
        """The definitions by their ids."""
        return kept(self.logs_backend, "query_definitions")


def extend() -> None:
    """Add query definitions."""
    require_no_methods(
        LogsResponse, "put_query_definition", "describe_query_definitions", "delete_query_definition"
    )
    replace(responses, "LogsResponse", LogsWithQueries)
