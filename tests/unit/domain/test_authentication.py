"""API keys at the door (`domain.authentication`): who is let in, for how long a look-up is believed."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from files_api.domain.access import Caller, Scope
from files_api.domain.api_keys import ApiKey, KeyText, generate_key
from files_api.domain.authentication import FRESH_SECONDS, STALE_SECONDS, Credentials, KeyAuthenticator
from files_api.domain.errors import AccessUnavailable, InvalidCredential
from files_api.domain.paths import Directory
from files_api.domain.plans import Plan

if TYPE_CHECKING:
    from collections.abc import Callable

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
PLANS = {"free": Plan(name="free", reads_per_minute=10), "standard": Plan(name="standard")}
TEXT = generate_key("dev")
KEY = ApiKey(
    key_id=TEXT.key_id,
    client="a",
    secret_hash=TEXT.secret_hash,
    scopes=frozenset({Scope.READ}),
    root=Directory("a/"),
    plan="free",
    created_at=NOW,
)


class Keys:
    """As much of a KeyStore as is asked at the door."""

    def __init__(self, *keys: ApiKey) -> None:
        self.keys = {key.key_id: key for key in keys}
        self.lookups = 0
        self.is_up = True
        self.uses: list[tuple[str, datetime]] = []

    def find(self, key_id: str) -> ApiKey | None:
        self.lookups += 1
        if not self.is_up:
            raise AccessUnavailable("down")
        return self.keys.get(key_id)

    def note_use(self, key_id: str, at: datetime) -> None:
        if not self.is_up:
            raise AccessUnavailable("down")
        self.uses.append((key_id, at))


class Door:
    """The authenticator, its store, and clocks that can be turned."""

    def __init__(self, *keys: ApiKey) -> None:
        self.store = Keys(*keys)
        self.passed = 0.0
        self.authenticator = KeyAuthenticator(
            self.store,  # type: ignore[arg-type]
            environment="dev",
            plans=PLANS,
            default_plan="standard",
            in_background=self._run,
            clock=lambda: self.passed,
            now=lambda: NOW + timedelta(seconds=self.passed),
        )

    @staticmethod
    def _run(work: Callable[[], None]) -> None:
        work()

    def enter(self, credential: object = TEXT) -> Caller:
        return self.authenticator.authenticate(str(credential))

    def refusal(self, credential: object = TEXT) -> InvalidCredential:
        with pytest.raises(InvalidCredential) as refused:
            self.enter(credential)
        return refused.value


def test_a_key_tells_who_comes_with_it() -> None:
    assert Door(KEY).enter() == Caller(
        subject="client:a",
        plan=PLANS["free"],
        scopes=frozenset({Scope.READ}),
        root=Directory("a/"),
        key_id=TEXT.key_id,
    )


def test_a_key_that_names_no_plan_has_the_default_one() -> None:
    assert Door(replace(KEY, plan=None)).enter().plan == PLANS["standard"]


def test_limits_of_the_key_go_before_those_of_its_plan() -> None:
    assert Door(replace(KEY, limits={"reads_per_minute": 99})).enter().plan.reads_per_minute == 99


def test_a_plan_that_is_gone_lets_nobody_in() -> None:
    with pytest.raises(AccessUnavailable):
        Door(replace(KEY, plan="gone")).enter()


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"disabled": True}, "disabled"),
        ({"expires_at": NOW}, "expired"),
        ({"secret_hash": generate_key("dev").secret_hash}, "wrong_secret"),
    ],
)
def test_a_key_that_is_not_good_is_refused(changes: dict[str, Any], reason: str) -> None:
    refused = Door(replace(KEY, **changes)).refusal()

    assert (refused.reason, refused.key_id) == (reason, TEXT.key_id)


def test_all_refusals_look_the_same_to_the_caller() -> None:
    disabled, unknown = Door(replace(KEY, disabled=True)).refusal(), Door().refusal()

    assert str(disabled) == str(unknown)


def test_an_unknown_key_is_refused() -> None:
    assert Door().refusal().reason == "unknown"


@pytest.mark.parametrize("position", [5, 10, 30, -1])
def test_a_typo_is_refused_without_a_look_up(position: int) -> None:
    text = list(str(TEXT))
    text[position] = "b" if text[position] != "b" else "c"
    door = Door(KEY)

    assert (door.refusal("".join(text)).reason, door.store.lookups) == ("malformed", 0)


def test_a_key_of_another_environment_is_refused_without_a_look_up() -> None:
    door = Door(KEY)
    other = KeyText("prod", TEXT.key_id, TEXT.secret)

    assert (door.refusal(other).reason, door.store.lookups) == ("other_environment", 0)


def test_a_key_is_looked_up_once_for_many_requests() -> None:
    door = Door(KEY)
    for _ in range(100):
        door.enter()

    assert door.store.lookups == 1


def test_a_revoked_key_is_dead_within_a_minute() -> None:
    door = Door(KEY)
    door.enter()
    door.store.keys[TEXT.key_id] = replace(KEY, disabled=True)

    door.passed = FRESH_SECONDS
    assert door.refusal().reason == "disabled"


def test_a_deleted_key_is_dead_within_a_minute() -> None:
    door = Door(KEY)
    door.enter()
    door.store.keys.clear()

    door.passed = FRESH_SECONDS
    assert door.refusal().reason == "unknown"


def test_a_key_expires_to_the_second_whatever_is_remembered() -> None:
    door = Door(replace(KEY, expires_at=NOW + timedelta(seconds=2)))
    door.enter()

    door.passed = 2
    assert door.refusal().reason == "expired"


def test_while_the_store_is_down_known_keys_go_on_for_a_while() -> None:
    door = Door(KEY)
    door.enter()
    door.store.is_up = False

    door.passed = STALE_SECONDS - 1
    assert door.enter().subject == "client:a"


def test_while_the_store_is_down_known_keys_end_within_a_minute() -> None:
    door = Door(KEY)
    door.enter()
    door.store.is_up = False
    door.passed = STALE_SECONDS

    with pytest.raises(AccessUnavailable):
        door.enter()
    assert STALE_SECONDS < 60


def test_while_the_store_is_down_other_keys_are_neither_let_in_nor_called_wrong() -> None:
    door = Door(KEY)
    door.store.is_up = False

    with pytest.raises(AccessUnavailable):
        door.enter()


def test_a_key_that_was_unknown_is_looked_up_again_soon() -> None:
    door = Door()
    door.refusal()
    door.store.keys[TEXT.key_id] = KEY

    door.passed = 5
    assert door.enter().subject == "client:a"


def test_the_use_of_a_key_is_noted_once_an_hour() -> None:
    door = Door(KEY)
    for minute in range(0, 119, 7):
        door.passed = minute * 60.0
        door.enter()

    assert [at - NOW for _, at in door.store.uses] == [timedelta(0), timedelta(minutes=63)]


def test_a_use_that_was_noted_elsewhere_is_not_noted_again() -> None:
    door = Door(replace(KEY, last_used_at=NOW - timedelta(minutes=59)))
    door.enter()

    assert door.store.uses == []


def test_a_use_that_cannot_be_noted_harms_nobody() -> None:
    door = Door(KEY)
    door.store.note_use = lambda *_: (_ for _ in ()).throw(AccessUnavailable("down"))  # type: ignore[method-assign]

    assert door.enter().subject == "client:a"


@pytest.mark.parametrize("credential", [str(TEXT), "eyJhbGciOiJub25lIn0.e30."], ids=["a key", "a token"])
def test_a_kind_that_is_not_accepted_is_refused(credential: str) -> None:
    with pytest.raises(InvalidCredential) as refused:
        Credentials(keys=None, tokens=None).authenticate(credential)
    assert refused.value.reason == "kind_not_accepted"
