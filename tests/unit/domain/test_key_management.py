"""Handing out, rotating and revoking keys (`domain.key_management`)."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from tests.unit.domain.key_store import MemoryKeyStore

from files_api.domain.access import ALL_SCOPES, Scope
from files_api.domain.api_keys import ApiKey, KeyText, read_key
from files_api.domain.errors import ClientExists, KeyNotFound, TwoKeysAlready, ValidationFailed
from files_api.domain.key_management import KeyManagement, KeyState, Rights, check_client, state_of
from files_api.domain.paths import Directory

START = datetime(2026, 11, 24, 17, 2, 9, tzinfo=UTC)
DAY = timedelta(days=1)
RIGHTS = Rights(
    scopes=frozenset({Scope.READ, Scope.WRITE}),
    root=Directory("a/b/"),
    plan="free",
    limits={"reads_per_minute": 7},
)


class Clock:
    """Stands still until it is moved."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def store(clock: Clock) -> MemoryKeyStore:
    return MemoryKeyStore(clock)


@pytest.fixture
def management(store: MemoryKeyStore, clock: Clock) -> KeyManagement:
    return KeyManagement(store, "prod", clock)


def rights_of(key: ApiKey) -> Rights:
    return Rights(scopes=key.scopes, root=key.root, plan=key.plan, limits=key.limits)


def ids(keys: tuple[ApiKey, ...]) -> list[str]:
    return [key.key_id for key in keys]


def test_a_new_key_has_the_rights_that_were_said(management: KeyManagement, store: MemoryKeyStore) -> None:
    new = management.create("acme", RIGHTS)

    kept = store.find(new.key.key_id)
    assert kept == new.key
    assert (rights_of(kept), kept.client, kept.created_at, kept.expires_at, kept.disabled) == (
        RIGHTS,
        "acme",
        START,
        None,
        False,
    )


def test_the_text_of_a_new_key_opens_it_and_tells_the_environment(management: KeyManagement) -> None:
    new = management.create("acme", RIGHTS)

    text = read_key(str(new.text))

    assert text is not None
    assert (text.key_id, text.environment, text.is_of(new.key)) == (new.key.key_id, "prod", True)


def test_a_client_that_has_a_key_gets_no_second_one_by_creating_it(management: KeyManagement) -> None:
    management.create("acme", RIGHTS)

    with pytest.raises(ClientExists, match="acme has a key already: rotate it"):
        management.create("acme", RIGHTS)


def test_the_name_of_a_client_is_free_again_after_its_last_key(management: KeyManagement) -> None:
    management.delete(management.create("acme", RIGHTS).key.key_id)

    assert management.create("acme", RIGHTS).key.client == "acme"


@pytest.mark.parametrize("name", ["a", "7", "web-shop.eu_2", "a" * 64])
def test_the_name_of_a_client(name: str) -> None:
    assert check_client(name) == name


@pytest.mark.parametrize(
    "name",
    ["", "a" * 65, "-a", ".a", "_a", "Acme", "a b", "a/b", "a\n", "ä", "a#b", "\N{ARABIC-INDIC DIGIT ONE}"],
)
def test_what_is_no_name_of_a_client_is_refused(
    name: str, management: KeyManagement, store: MemoryKeyStore
) -> None:
    with pytest.raises(ValidationFailed, match="client: must be 1 to 64 of"):
        management.create(name, RIGHTS)

    assert list(store.all()) == []


def test_a_key_is_good_for_something(management: KeyManagement) -> None:
    with pytest.raises(ValidationFailed, match="scope: must be given"):
        management.create("acme", Rights(scopes=frozenset()))


@pytest.mark.parametrize("expires_at", [START, START - DAY])
def test_a_key_is_not_made_dead(expires_at: datetime, management: KeyManagement) -> None:
    with pytest.raises(ValidationFailed, match="expires_at: must be in the future"):
        management.create("acme", RIGHTS, expires_at=expires_at)


def test_keys_end_in_whole_seconds(management: KeyManagement, clock: Clock) -> None:
    clock.now = START.replace(microsecond=999_999)
    first = management.create("acme", RIGHTS, expires_at=START + DAY + timedelta(microseconds=1)).key

    rotated = management.rotate("acme", old_ends_in=timedelta())

    assert first.expires_at == START + DAY
    assert (rotated.new.key.expires_at, rotated.old.expires_at) == (START + DAY, START)


