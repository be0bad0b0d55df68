"""Who calls, and what they may do: credentials, scopes and roots over real sockets."""

from __future__ import annotations

import base64
import json
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from flask import Flask
from tests.integration.client import Client
from tests.integration.keys import Desk, bearer, with_key
from tests.integration.stack import SECRET

from files_api.devtools.openapi import build_app
from files_api.domain.access import Scope
from files_api.domain.api_keys import KeyText, generate_key
from files_api.web.access import Openness, needs_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.integration.client import Answer
    from tests.integration.stack import Bucket, Service, Stack

    from files_api.domain.key_management import NewKey


_APP = build_app()
_NEEDS = needs_of(_APP)
ROUTES = sorted(
    (rule.rule.replace("<file_path:file_path>", "a.txt").replace("<name>", "swagger-ui.css"), method, need)
    for rule in _APP.url_map.iter_rules()
    for (endpoint, method), need in _NEEDS.items()
    if endpoint == rule.endpoint
)
GUARDED = [(method, path) for path, method, need in ROUTES if isinstance(need, Scope)]
UNGUARDED = [(method, path) for path, method, need in ROUTES if isinstance(need, Openness)]
DOCUMENTATION = [(method, path) for path, method, need in ROUTES if need is Openness.DOCUMENTATION]

NO_CREDENTIAL: dict[str, str] = {}


@pytest.fixture(scope="session")
def desk(stack: Stack) -> Desk:
    return Desk(stack.storage)


@pytest.fixture(scope="session")
def guarded(stack: Stack) -> Service:
    return stack.service(FILES_API_ACCESS="keys", OPENAI_API_KEY=SECRET)


@pytest.fixture(scope="session")
def key(desk: Desk) -> NewKey:
    """A key that is good for everything."""
    return desk.make()


@pytest.fixture
def stranger(guarded: Service) -> Client:
    """Somebody without a credential."""
    return Client(guarded.address, "")


@pytest.fixture
def rooted(guarded: Service, desk: Desk, prefix: str) -> Client:
    """Somebody who is bound to the directory of this test."""
    return with_key(guarded, desk.make(root=prefix))


# Nobody gets in by default -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(("method", "path"), GUARDED)
def test_a_route_needs_a_credential(stranger: Client, method: str, path: str) -> None:
    answer = stranger.request(method, path)

    assert (answer.status, answer.headers["WWW-Authenticate"], answer.headers["Content-Type"]) == (
        401,
        'Bearer realm="files-api"',
        "application/problem+json",
    )


def test_the_routes_that_need_none_are_these_and_no_other() -> None:
    assert {path for _, path in UNGUARDED} == {
        "/",
        "/docs/assets/swagger-ui.css",
        "/docs/page.css",
        "/docs/start.js",
        "/health/deep",
        "/health/live",
        "/health/ready",
        "/openapi.json",
        "/version",
    }


@pytest.mark.parametrize(("method", "path"), UNGUARDED)
def test_health_version_and_documentation_need_none(stranger: Client, method: str, path: str) -> None:
    assert stranger.request(method, path).status == 200


def test_a_route_that_does_not_say_what_it_needs_stops_the_start() -> None:
    app = Flask(__name__, static_folder=None)
    app.add_url_rule("/new", view_func=lambda: "forgotten", methods=["POST"])

    with pytest.raises(ValueError, match="POST /new"):
        needs_of(app)


@pytest.mark.parametrize(
    "path", ["/v1/files/../etc", "/v1/files/a%2Fb", "/v1/files/a//b", "/v1/files?directory=.."]
)
def test_a_stranger_is_not_told_what_is_wrong_with_a_path(stranger: Client, path: str) -> None:
    assert stranger.request("GET", path).status == 401


def test_a_stranger_cannot_make_the_service_wait_for_a_body(stranger: Client) -> None:
    with stranger.raw() as connection:
        connection.send(b"PUT /v1/files/a HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000000\r\n\r\n")

        assert connection.read_answer().status == 401


@pytest.mark.parametrize("path", ["/v1/files", "/v1/files/a/b", "/v1/files/generated", "/v1/files/.."])
def test_the_methods_of_a_route_are_no_secret(stranger: Client, path: str) -> None:
    # A browser asks before it shows a credential.
    assert stranger.request("OPTIONS", path).status == 200


# Credentials -------------------------------------------------------------------------------------------------------


def _basic(password: object) -> str:
    return "Basic " + base64.b64encode(f"anybody:{password}".encode()).decode()


