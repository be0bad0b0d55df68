"""Secrets that are easy to recognise go in by every way there is, and come out by none: no log, no answer."""

from __future__ import annotations

import base64
import json
import uuid
from typing import TYPE_CHECKING

import pytest
from tests.integration.client import Client
from tests.integration.keys import Desk, bearer

from files_api.domain.access import Scope
from files_api.domain.api_keys import KeyText

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.integration.client import Answer
    from tests.integration.faults import StorageProxy
    from tests.integration.stack import Service, Stack

    from files_api.domain.key_management import NewKey


# What each test looks for: it stands in every secret, and nowhere else.
MARK = "canary"
# 43 characters, as the secret of a key has.
SECRET = f"{MARK}0000000000000000000000000000000000000"


class Witness:
    """Sends requests, keeps all answers, and looks through everything that was said."""

    def __init__(self, service: Service, storage: StorageProxy, key: NewKey, prefix: str) -> None:
        self.service = service
        self.storage = storage
        self.key = key
        self.prefix = prefix
        self.answers: list[Answer] = []

    def send(
        self, method: str, target: str, body: bytes | None = None, headers: dict[str, str] | None = None
    ) -> Answer:
        request_id = uuid.uuid4().hex
        client = Client(self.service.address, "", {"X-Request-Id": request_id})
        answer = client.request(method, target, body, {**bearer(self.key), **(headers or {})})
        self.answers.append(answer)
        # Its lines are in the log when its last one is.
        self.service.log.of_request(request_id)
        return answer

    def order(self, **fields: object) -> bytes:
        order = {
            "file_path": f"{self.prefix}/g.txt",
            "prompt": SECRET,
            "file_type": "Text",
            "overwrite": True,
        }
        return json.dumps({**order, **fields}).encode()

    def generate(self, body: bytes, **headers: str) -> Answer:
        return self.send("POST", "/v1/files/generated", body, {"Content-Type": "application/json", **headers})

    def leaks(self) -> list[str]:
        said = [line for line in self.service.log.lines if MARK in line.lower()]
        for answer in self.answers:
            told = f"{answer.headers.as_string()}\n{answer.body.decode(errors='replace')}"
            said += [told] if MARK in told.lower() else []
        return said + ([self.service.stdout] if MARK in self.service.stdout.lower() else [])


@pytest.fixture(scope="module")
def telling(stack: Stack, running_proxy: StorageProxy) -> Service:
    """A service that tells as much as it can, and is full of secrets itself."""
    return stack.service(
        FILES_API_ACCESS="keys",
        FILES_API_LOG_LEVEL="DEBUG",
        OPENAI_API_KEY=f"sk-{SECRET}",
        AWS_SECRET_ACCESS_KEY=SECRET,
        AWS_ENDPOINT_URL=running_proxy.url,
        # Nobody listens there, so that it is what failures are about.
        FILES_API_LIMITS_STORAGE=f"valkey://user:{SECRET}@127.0.0.1:1/0",
        FILES_API_S3_ATTEMPTS="1",
    )


@pytest.fixture
def witness(telling: Service, stack: Stack, storage: StorageProxy, prefix: str) -> Iterator[Witness]:
    witness = Witness(telling, storage, Desk(stack.storage).make(plan=None), prefix)
    yield witness
    storage.heal()


def credential(**fields: str) -> Callable[[Witness], object]:
    return lambda witness: witness.send("GET", "/v1/files", headers=fields)


def _key_with_canary(environment: str = "tests") -> str:
    return str(KeyText(environment, "a" * 16, SECRET))


def while_broken(*operations: str, **fault: object) -> Callable[[Witness], object]:
    """Everything that has a secret in it, while S3, DynamoDB, or both are broken."""

    def act(witness: Witness) -> None:
        options = {"kind": "close", **fault}
        witness.storage.damage(str(options.pop("kind")), *operations, **options)
        witness.send("GET", f"/v1/files/{witness.prefix}/a?x={SECRET}", headers={"Cookie": SECRET})
        witness.send("PUT", f"/v1/files/{witness.prefix}/a", SECRET.encode(), {"X-File-Meta-a": SECRET})
        witness.send("GET", "/v1/files", headers={"Authorization": f"Bearer {_key_with_canary()}"})
        witness.generate(witness.order(), **{"Idempotency-Key": SECRET})

    return act