def test_after_a_rotation_both_keys_are_live_and_have_the_same_rights(
    management: KeyManagement, clock: Clock
) -> None:
    old = management.create("acme", RIGHTS)
    clock.now += 30 * DAY

    rotated = management.rotate("acme", old_ends_in=DAY)

    kept = management.show("acme")
    assert ids(kept) == [old.key.key_id, rotated.new.key.key_id]
    assert [state_of(key, clock.now) for key in kept] == [KeyState.LIVE, KeyState.LIVE]
    assert [rights_of(key) for key in kept] == [RIGHTS, RIGHTS]


def test_a_rotated_key_is_another_key(management: KeyManagement, clock: Clock) -> None:
    old = management.create("acme", RIGHTS)
    clock.now += 30 * DAY

    new = management.rotate("acme", old_ends_in=DAY).new

    assert new.text.is_of(new.key)
    assert not old.text.is_of(new.key)
    assert new.key.created_at == clock.now


def test_a_new_key_was_not_used_yet(management: KeyManagement, store: MemoryKeyStore) -> None:
    store.note_use(management.create("acme", RIGHTS).key.key_id, START)

    assert management.rotate("acme", old_ends_in=DAY).new.key.last_used_at is None


def test_the_old_key_ends_after_the_time_that_was_said(management: KeyManagement, clock: Clock) -> None:
    old_id = management.create("acme", RIGHTS).key.key_id

    rotated = management.rotate("acme", old_ends_in=DAY)

    kept = management.show(old_id)[0]
    assert (kept.expires_at, rotated.old) == (START + DAY, kept)


def test_the_old_key_can_end_at_once(management: KeyManagement, clock: Clock) -> None:
    management.create("acme", RIGHTS)

    rotated = management.rotate("acme", old_ends_in=timedelta())

    assert [state_of(key, clock.now) for key in (rotated.old, rotated.new.key)] == [
        KeyState.EXPIRED,
        KeyState.LIVE,
    ]


def test_a_rotation_does_not_lengthen_the_life_of_the_old_key(management: KeyManagement) -> None:
    end = START + DAY / 2
    management.create("acme", RIGHTS, expires_at=end)

    assert management.rotate("acme", old_ends_in=DAY, expires_at=START + 9 * DAY).old.expires_at == end


def test_a_third_live_key_is_refused_and_both_are_named(management: KeyManagement) -> None:
    first = management.create("acme", RIGHTS).key.key_id
    second = management.rotate("acme", old_ends_in=DAY).new.key.key_id

    with pytest.raises(
        TwoKeysAlready,
        match=rf"{first} \(expires 2026-11-25 17:02 UTC\) and {second} \(never expires\): disable or delete",
    ):
        management.rotate("acme", old_ends_in=DAY)


def test_a_client_can_be_rotated_again_when_the_old_key_has_ended(
    management: KeyManagement, clock: Clock
) -> None:
    management.create("acme", RIGHTS)
    second = management.rotate("acme", old_ends_in=DAY).new.key.key_id
    clock.now += DAY

    third = management.rotate("acme", old_ends_in=DAY).new.key.key_id

    assert ids(management.show("acme")) == [second, third]


def test_a_rotation_that_loses_a_race_is_refused(clock: Clock) -> None:
    class Overtaken(MemoryKeyStore):
        """Somebody else rotates between the look and the write."""

        def add_successor(self, key: ApiKey, *, to: ApiKey, expires_at: datetime) -> None:
            super().add_successor(replace(key, key_id="theirs"), to=to, expires_at=expires_at)
            super().add_successor(key, to=to, expires_at=expires_at)

    store = Overtaken(clock)
    management = KeyManagement(store, "prod", clock)
    first = management.create("acme", RIGHTS).key.key_id

    with pytest.raises(TwoKeysAlready, match="acme was given another key at this very moment"):
        management.rotate("acme", old_ends_in=DAY)

    assert ids(store.of_client("acme")) == [first, "theirs"]


def test_the_rights_of_a_client_outlive_its_keys(management: KeyManagement, clock: Clock) -> None:
    old = management.create("acme", RIGHTS, expires_at=START + 90 * DAY).key
    clock.now += 100 * DAY

    rotated = management.rotate("acme", old_ends_in=DAY)

    assert (rights_of(rotated.new.key), rotated.new.key.is_live(clock.now)) == (RIGHTS, True)
    assert rotated.old == old


def test_a_disabled_key_stays_disabled_when_it_is_replaced(management: KeyManagement, clock: Clock) -> None:
    management.disable(management.create("acme", RIGHTS).key.key_id)

    rotated = management.rotate("acme", old_ends_in=DAY)

    assert [state_of(key, clock.now) for key in management.show("acme")] == [KeyState.DISABLED, KeyState.LIVE]
    assert not rotated.new.key.disabled