@pytest.mark.parametrize(
    "shown",
    [
        lambda text: {"Authorization": f"Bearer {text}"},
        lambda text: {"Authorization": f"bearer   {text}"},
        lambda text: {"X-API-Key": str(text)},
        lambda text: {"X-API-Key": str(text), "Authorization": f"Bearer {text}"},
        # What a browser sends along by itself, once it has opened the documentation.
        lambda text: {"X-API-Key": str(text), "Authorization": _basic("something")},
    ],
    ids=["bearer", "in any case", "X-API-Key", "twice the same", "X-API-Key beside Basic"],
)
def test_a_key_can_be_shown(
    stranger: Client, key: NewKey, shown: Callable[[KeyText], dict[str, str]]
) -> None:
    assert stranger.request("GET", "/v1/files?page_size=1", headers=shown(key.text)).status == 200


def _mistyped(text: KeyText) -> str:
    return str(text)[:-1] + ("a" if str(text)[-1] != "a" else "b")


@pytest.mark.parametrize(
    "shown",
    [
        lambda text: {"Authorization": _basic(text)},
        lambda text: {"Authorization": str(text)},
        lambda text: {"Authorization": "Bearer"},
        lambda text: {"Authorization": f"Bearer {text} {text}"},
        lambda text: {"Authorization": f"Bearer {text},Bearer {text}"},
        lambda text: {"Authorization": f"Bearer {_mistyped(text)}"},
        lambda text: {"Authorization": f"Bearer {KeyText('prod', text.key_id, text.secret)}"},
        lambda text: {"Authorization": f"Bearer {KeyText(text.environment, text.key_id, 'A' * 43)}"},
        lambda text: {"Authorization": f"Bearer {generate_key(text.environment)}"},
        lambda text: {"Authorization": "Bearer eyJhbGciOiJub25lIn0.e30."},
        lambda text: {"X-API-Key": ""},
        lambda text: {"X-API-Key": "fa_"},
        lambda text: {"X-API-Key": str(text), "Authorization": f"Bearer {generate_key('tests')}"},
        lambda text: {"Authorization": f"Digest username={text}"},
    ],
    ids=[
        "as a password",
        "without a scheme",
        "an empty one",
        "twice",
        "as a list",
        "with a typo",
        "of another environment",
        "with another secret",
        "that nobody made",
        "a token, where only keys are taken",
        "an empty field",
        "nearly nothing",
        "two different ones",
        "another scheme",
    ],
)
def test_a_credential_that_is_none_is_refused(
    stranger: Client, key: NewKey, shown: Callable[[KeyText], dict[str, str]]
) -> None:
    answer = stranger.request("GET", "/v1/files", headers=shown(key.text))

    assert (answer.status, answer.code, answer.headers["WWW-Authenticate"]) == (
        401,
        "credential_invalid",
        'Bearer realm="files-api", error="invalid_token"',
    )


@pytest.mark.parametrize("name", ["access_token", "api_key", "key"])
def test_a_key_in_the_query_is_no_credential(stranger: Client, key: NewKey, name: str) -> None:
    assert stranger.request("GET", f"/v1/files?{name}={key.text}").code == "credential_missing"


def test_a_disabled_key_is_refused(guarded: Service, desk: Desk) -> None:
    key = desk.make()
    desk.management.disable(key.key.key_id)

    assert with_key(guarded, key).list().code == "credential_invalid"


def test_a_deleted_key_is_refused(guarded: Service, desk: Desk) -> None:
    key = desk.make()
    desk.management.delete(key.key.key_id)

    assert with_key(guarded, key).list().code == "credential_invalid"


def test_both_keys_of_a_client_are_good_while_one_takes_the_place_of_the_other(
    guarded: Service, desk: Desk
) -> None:
    old = desk.make()
    new = desk.management.rotate(old.key.client, old_ends_in=timedelta(hours=1)).new

    assert [with_key(guarded, key).list(page_size=1).status for key in (old, new)] == [200, 200]


def test_after_a_rotation_at_once_the_old_key_is_refused(guarded: Service, desk: Desk) -> None:
    old = desk.make()
    desk.management.rotate(old.key.client, old_ends_in=timedelta(0))

    assert with_key(guarded, old).list().status == 401


# Scopes ------------------------------------------------------------------------------------------------------------


def _generate(client: Client) -> Answer:
    order = {"file_path": client.path("g.txt"), "prompt": "x", "file_type": "Text", "overwrite": True}
    return client.request(
        "POST", "/v1/files/generated", json.dumps(order).encode(), {"Content-Type": "application/json"}
    )


