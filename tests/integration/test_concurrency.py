"""Writers that race, and many clients at once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.integration.client import Answer, Client
    from tests.integration.stack import Bucket

MIB = 1024 * 1024
RACERS = 12


def race(count: int, run: Callable[[int], Answer]) -> list[Answer]:
    """Run them all at the same time."""
    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(run, range(count)))


def test_of_racing_creations_exactly_one_wins(client: Client) -> None:
    answers = race(RACERS, lambda i: client.put("a", b"%d" % i, If_None_Match="*"))

    assert sorted(answer.status for answer in answers) == [201] + [412] * (RACERS - 1)


def test_the_winner_s_bytes_are_what_is_stored(client: Client, bucket: Bucket) -> None:
    answers = race(RACERS, lambda i: client.put("a", b"%d" % i, If_None_Match="*"))

    winner = next(i for i, answer in enumerate(answers) if answer.status == 201)
    assert bucket.body("a") == b"%d" % winner


def test_of_racing_creations_in_parts_exactly_one_wins(client: Client, bucket: Bucket) -> None:
    answers = race(3, lambda i: client.put("a", bytes([i]) * 9 * MIB, If_None_Match="*"))

    assert sorted(answer.status for answer in answers) == [201, 412, 412]


def test_who_loses_a_race_in_parts_leaves_no_upload_open(client: Client, bucket: Bucket) -> None:
    race(3, lambda i: client.put("a", bytes([i]) * 9 * MIB, If_None_Match="*"))

    assert bucket.open_uploads() == []


@pytest.mark.parametrize("condition", ["{etag}", '"other", {etag}'])
def test_of_racing_replacements_of_one_version_exactly_one_wins(client: Client, condition: str) -> None:
    etag = client.put("a", b"first").etag

    answers = race(RACERS, lambda i: client.put("a", b"new %d" % i, If_Match=condition.format(etag=etag)))

    assert sorted(answer.status for answer in answers) == [200] + [412] * (RACERS - 1)


def test_of_racing_replacements_in_parts_exactly_one_wins(client: Client) -> None:
    etag = client.put("a", b"first").etag

    answers = race(3, lambda i: client.put("a", bytes([i]) * 9 * MIB, If_Match=etag))

    assert sorted(answer.status for answer in answers) == [200, 412, 412]


def test_a_counter_kept_with_if_match_loses_no_count(client: Client) -> None:
    client.put("counter", b"0")

    def count(_: int) -> Answer:
        while True:
            seen = client.get("counter")
            answer = client.put("counter", b"%d" % (int(seen.body) + 1), If_Match=seen.etag)
            if answer.status == 200:
                return answer

    race(6, count)

    assert client.get("counter").body == b"6"


def test_unconditional_writers_leave_one_of_their_files_whole(client: Client, bucket: Bucket) -> None:
    race(RACERS, lambda i: client.put("a", b"%02d" % i * 50_000))

    body = bucket.body("a")
    assert body == body[:2] * 50_000


def test_readers_beside_writers_see_whole_files(client: Client) -> None:
    bodies = [b"%02d" % i * 100_000 for i in range(RACERS)]
    client.put("a", bodies[0])

    def run(i: int) -> Answer:
        return client.put("a", bodies[i]) if i % 2 else client.get("a")

    answers = race(RACERS, run)

    assert all(answer.body in bodies for answer in answers[::2])


def test_many_clients_with_files_of_their_own_all_get_them_back(client: Client) -> None:
    def run(i: int) -> Answer:
        client.put(f"{i}", b"%d" % i * 10_000)
        return client.get(f"{i}")

    answers = race(48, run)

    assert [answer.body for answer in answers] == [b"%d" % i * 10_000 for i in range(48)]
