"""How often and how much: budgets a minute, quotas a day, in one process and in a fleet."""

from __future__ import annotations

import shutil
import signal
import socket
import subprocess
import time
from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from tests.integration.client import Client
from tests.integration.keys import Desk, with_key
from tests.integration.stack import SECRET, wait_until
from tests.prerequisites import need

from files_api.domain.access import Scope

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.integration.client import Answer
    from tests.integration.conftest import StartService
    from tests.integration.faults import StorageProxy
    from tests.integration.stack import Bucket, Service, Stack


ORDER = {"file_path": "g.txt", "prompt": "x", "file_type": "Text", "overwrite": True}


@pytest.fixture(scope="session")
def desk(stack: Stack) -> Desk:
    return Desk(stack.storage)


@pytest.fixture(scope="session")
def guarded(stack: Stack) -> Service:
    return stack.service(FILES_API_ACCESS="keys", OPENAI_API_KEY=SECRET)


@pytest.fixture
def within_one_minute() -> None:
    """Budgets begin anew with each minute: a test that counts must not meet that moment."""
    left = 60 - time.time() % 60
    if left < 5:
        # The minute is what is waited for, and nothing but the clock tells it.
        time.sleep(left)


counts = pytest.mark.usefixtures("within_one_minute")


def list_files(client: Client) -> Answer:
    return client.list(directory="none", page_size=1)


def standing(answer: Answer) -> tuple[str, str]:
    """The fields, without the seconds that are left, which depend on when one asks."""
    return answer.headers["RateLimit-Policy"], answer.headers["RateLimit"].partition(";t=")[0]


# Budgets -----------------------------------------------------------------------------------------------------------


@counts
def test_every_answer_tells_how_the_budget_stands(guarded: Service, desk: Desk) -> None:
    client = with_key(guarded, desk.make(plan=None, reads_per_minute=2))

    assert [standing(list_files(client)) for _ in range(3)] == [
        ('"reads";q=2;w=60', '"reads";r=1'),
        ('"reads";q=2;w=60', '"reads";r=0'),
        ('"reads";q=2;w=60', '"reads";r=0'),
    ]


@counts
def test_errors_tell_it_too(guarded: Service, desk: Desk) -> None:
    client = with_key(guarded, desk.make([Scope.READ], plan=None, reads_per_minute=9, writes_per_minute=9))

    assert [
        standing(answer)[1] for answer in (client.get("no/such"), client.put("a"), client.get("../x"))
    ] == [
        '"reads";r=8',
        '"writes";r=8',
        '"reads";r=7',
    ]


@counts
def test_beyond_the_budget_one_is_told_when_to_come_again(guarded: Service, desk: Desk) -> None:
    client = with_key(guarded, desk.make(plan=None, reads_per_minute=1))
    list_files(client)
    answer = list_files(client)

    left = int(answer.headers["Retry-After"])
    assert (answer.status, answer.code, 1 <= left <= 60) == (429, "rate_limited", True)
    assert answer.headers["RateLimit"] == f'"reads";r=0;t={left}'


@counts
def test_each_kind_has_a_budget_of_its_own(guarded: Service, desk: Desk, prefix: str) -> None:
    key = desk.make(root=prefix, plan=None, reads_per_minute=1, writes_per_minute=1, generations_per_minute=1)
    client = with_key(guarded, key)

    first = [list_files(client), client.put("a"), client.post_json("/v1/files/generated", ORDER)]
    second = [client.head("a"), client.delete("a"), client.post_json("/v1/files/generated", ORDER)]
    assert [answer.status for answer in first + second] == [200, 201, 201, 429, 429, 429]


@counts
def test_nobody_uses_up_the_budget_of_another(guarded: Service, desk: Desk) -> None:
    greedy, other = (with_key(guarded, desk.make(plan=None, reads_per_minute=1)) for _ in range(2))

    assert [list_files(client).status for client in (greedy, greedy, other)] == [200, 429, 200]


@counts
def test_both_keys_of_a_client_have_one_budget(guarded: Service, desk: Desk) -> None:
    old = desk.make(plan=None, reads_per_minute=1)
    new = desk.management.rotate(old.key.client, old_ends_in=timedelta(hours=1)).new

    assert [list_files(with_key(guarded, key)).status for key in (old, new)] == [200, 429]


@counts
def test_what_was_refused_was_not_done(guarded: Service, desk: Desk, bucket: Bucket, prefix: str) -> None:
    client = with_key(guarded, desk.make(root=prefix, plan=None, writes_per_minute=1))
    client.put("a", b"first")
    client.put("a", b"second")

    assert bucket.body("a") == b"first"


@pytest.mark.parametrize("path", ["/health/live", "/health/ready", "/version", "/", "/openapi.json"])
def test_health_version_and_documentation_are_not_limited(guarded: Service, path: str) -> None:
    assert "RateLimit" not in Client(guarded.address, "").request("GET", path).headers