CALLS: dict[str, tuple[Scope, Callable[[Client], Answer]]] = {
    "get": (Scope.READ, lambda client: client.get("a")),
    "head": (Scope.READ, lambda client: client.head("a")),
    "redirect": (Scope.READ, lambda client: client.get("a", "?redirect=true")),
    "list": (Scope.READ, lambda client: client.list(directory=client.prefix)),
    "put": (Scope.WRITE, lambda client: client.put("b", b"new")),
    "delete": (Scope.DELETE, lambda client: client.delete("a")),
    "generate": (Scope.GENERATE, _generate),
}


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("scope", Scope)
def test_a_scope_is_good_for_its_calls_and_no_others(
    guarded: Service, desk: Desk, bucket: Bucket, prefix: str, scope: Scope, call: str
) -> None:
    bucket.put("a", b"there")
    needed, make = CALLS[call]
    status = make(with_key(guarded, desk.make([scope]), prefix)).status

    assert (status < 400) if scope is needed else (status == 403)


def test_a_missing_scope_is_named(guarded: Service, desk: Desk) -> None:
    answer = with_key(guarded, desk.make([Scope.READ]), "x").put("a", b"new")

    assert (answer.code, answer.headers["WWW-Authenticate"]) == (
        "scope_missing",
        'Bearer realm="files-api", error="insufficient_scope", scope="files:write"',
    )


def test_what_a_scope_is_missing_for_is_not_done(
    guarded: Service, desk: Desk, bucket: Bucket, prefix: str
) -> None:
    bucket.put("a", b"old")
    client = with_key(guarded, desk.make([Scope.READ, Scope.DELETE, Scope.GENERATE]), prefix)
    client.put("a", b"new")

    assert bucket.body("a") == b"old"


# Roots -------------------------------------------------------------------------------------------------------------


def test_a_file_is_stored_below_the_root(rooted: Client, bucket: Bucket) -> None:
    rooted.put("b/c", b"hello")

    assert bucket.body("b/c") == b"hello"


def test_an_upload_is_answered_with_paths_from_the_root_on(rooted: Client) -> None:
    answer = rooted.put("b/c", b"hello")

    assert (answer.json()["file_path"], answer.json()["message"], answer.headers["Location"]) == (
        "b/c",
        "New file uploaded at path: b/c",
        "/v1/files/b/c",
    )


def test_a_file_below_the_root_is_read(rooted: Client, bucket: Bucket) -> None:
    bucket.put("b/c", b"hello")

    assert rooted.get("b/c").body == b"hello"


def test_a_list_has_paths_from_the_root_on(rooted: Client, bucket: Bucket) -> None:
    for name in ("a", "b/c", "b/d"):
        bucket.put(name, b"x")
    listing = rooted.list(recursive="false").json()

    assert ([file["file_path"] for file in listing["files"]], listing["directories"]) == (["a"], ["b/"])


def test_a_directory_is_one_below_the_root(rooted: Client, bucket: Bucket) -> None:
    bucket.put("b/c", b"x")

    assert [file["file_path"] for file in rooted.list(directory="b").json()["files"]] == ["b/c"]


def test_a_neighbour_whose_name_begins_alike_is_not_seen(
    guarded: Service, desk: Desk, bucket: Bucket, prefix: str
) -> None:
    bucket.put("ab/secret", b"x")
    neighbour = with_key(guarded, desk.make(root=f"{prefix}/a"))

    assert neighbour.list().json()["files"] == []
    assert neighbour.get("b/secret").status == 404


def test_what_is_missing_is_named_from_the_root_on(rooted: Client) -> None:
    answer = rooted.get("b/none")

    assert answer.json()["detail"] == "File not found: b/none"


def test_what_is_missing_is_named_from_the_root_on_in_a_field_too(rooted: Client) -> None:
    assert rooted.head("b/none").headers["X-Error"] == "File not found: b/none"


def test_a_file_is_generated_below_the_root(rooted: Client, bucket: Bucket) -> None:
    answer = _generate(rooted)

    assert (answer.status, answer.json()["file_path"], bucket.names()) == (201, "g.txt", ["g.txt"])


def test_a_file_is_deleted_below_the_root(rooted: Client, bucket: Bucket) -> None:
    bucket.put("a", b"x")
    rooted.delete("a")

    assert bucket.names() == []


@pytest.mark.parametrize("path", ["../x", "..%2Fx", "%2e%2e/x", "a/../../x", "/x", "//x", "..%5Cx", "./x"])
def test_no_path_leads_out_of_the_root(rooted: Client, bucket: Bucket, path: str) -> None:
    bucket.client.put_object(Bucket=bucket.name, Key="x", Body=b"not yours")

    assert rooted.request("GET", f"/v1/files/{path}").status == 400


