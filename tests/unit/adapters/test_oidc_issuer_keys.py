"""The issuer's keys (`adapters.oidc.issuer_keys`): when they are fetched, and when they are not."""

from __future__ import annotations

import threading
import uuid
from concurrent.futures import ThreadPoolExecutor

import pytest
from tests.integration.oidc_issuer import ABSENT, DISCOVERY, JWKS, TokenIssuer

from files_api.adapters.oidc import OidcAuthenticator
from files_api.adapters.oidc.documents import IssuerTroubleError
from files_api.adapters.oidc.issuer_keys import COOLDOWN_SECONDS, FIRST_COOLDOWN_SECONDS, FRESH_SECONDS
from files_api.domain.errors import AccessUnavailable, InvalidCredential
from files_api.domain.plans import Plan

NOW = 1_795_000_000
TIMEOUT_SECONDS = 10.0


class Door:
    """The authenticator, an issuer that can be away or slow, and a clock that can be turned."""

    def __init__(self) -> None:
        self.issuer = TokenIssuer("https://issuer.test/pool", algorithm="ES256", now=lambda: NOW)
        self.fetched: list[str] = []
        self.seconds: list[float] = []
        self.is_up = True
        self.is_asked = threading.Event()
        self.may_answer = threading.Event()
        self.may_answer.set()
        self.time = 0.0
        self.takes_seconds = 0.0
        self.authenticator = OidcAuthenticator(
            issuer=self.issuer.url,
            audiences=[self.issuer.audience],
            plan=Plan(name="standard"),
            documents=self,
            clock=lambda: self.time,
            wall_clock=lambda: NOW,
        )

    def fetch(self, url: str, seconds: float) -> object:
        self.fetched.append(url)
        self.seconds.append(seconds)
        self.is_asked.set()
        assert self.may_answer.wait(TIMEOUT_SECONDS)
        self.time += self.takes_seconds
        if not self.is_up:
            raise IssuerTroubleError("away")
        return self.issuer.document(url.removeprefix("https://issuer.test"))

    @property
    def fetches(self) -> int:
        """How often the keys were fetched, or tried to be."""
        return sum(url.endswith(DISCOVERY) for url in self.fetched)

    def lets_in(self, token: str) -> bool:
        try:
            self.authenticator.authenticate(token)
        except InvalidCredential as error:
            if error.reason != "unknown_key":
                raise
            return False
        return True

    def with_random_kid(self) -> str:
        return self.issuer.mint(headers={"kid": uuid.uuid4().hex})


@pytest.fixture
def door() -> Door:
    return Door()


def test_the_keys_are_fetched_once_for_many_tokens(door: Door) -> None:
    assert all(door.lets_in(door.issuer.mint()) for _ in range(100))

    assert [url.removeprefix(door.issuer.url) for url in door.fetched] == [DISCOVERY, JWKS]


def test_the_two_documents_share_three_seconds(door: Door) -> None:
    door.takes_seconds = 1.0
    door.lets_in(door.issuer.mint())

    assert door.seconds == [3.0, 2.0]


def test_after_ten_minutes_the_keys_are_fetched_again(door: Door) -> None:
    door.lets_in(door.issuer.mint())

    door.time = FRESH_SECONDS - 1
    assert door.lets_in(door.issuer.mint())
    assert door.fetches == 1

    door.time = FRESH_SECONDS
    assert door.lets_in(door.issuer.mint())
    assert door.fetches == 2


def test_a_key_that_the_issuer_has_dropped_is_gone_with_the_next_fetch(door: Door) -> None:
    old = door.issuer.mint()
    assert door.lets_in(old)
    door.issuer.rotate()
    assert door.lets_in(old)

    door.time = FRESH_SECONDS

    assert not door.lets_in(old)


def test_a_new_key_is_found_by_one_fetch(door: Door) -> None:
    old = door.issuer.mint()
    assert door.lets_in(old)

    door.issuer.rotate(keep_old=True)

    assert all(door.lets_in(door.issuer.mint()) for _ in range(10))
    assert door.lets_in(old)
    assert door.fetches == 2


def test_a_thousand_random_key_names_make_no_storm(door: Door) -> None:
    assert not any(door.lets_in(door.with_random_kid()) for _ in range(1000))

    assert door.fetches == 2


def test_a_thousand_random_key_names_at_once_make_no_storm(door: Door) -> None:
    tokens = [door.with_random_kid() for _ in range(1000)]
    door.lets_in(door.issuer.mint())

    with ThreadPoolExecutor(32) as pool:
        let_in = list(pool.map(door.lets_in, tokens))

    assert (any(let_in), door.fetches) == (False, 2)


def test_keys_are_looked_for_again_after_the_cooldown_and_no_sooner(door: Door) -> None:
    door.lets_in(door.issuer.mint())
    door.lets_in(door.with_random_kid())
    door.issuer.rotate()

    door.time = COOLDOWN_SECONDS - 1
    assert not door.lets_in(door.issuer.mint())

    door.time = COOLDOWN_SECONDS
    assert door.lets_in(door.issuer.mint())
    assert door.fetches == 3


def test_random_key_names_do_not_put_off_the_next_fetch(door: Door) -> None:
    old = door.issuer.mint()
    door.lets_in(old)
    door.issuer.rotate()

    for door.time in range(0, int(FRESH_SECONDS) + 1, 100):
        door.lets_in(door.with_random_kid())

    assert not door.lets_in(old)


def test_tokens_without_a_key_name_fetch_nothing(door: Door) -> None:
    door.issuer.rotate(keep_old=True)

    assert not any(door.lets_in(door.issuer.mint(headers={"kid": ABSENT})) for _ in range(100))

    assert door.fetches == 1