def test_who_has_no_limit_is_told_of_none(guarded: Service, desk: Desk) -> None:
    assert "RateLimit" not in list_files(with_key(guarded, desk.make(plan="unlimited"))).headers


@pytest.fixture
def tight_plans(tmp_path: Path) -> str:
    plans = tmp_path / "plans.toml"
    plans.write_text("[open]\nreads_per_minute = 1\n[standard]\n")
    return str(plans)


@counts
def test_where_everybody_may_come_in_addresses_are_limited(
    fresh_service: StartService, tight_plans: str
) -> None:
    service = fresh_service(FILES_API_PLANS_FILE=tight_plans, FILES_API_TRUSTED_PROXIES="127.0.0.0/8")

    def status(forwarded: str) -> int:
        return list_files(Client(service.address, "", {"X-Forwarded-For": forwarded})).status

    # What stands left of the load balancer's own word is the client's, who would like to be somebody else.
    asked = ["192.0.2.1", "192.0.2.2", "198.51.100.1, 192.0.2.1", "2001:db8::1", "2001:db8::2"]
    assert [status(address) for address in asked] == [200, 200, 429, 200, 429]


@pytest.mark.thorough
@counts
def test_who_is_no_load_balancer_is_not_believed(fresh_service: StartService, tight_plans: str) -> None:
    service = fresh_service(FILES_API_PLANS_FILE=tight_plans, FILES_API_TRUSTED_PROXIES="10.0.0.0/8")

    assert [
        list_files(Client(service.address, "", {"X-Forwarded-For": address})).status
        for address in ("192.0.2.1", "192.0.2.2")
    ] == [200, 429]


# A fleet -----------------------------------------------------------------------------------------------------------


class Valkey:
    """A real server, Redis or Valkey, whichever is installed."""

    def __init__(self, program: str, folder: Path) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self._command = [
            program,
            "--port",
            str(self.port),
            "--bind",
            "127.0.0.1",
            "--save",
            "",
            "--dir",
            str(folder),
        ]
        self.start()

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    def start(self) -> None:
        self._process = subprocess.Popen(self._command, stdout=subprocess.PIPE, text=True)
        assert self._process.stdout is not None
        for line in self._process.stdout:
            if "eady to accept connections" in line:
                return
        raise AssertionError("the server did not start")

    def stop(self) -> None:
        self._process.kill()
        self._process.wait()
        if self._process.stdout is not None:
            self._process.stdout.close()

    @contextmanager
    def asleep(self) -> Iterator[None]:
        """Connections are taken in, by the kernel, and nobody answers."""
        self._process.send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            self._process.send_signal(signal.SIGCONT)


PROGRAM = shutil.which("valkey-server") or shutil.which("redis-server")


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Valkey]:
    need(
        [] if PROGRAM else ["valkey-server or redis-server (apt-get install redis-server)"],
        "Counting together is",
    )
    running = Valkey(str(PROGRAM), tmp_path_factory.mktemp("valkey"))
    yield running
    running.stop()


@pytest.fixture(scope="module")
def fleet(stack: Stack, store: Valkey) -> list[Service]:
    """Two instances that count together, each by one of the two names that the store has."""
    return [
        stack.service(FILES_API_ACCESS="keys", FILES_API_LIMITS_STORAGE=f"{scheme}://{store.address}/0")
        for scheme in ("valkey", "redis")
    ]


@counts
def test_a_fleet_counts_together(fleet: list[Service], desk: Desk) -> None:
    key = desk.make(plan=None, reads_per_minute=3)

    assert [list_files(with_key(service, key)).status for service in fleet * 2] == [200, 200, 200, 429]


def test_when_the_store_is_silent_requests_hardly_wait(
    fleet: list[Service], desk: Desk, store: Valkey
) -> None:
    client = with_key(fleet[0], desk.make(plan=None, reads_per_minute=1))
    list_files(client)

    with store.asleep():
        began = time.monotonic()
        statuses = [list_files(client).status for _ in range(5)]
        # Not how fast it is: that it waits once, and not five times, for a store that never answers.
        assert (statuses, time.monotonic() - began < 5) == ([200] * 5, True)


@pytest.mark.thorough
def test_when_the_store_is_gone_requests_pass_and_the_log_counts_it_until_it_is_back(
    fleet: list[Service], desk: Desk, store: Valkey
) -> None:
    client = with_key(fleet[1], desk.make(plan=None, reads_per_minute=1))
    store.stop()

    assert [list_files(client).status for _ in range(3)] == [200, 200, 200]
    line = fleet[1].log.wait_for(lambda record: record.get("event") == "limits_unavailable")
    assert (line["level"], line["passed"]) == ("ERROR", 1)
    store.start()
    # Nobody is told when the pause of the service is over.
    wait_until(lambda: list_files(client).status == 429, "requests are counted again", 20)


# Quotas ------------------------------------------------------------------------------------------------------------


