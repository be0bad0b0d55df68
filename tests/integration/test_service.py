"""Health, version, documentation, browsers of other origins, and the end of a service."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING

import pytest
from tests.integration.client import Client, RawConnection, request_head
from tests.integration.stack import SECRET

if TYPE_CHECKING:
    from pathlib import Path

    from tests.integration.conftest import ClientOf, StartService
    from tests.integration.faults import StorageProxy
    from tests.integration.stack import Stack

ORIGIN = "https://app.example.com"


@pytest.mark.parametrize("target", ["/health/live", "/health/ready"])
def test_a_service_that_runs_says_so(client: Client, target: str) -> None:
    answer = client.request("GET", target)

    assert (answer.status, answer.json()) == (200, {"status": "ok"})


@pytest.mark.parametrize("target", ["/health/live", "/health/ready"])
def test_light_health_asks_nothing_of_s3(watched: Client, storage: StorageProxy, target: str) -> None:
    watched.request("GET", target)

    assert storage.operations == []


def test_light_health_is_well_while_s3_is_gone(watched: Client, storage: StorageProxy) -> None:
    storage.refuse_connections()

    assert watched.request("GET", "/health/ready").status == 200


def test_deep_health_tells_of_everything_that_is_configured(client: Client) -> None:
    # The first look at OpenAI loads its package, which a busy machine may not do within the time of a check.
    client.request("GET", "/health/deep")

    answer = client.request("GET", "/health/deep")

    assert (answer.status, {name: check["status"] for name, check in answer.json()["checks"].items()}) == (
        200,
        {"s3": "ok", "openai": "ok", "dynamodb": "ok"},
    )


def test_deep_health_tells_that_s3_is_gone(watched: Client, storage: StorageProxy) -> None:
    storage.refuse_connections()

    answer = watched.request("GET", "/health/deep")

    assert (answer.status, answer.json()["status"], answer.json()["checks"]["s3"]["status"]) == (
        503,
        "failed",
        "failed",
    )


@pytest.mark.parametrize("operation", ["GetItem", "UpdateItem"], ids=["of keys", "of state"])
def test_deep_health_tells_that_a_table_is_gone(
    watched: Client, storage: StorageProxy, operation: str
) -> None:
    storage.damage("close", operation)

    checks = watched.request("GET", "/health/deep").json()["checks"]

    assert (checks["s3"]["status"], checks["dynamodb"]["status"]) == ("ok", "failed")


def test_deep_health_tells_how_long_each_check_took(client: Client) -> None:
    checks = client.request("GET", "/health/deep").json()["checks"]

    assert all(check["duration_ms"] >= 0 for check in checks.values())


def test_without_a_key_deep_health_does_not_ask_openai(stack: Stack, client_of: ClientOf) -> None:
    client = client_of(stack.service(OPENAI_API_KEY=""))

    assert list(client.request("GET", "/health/deep").json()["checks"]) == ["s3", "dynamodb"]


def test_without_a_key_generation_is_503(stack: Stack, client_of: ClientOf) -> None:
    client = client_of(stack.service(OPENAI_API_KEY=""))

    answer = client.post_json(
        "/v1/files/generated", {"file_path": client.path("a.txt"), "prompt": "a", "file_type": "Text"}
    )

    assert (answer.status, answer.code) == (503, "generation_not_configured")


def test_a_drained_service_is_not_ready_while_the_file_is_there(
    stack: Stack, client_of: ClientOf, tmp_path: Path
) -> None:
    drain = tmp_path / "drain"
    client = client_of(stack.service(FILES_API_DRAIN_FILE=str(drain)))
    statuses = []

    for change in (drain.touch, drain.unlink):
        statuses.append(client.request("GET", "/health/ready").status)
        change()
    statuses.append(client.request("GET", "/health/ready").status)

    assert statuses == [200, 503, 200]


@pytest.mark.thorough
def test_a_drained_service_still_serves(stack: Stack, client_of: ClientOf, tmp_path: Path) -> None:
    drain = tmp_path / "drain"
    drain.touch()
    client = client_of(stack.service(FILES_API_DRAIN_FILE=str(drain)))

    assert client.put("a.txt", b"x").status == 201


def test_the_version_tells_the_commit(client: Client) -> None:
    assert client.request("GET", "/version").json()["commit"] == "0123abc"


def test_the_documentation_page_loads_nothing_from_elsewhere(client: Client) -> None:
    assert b"//" not in client.request("GET", "/").body.replace(b"<!doctype", b"")


@pytest.mark.parametrize(
    "target", ["/docs/assets/swagger-ui.css", "/docs/assets/swagger-ui-bundle.js", "/openapi.json", "/"]
)
def test_the_documentation_is_served_by_the_service_itself(client: Client, target: str) -> None:
    answer = client.request("GET", target)

    assert (answer.status, len(answer.body) > 100) == (200, True)


@pytest.mark.parametrize("target", ["/openapi.json", "/", "/version"])
def test_no_page_tells_a_secret(client: Client, target: str) -> None:
    assert SECRET.encode() not in client.request("GET", target).body


@pytest.fixture
def open_to_browsers(stack: Stack, client_of: ClientOf) -> Client:
    """A client of a service that allows ORIGIN."""
    return client_of(stack.service(FILES_API_CORS_ORIGINS=f"{ORIGIN}, http://localhost:3000"))


def test_by_default_no_origin_is_allowed(client: Client) -> None:
    answer = client.get("a.txt", Origin=ORIGIN)

    assert answer.headers["Access-Control-Allow-Origin"] is None


@pytest.mark.parametrize("origin", [ORIGIN, "http://localhost:3000"])
def test_a_listed_origin_is_allowed(open_to_browsers: Client, origin: str) -> None:
    answer = open_to_browsers.get("a.txt", Origin=origin)

    assert answer.headers["Access-Control-Allow-Origin"] == origin


@pytest.mark.parametrize(
    "origin",
    [
        "https://evil.example.com",
        f"{ORIGIN}.evil.com",
        "http://app.example.com",
        f"{ORIGIN}:8443",
        "null",
        "https://appXexample.com",
    ],
)
def test_another_origin_is_not_allowed(open_to_browsers: Client, origin: str) -> None:
    answer = open_to_browsers.get("a.txt", Origin=origin)

    assert answer.headers["Access-Control-Allow-Origin"] is None


@pytest.mark.parametrize("method", ["PUT", "DELETE"])
def test_a_preflight_allows_methods_and_headers(open_to_browsers: Client, method: str) -> None:
    answer = open_to_browsers.request(
        "OPTIONS",
        open_to_browsers.target("a.txt"),
        headers={
            "Origin": ORIGIN,
            "Access-Control-Request-Method": method,
            "Access-Control-Request-Headers": "if-match, content-type, x-file-meta-colour",
        },
    )

    allowed = {
        name: (answer.headers[f"Access-Control-Allow-{name}"] or "").lower()
        for name in ("Methods", "Headers")
    }
    assert (
        answer.status,
        method.lower() in allowed["Methods"],
        "x-file-meta-colour" in allowed["Headers"],
    ) == (
        200,
        True,
        True,
    )


@pytest.mark.parametrize(
    "field",
    ["ETag", "Location", "Content-Range", "Repr-Digest", "X-Request-Id", "RateLimit", "Upload-Offset"],
)
def test_browsers_may_read_what_the_contract_lists(open_to_browsers: Client, field: str) -> None:
    answer = open_to_browsers.get("a.txt", Origin=ORIGIN)

    assert field in (answer.headers["Access-Control-Expose-Headers"] or "").split(", ")


@pytest.mark.parametrize("name", ["there.txt", "missing.txt"])
def test_answers_to_browsers_vary_by_origin(open_to_browsers: Client, name: str) -> None:
    open_to_browsers.put("there.txt", b"x")

    assert "Origin" in ",".join(open_to_browsers.get(name, Origin=ORIGIN).headers.get_all("Vary") or [])


def test_a_stopped_service_ends_well(fresh_service: StartService) -> None:
    service = fresh_service()

    assert service.stop() == 0


@pytest.mark.thorough
def test_an_idle_connection_does_not_hold_up_the_end(fresh_service: StartService) -> None:
    service = fresh_service(FILES_API_SHUTDOWN_GRACE_SECONDS="60")

    with RawConnection(service.address) as idle:
        idle.send(request_head("GET", "/health/live"))
        idle.read_answer()

        assert service.stop() == 0


def test_a_running_upload_ends_before_the_service_does(
    fresh_service: StartService, client_of: ClientOf
) -> None:
    service = fresh_service()
    client = client_of(service)
    with client.raw() as upload:
        upload.send(request_head("PUT", client.target("a.txt"), "Content-Length: 10"), "12345")
        upload.send(b"6789")
        service.terminate()
        service.log.wait_for(lambda record: "Handling signal: term" in record["message"])
        upload.send(b"0")

        assert upload.read_answer("PUT").status == 201


@pytest.mark.thorough
def test_sigint_ends_it_like_sigterm(fresh_service: StartService) -> None:
    service = fresh_service()
    service.signal(signal.SIGINT)

    assert service.wait() == 0