@pytest.mark.parametrize("directory", ["..", "../", "a/..", "/", "%2e%2e"])
def test_no_directory_leads_out_of_the_root(rooted: Client, directory: str) -> None:
    assert rooted.request("GET", f"/v1/files?directory={directory}").status == 422


def test_a_page_token_of_another_root_is_none(
    guarded: Service, desk: Desk, bucket: Bucket, prefix: str
) -> None:
    for name in ("a/1", "a/2", "b/1", "b/2"):
        bucket.put(name, b"x")
    mine, theirs = (with_key(guarded, desk.make(root=f"{prefix}/{root}")) for root in ("a", "b"))
    token = theirs.list(page_size=1).json()["next_page_token"]

    assert mine.list(page_token=token).status == 422


def test_a_page_token_goes_on_below_the_root(rooted: Client, bucket: Bucket) -> None:
    for name in ("a", "b"):
        bucket.put(name, b"x")
    first = rooted.list(page_size=1).json()
    second = rooted.list(page_size=1, page_token=first["next_page_token"]).json()

    assert [file["file_path"] for page in (first, second) for file in page["files"]] == ["a", "b"]


def test_the_root_counts_in_the_length_of_a_path(rooted: Client, prefix: str) -> None:
    longest = "x" * (1024 - len(f"{prefix}/"))

    assert [rooted.put(name, b"").status for name in (longest, longest + "x")] == [201, 400]


def test_the_root_counts_in_the_length_of_a_path_in_json(rooted: Client, prefix: str) -> None:
    too_long = "x" * (1024 - len(f"{prefix}/") - 3) + ".txt"
    answer = rooted.post_json(
        "/v1/files/generated", {"file_path": too_long, "prompt": "x", "file_type": "Text"}
    )

    assert (answer.status, [error["field"] for error in answer.json()["errors"]]) == (422, ["file_path"])


def test_the_same_idempotency_key_of_two_callers_is_two(guarded: Service, desk: Desk, prefix: str) -> None:
    order = {"file_path": "i.txt", "prompt": "x", "file_type": "Text"}
    answers = []
    for root in ("a", "b"):
        client = with_key(guarded, desk.make(root=f"{prefix}/{root}"))
        client.always["Idempotency-Key"] = f"order-{prefix}"
        answers.append(client.post_json("/v1/files/generated", order).status)
        answers.append(client.list().json()["files"][0]["file_path"])

    assert answers == [201, "i.txt", 201, "i.txt"]


# The documentation -------------------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def closed(stack: Stack) -> Service:
    return stack.service(FILES_API_ACCESS="keys", FILES_API_DOCS="closed")


@pytest.mark.parametrize(("method", "path"), DOCUMENTATION)
def test_closed_documentation_makes_a_browser_ask(closed: Service, method: str, path: str) -> None:
    answer = Client(closed.address, "").request(method, path)

    assert (answer.status, answer.headers["WWW-Authenticate"]) == (
        401,
        'Basic realm="files-api documentation", charset="UTF-8"',
    )


@pytest.mark.parametrize("path", ["/", "/openapi.json"])
@pytest.mark.parametrize(
    "shown", [_basic, lambda text: f"Bearer {text}"], ids=["as a password", "as a token"]
)
def test_a_key_opens_the_documentation(
    closed: Service, desk: Desk, shown: Callable[[KeyText], str], path: str
) -> None:
    key = desk.make([Scope.DELETE])

    answer = Client(closed.address, "").request("GET", path, headers={"Authorization": shown(key.text)})
    assert answer.status == 200


@pytest.mark.parametrize("password", ["", "guess", "fa_tests_x"])
def test_another_password_does_not(closed: Service, password: str) -> None:
    answer = Client(closed.address, "").request("GET", "/", headers={"Authorization": _basic(password)})

    assert answer.status == 401


def test_health_stays_open(closed: Service) -> None:
    assert Client(closed.address, "").request("GET", "/health/live").status == 200


def test_the_document_of_a_guarded_service_asks_for_a_credential(guarded: Service) -> None:
    document = Client(guarded.address, "").request("GET", "/openapi.json").json()

    assert document["paths"]["/v1/files"]["get"]["security"] == [
        {"bearer": ["files:read"]},
        {"apiKey": ["files:read"]},
    ]


def test_the_document_of_an_open_service_does_not(client: Client) -> None:
    document = client.request("GET", "/openapi.json").json()

    assert "security" not in document["paths"]["/v1/files"]["get"]


def test_a_key_is_not_needed_where_the_service_is_open(client: Client, key: NewKey) -> None:
    assert client.request("GET", "/v1/files?page_size=1", headers=bearer(key)).status == 200