def deep_check_while_broken(witness: Witness) -> None:
    witness.storage.damage("close", "ListObjectsV2")
    witness.send("GET", "/health/deep")


WAYS: dict[str, Callable[[Witness], object]] = {
    "a key that nobody made": credential(Authorization=f"Bearer {_key_with_canary()}"),
    "a key with a typo": credential(Authorization=f"Bearer {_key_with_canary()}x"),
    "a key of another environment": credential(Authorization=f"Bearer {_key_with_canary('prod')}"),
    "X-API-Key": credential(**{"X-API-Key": SECRET}),
    "a token": credential(Authorization=f"Bearer {SECRET}.{SECRET}.{SECRET}"),
    "a password": credential(Authorization="Basic " + base64.b64encode(f"a:{SECRET}".encode()).decode()),
    "another scheme": credential(Authorization=f"Digest {SECRET}"),
    "two credentials": credential(**{"X-API-Key": SECRET, "Authorization": f"Bearer {_key_with_canary()}"}),
    "a cookie": credential(Cookie=f"session={SECRET}"),
    "a proxy's credential": credential(**{"Proxy-Authorization": f"Basic {SECRET}"}),
    "a token of AWS": credential(**{"X-Amz-Security-Token": SECRET}),
    "the query": lambda witness: witness.send("GET", f"/v1/files?access_token={SECRET}"),
    "a known field of the query": lambda witness: witness.send("GET", f"/v1/files?page_token={SECRET}"),
    "the query of an unknown route": lambda witness: witness.send("GET", f"/v1/nothing?key={SECRET}"),
    "the query of a link": lambda witness: witness.send("GET", f"/v1/files/a?X-Amz-Signature={SECRET}"),
    "the body of an upload": lambda witness: witness.send(
        "PUT", f"/v1/files/{witness.prefix}/a", SECRET.encode()
    ),
    "a broken form": lambda witness: witness.send(
        "PUT",
        f"/v1/files/{witness.prefix}/a",
        SECRET.encode(),
        {"Content-Type": "multipart/form-data; boundary=x"},
    ),
    "a digest that is wrong": lambda witness: witness.send(
        "PUT", f"/v1/files/{witness.prefix}/a", SECRET.encode(), {"Content-MD5": "AAAAAAAAAAAAAAAAAAAAAA=="}
    ),
    "a prompt": lambda witness: witness.generate(witness.order()),
    "a prompt that is refused": lambda witness: witness.generate(witness.order(file_type="Image")),
    "a field that there is not": lambda witness: witness.generate(witness.order(password=SECRET)),
    "an option that means nothing": lambda witness: witness.generate(
        witness.order(options={"model": SECRET, "instructions": [SECRET]})
    ),
    "JSON that is none": lambda witness: witness.generate(f'{{"prompt": "{SECRET}'.encode()),
    "an Idempotency-Key": lambda witness: witness.generate(witness.order(), **{"Idempotency-Key": SECRET}),
    "an Idempotency-Key that is none": lambda witness: witness.generate(
        witness.order(), **{"Idempotency-Key": f"{SECRET} {SECRET}"}
    ),
    "a key and everything broken": while_broken(),
    "a key and DynamoDB broken": while_broken("GetItem", "PutItem", "UpdateItem"),
    "a key and S3 refusing": while_broken(
        "GetObject", "PutObject", "HeadObject", kind="answer", status=403, code="SignatureDoesNotMatch"
    ),
    "a deep check while S3 is broken": deep_check_while_broken,
}


@pytest.mark.parametrize("way", WAYS)
def test_a_secret_comes_out_by_no_way(witness: Witness, way: str) -> None:
    WAYS[way](witness)

    assert witness.leaks() == []


def test_a_good_key_is_never_told(telling: Service, stack: Stack, prefix: str) -> None:
    desk = Desk(stack.storage)
    for scopes in ([Scope.READ], list(Scope)):
        key = desk.make(scopes)
        client = Client(telling.address, prefix, bearer(key))
        answers = [client.put("a", b"x"), client.get("a"), client.list(), client.delete("a")]

        told = [answer.headers.as_string() + answer.body.decode() for answer in answers]
        assert [text for text in [*told, *telling.log.lines] if key.text.secret in text] == []


def test_the_witness_would_see_it(witness: Witness) -> None:
    # The path is what a log is for; it is the one place where a secret is not hidden.
    witness.send("GET", f"/v1/files/{MARK}")

    assert witness.leaks() != []