def test_old_keys_are_good_while_the_issuer_is_away(door: Door) -> None:
    door.lets_in(door.issuer.mint())
    door.is_up = False

    for door.time in (FRESH_SECONDS, FRESH_SECONDS * 10, FRESH_SECONDS * 1000):
        assert door.lets_in(door.issuer.mint())


def test_an_issuer_that_is_away_is_asked_once_a_cooldown(door: Door) -> None:
    door.lets_in(door.issuer.mint())
    door.is_up = False

    door.time = FRESH_SECONDS
    for _ in range(100):
        door.lets_in(door.issuer.mint())
    assert door.fetches == 2

    door.time = FRESH_SECONDS + COOLDOWN_SECONDS
    for _ in range(100):
        door.lets_in(door.issuer.mint())
    assert door.fetches == 3


def test_an_issuer_that_is_back_is_believed_again(door: Door) -> None:
    old = door.issuer.mint()
    door.lets_in(old)
    door.is_up = False
    door.time = FRESH_SECONDS
    assert door.lets_in(old)

    door.is_up = True
    door.issuer.rotate()
    door.time = FRESH_SECONDS + COOLDOWN_SECONDS

    assert door.lets_in(door.issuer.mint())
    assert not door.lets_in(old)


@pytest.mark.parametrize("published", [[], [{"kty": "oct"}], [None]])
def test_old_keys_are_kept_when_the_issuer_publishes_rubbish(door: Door, published: list[object]) -> None:
    token = door.issuer.mint()
    door.lets_in(token)
    door.issuer.published = published

    door.time = FRESH_SECONDS

    assert door.lets_in(token)


def test_an_unknown_key_is_refused_while_the_issuer_is_away(door: Door) -> None:
    door.lets_in(door.issuer.mint())
    door.is_up = False

    assert not any(door.lets_in(door.with_random_kid()) for _ in range(100))

    assert door.fetches == 2


def test_where_no_keys_were_ever_had_nobody_is_let_in_nor_turned_away(door: Door) -> None:
    door.is_up = False

    with pytest.raises(AccessUnavailable) as unavailable:
        door.lets_in(door.issuer.mint())

    assert unavailable.value.retry_after_seconds == FIRST_COOLDOWN_SECONDS


def test_the_first_keys_are_tried_for_once_in_a_while(door: Door) -> None:
    door.is_up = False
    for _ in range(100):
        with pytest.raises(AccessUnavailable):
            door.lets_in(door.issuer.mint())
    assert door.fetches == 1

    door.is_up = True
    door.time = FIRST_COOLDOWN_SECONDS

    assert door.lets_in(door.issuer.mint())


def test_an_issuer_that_is_away_is_in_the_log_with_its_reason(
    door: Door, caplog: pytest.LogCaptureFixture
) -> None:
    door.is_up = False

    with pytest.raises(AccessUnavailable):
        door.lets_in(door.issuer.mint())

    assert "away" in caplog.text


def test_many_at_once_share_the_first_fetch(door: Door) -> None:
    tokens = [door.issuer.mint() for _ in range(32)]

    with ThreadPoolExecutor(32) as pool:
        let_in = list(pool.map(door.lets_in, tokens))

    assert (all(let_in), door.fetches) == (True, 1)


def test_many_at_once_share_the_failure_of_the_first_fetch(door: Door) -> None:
    door.is_up = False
    door.may_answer.clear()

    def attempt(token: str) -> bool:
        try:
            return door.lets_in(token)
        except AccessUnavailable:
            return False

    with ThreadPoolExecutor(32) as pool:
        attempts = [pool.submit(attempt, door.issuer.mint()) for _ in range(32)]
        assert door.is_asked.wait(TIMEOUT_SECONDS)
        door.may_answer.set()

    assert (any(each.result() for each in attempts), door.fetches) == (False, 1)


def test_while_one_fetches_again_the_others_go_on_with_the_old_keys(door: Door) -> None:
    door.lets_in(door.issuer.mint())
    door.time = FRESH_SECONDS
    door.is_asked.clear()
    door.may_answer.clear()

    with ThreadPoolExecutor(1) as pool:
        slow = pool.submit(door.lets_in, door.issuer.mint())
        assert door.is_asked.wait(TIMEOUT_SECONDS)
        # The fetch is under way, and nobody has answered it.
        others = [door.lets_in(door.issuer.mint()) for _ in range(10)]
        door.may_answer.set()

    assert (all(others), slow.result(), door.fetches) == (True, True, 2)


def test_those_who_need_a_new_key_wait_for_the_one_who_fetches_it(door: Door) -> None:
    door.lets_in(door.issuer.mint())
    door.issuer.rotate()
    door.is_asked.clear()
    door.may_answer.clear()

    with ThreadPoolExecutor(16) as pool:
        waiting = [pool.submit(door.lets_in, door.issuer.mint()) for _ in range(16)]
        assert door.is_asked.wait(TIMEOUT_SECONDS)
        door.may_answer.set()

    assert (all(each.result() for each in waiting), door.fetches) == (True, 2)


def test_a_fetch_that_is_broken_off_holds_up_nobody(door: Door) -> None:
    class OutOfPatience(BaseException):
        """As gevent's Timeout is one."""

    def breaks_off(url: str, seconds: float) -> object:
        raise OutOfPatience

    door.lets_in(door.issuer.mint())
    door.time = FRESH_SECONDS
    good, door.fetch = door.fetch, breaks_off  # type: ignore[method-assign]  # one time
    with pytest.raises(OutOfPatience):
        door.lets_in(door.issuer.mint())

    door.fetch = good  # type: ignore[method-assign]  # and back

    assert door.lets_in(door.issuer.mint())