def test_bytes_beyond_the_quota_are_refused(
    guarded: Service, desk: Desk, bucket: Bucket, prefix: str
) -> None:
    client = with_key(guarded, desk.make(root=prefix, stored_bytes_per_day=10))
    answers = [client.put("a", b"x" * size) for size in (6, 5, 4)]

    assert [answer.status for answer in answers] == [201, 429, 200]
    assert (answers[1].code, len(bucket.body("a"))) == ("quota_exceeded", 4)


def test_a_quota_counts_what_comes_in_chunks(guarded: Service, desk: Desk, prefix: str) -> None:
    client = with_key(guarded, desk.make(root=prefix, stored_bytes_per_day=10))
    statuses = [client.put("a", iter([b"x" * 6, b"y" * 6])).status, client.put("b", b"z").status]

    assert statuses == [201, 429]


def test_what_was_not_stored_costs_nothing(guarded: Service, desk: Desk, prefix: str) -> None:
    client = with_key(guarded, desk.make(root=prefix, stored_bytes_per_day=10))
    client.put("a", b"x" * 10, Content_MD5="AAAAAAAAAAAAAAAAAAAAAA==")

    assert client.put("a", b"x" * 10).status == 201


def test_one_is_told_when_there_is_a_new_quota(guarded: Service, desk: Desk, prefix: str) -> None:
    client = with_key(guarded, desk.make(root=prefix, stored_bytes_per_day=0))
    answer = client.put("a", b"x")

    assert 1 <= int(answer.headers["Retry-After"]) <= 24 * 3600


def test_generations_beyond_the_quota_do_not_ask_the_model(guarded: Service, desk: Desk, prefix: str) -> None:
    client = with_key(guarded, desk.make(root=prefix, generations_per_day=1))
    statuses = [client.post_json("/v1/files/generated", ORDER).status for _ in range(2)]

    assert statuses == [201, 429]


def test_a_quota_holds_on_every_instance(fleet: list[Service], desk: Desk, prefix: str) -> None:
    key = desk.make(root=prefix, stored_bytes_per_day=10)

    assert [with_key(service, key).put("a", b"x" * 6).status for service in fleet] == [201, 429]


# DynamoDB that fails -----------------------------------------------------------------------------------------------


@pytest.fixture
def watched(stack: Stack, storage: StorageProxy) -> Service:
    return stack.service(FILES_API_ACCESS="keys", AWS_ENDPOINT_URL=storage.url, OPENAI_API_KEY=SECRET)


FAILURES: dict[str, dict[str, Any]] = {
    "silent": {"kind": "hang"},
    "gone": {"kind": "close"},
    "throttling": {"kind": "answer", "status": 400, "code": "ProvisionedThroughputExceededException"},
    "broken": {"kind": "answer", "status": 500, "code": "InternalServerError"},
    "forbidden": {"kind": "answer", "status": 400, "code": "AccessDeniedException"},
}


@pytest.mark.parametrize("failure", FAILURES)
def test_a_key_that_cannot_be_looked_up_is_not_let_in(
    watched: Service, desk: Desk, storage: StorageProxy, failure: str
) -> None:
    fault = FAILURES[failure]
    storage.damage(fault["kind"], "GetItem", **{name: fault[name] for name in fault if name != "kind"})
    answer = list_files(with_key(watched, desk.make()))

    assert (answer.status, answer.code, "Retry-After" in answer.headers) == (503, "access_unavailable", True)


def test_a_known_key_goes_on_while_keys_cannot_be_looked_up(
    watched: Service, desk: Desk, storage: StorageProxy
) -> None:
    client = with_key(watched, desk.make())
    list_files(client)
    storage.damage("close", "GetItem")

    assert list_files(client).status == 200


def test_what_cannot_be_counted_is_stored_all_the_same_and_the_log_tells(
    watched: Service, desk: Desk, storage: StorageProxy, prefix: str
) -> None:
    client = with_key(watched, desk.make(root=prefix, stored_bytes_per_day=100))
    storage.damage("close", "UpdateItem")

    assert client.put("a", b"hello").status == 201
    watched.log.wait_for(lambda record: record.get("event") == "quota_unavailable")


def test_what_cannot_be_counted_is_not_generated(
    watched: Service, desk: Desk, storage: StorageProxy, prefix: str
) -> None:
    client = with_key(watched, desk.make(root=prefix, generations_per_day=1))
    storage.damage("close", "UpdateItem")

    assert client.post_json("/v1/files/generated", ORDER).code == "access_unavailable"


def test_an_idempotency_key_that_cannot_be_claimed_generates_nothing(
    watched: Service, desk: Desk, storage: StorageProxy, prefix: str
) -> None:
    client = with_key(watched, desk.make(root=prefix))
    client.always["Idempotency-Key"] = prefix
    storage.damage("close", "PutItem", "UpdateItem", "TransactWriteItems")

    answer = client.post_json("/v1/files/generated", ORDER)
    assert (answer.code, client.list().json()["files"]) == ("access_unavailable", [])