def test_of_two_dead_keys_the_newer_one_is_replaced(management: KeyManagement, clock: Clock) -> None:
    management.create("acme", RIGHTS)
    second = management.rotate("acme", old_ends_in=timedelta()).new.key.key_id
    management.disable(second)

    assert management.rotate("acme", old_ends_in=DAY).old.key_id == second


def test_a_live_key_is_replaced_even_if_a_newer_one_is_dead(management: KeyManagement) -> None:
    first = management.create("acme", RIGHTS).key.key_id
    management.disable(management.rotate("acme", old_ends_in=DAY).new.key.key_id)

    assert management.rotate("acme", old_ends_in=DAY).old.key_id == first


def test_a_new_key_lasts_as_long_as_the_one_before(management: KeyManagement, clock: Clock) -> None:
    management.create("acme", RIGHTS, expires_at=START + 90 * DAY)
    clock.now += 80 * DAY

    assert management.rotate("acme", old_ends_in=DAY).new.key.expires_at == clock.now + 90 * DAY


def test_a_new_key_lasts_as_long_as_it_is_said(management: KeyManagement, clock: Clock) -> None:
    management.create("acme", RIGHTS, expires_at=START + 90 * DAY)

    rotated = management.rotate("acme", old_ends_in=DAY, expires_at=START + 7 * DAY)

    assert rotated.new.key.expires_at == START + 7 * DAY


def test_a_life_that_was_cut_short_is_not_handed_on(management: KeyManagement, clock: Clock) -> None:
    management.create("acme", RIGHTS)
    management.delete(management.rotate("acme", old_ends_in=timedelta()).new.key.key_id)

    with pytest.raises(ValidationFailed, match="expires_in: must be given"):
        management.rotate("acme", old_ends_in=DAY)


def test_a_rotation_that_is_refused_changes_nothing(management: KeyManagement, store: MemoryKeyStore) -> None:
    key = management.create("acme", RIGHTS).key

    with pytest.raises(ValidationFailed, match="old_expires_in: would end after the year 9999"):
        management.rotate("acme", old_ends_in=timedelta(days=365 * 9000))

    assert list(store.all()) == [key]


def test_a_client_that_nobody_knows_is_not_rotated(management: KeyManagement) -> None:
    with pytest.raises(KeyNotFound, match="no client acme"):
        management.rotate("acme", old_ends_in=DAY)


def test_a_disabled_key_is_kept_and_opens_nothing(management: KeyManagement, clock: Clock) -> None:
    key_id = management.create("acme", RIGHTS).key.key_id

    disabled = management.disable(key_id)

    assert management.show(key_id) == (disabled,)
    assert state_of(disabled, clock.now) is KeyState.DISABLED


def test_a_disabled_key_that_has_expired_too_is_disabled(management: KeyManagement) -> None:
    key = management.create("acme", RIGHTS, expires_at=START + DAY).key

    assert state_of(replace(key, disabled=True), START + 2 * DAY) is KeyState.DISABLED


def test_a_deleted_key_is_forgotten(management: KeyManagement) -> None:
    key = management.create("acme", RIGHTS).key

    assert management.delete(key.key_id) == key
    assert management.list() == ()


def test_keys_are_listed_by_client_and_the_older_one_first(management: KeyManagement, clock: Clock) -> None:
    made = []
    for client in ("zeta", "acme"):
        made.append(management.create(client, RIGHTS).key.key_id)
        clock.now += DAY
        made.append(management.rotate(client, old_ends_in=DAY).new.key.key_id)

    assert ids(management.list()) == [*made[2:], *made[:2]]


def test_a_key_is_found_by_its_id(management: KeyManagement) -> None:
    key = management.create("acme", RIGHTS).key

    assert (management.find(key.key_id), management.show(key.key_id)) == (key, (key,))


def test_a_client_is_found_though_its_name_looks_like_the_id_of_a_key(management: KeyManagement) -> None:
    key = management.create("abcdefghijklmnop", RIGHTS).key

    assert management.show("abcdefghijklmnop") == (key,)


def test_a_key_that_nobody_knows_is_named(management: KeyManagement) -> None:
    with pytest.raises(KeyNotFound, match="no key abc"):
        management.find("abc")
    with pytest.raises(KeyNotFound, match="no client and no key abc"):
        management.show("abc")


def test_nothing_that_is_handed_back_shows_the_secret(management: KeyManagement) -> None:
    new = management.create("acme", Rights(scopes=ALL_SCOPES))
    rotated = management.rotate("acme", old_ends_in=DAY)

    texts: list[KeyText] = [new.text, rotated.new.text]
    shown = repr(new) + repr(rotated)
    assert [text.secret in shown or text.secret_hash in shown for text in texts] == [False, False]
