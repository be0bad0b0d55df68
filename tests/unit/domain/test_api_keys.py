"""How a key is written, and what is kept of it (`domain.api_keys`)."""

from __future__ import annotations

import hmac
import re
import secrets
import string
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from files_api.domain.access import ALL_SCOPES
from files_api.domain.api_keys import KEY, ApiKey, KeyText, generate_key, read_key

NOW = datetime(2026, 11, 24, 17, 2, tzinfo=UTC)
SECRET_CHARACTERS = string.digits + string.ascii_letters
#: What stands for a key that nobody has, so that a scanner of this repository finds none that looks real.
TEXT = KeyText("test", "abcdefghijklmnop", "0" * 43)

key_texts = st.builds(
    KeyText,
    st.text(string.ascii_lowercase + string.digits, min_size=1, max_size=16),
    st.text(string.ascii_lowercase + "234567", min_size=16, max_size=16),
    st.text(SECRET_CHARACTERS, min_size=43, max_size=43),
)


def kept(text: KeyText) -> ApiKey:
    return ApiKey(
        key_id=text.key_id, client="acme", secret_hash=text.secret_hash, scopes=ALL_SCOPES, created_at=NOW
    )


@given(key_texts)
def test_a_key_is_read_as_it_was_written(text: KeyText) -> None:
    assert read_key(str(text)) == text


def test_a_new_key_has_the_form_of_the_contract() -> None:
    assert re.fullmatch(r"fa_prod_[a-z2-7]{16}_[0-9A-Za-z]{43}_[0-9A-Za-z]{6}", str(generate_key("prod")))


def test_the_checksum_is_the_one_that_was_used_from_the_beginning() -> None:
    """Keys are out there: another alphabet, order or checksum would make typos of all of them."""
    assert str(TEXT) == f"fa_test_abcdefghijklmnop_{'0' * 43}_2rXpcR"


def test_no_two_keys_are_alike() -> None:
    made = [generate_key("prod") for _ in range(200)]

    assert len({key.key_id for key in made}) == len({key.secret for key in made}) == len(made)


@pytest.mark.parametrize("number", [0, 1, 2**256 - 1])
def test_the_secret_is_256_bits_of_the_systems_randomness_and_none_is_lost(
    number: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []

    def randbits(bits: int) -> int:
        asked.append(bits)
        return number

    monkeypatch.setattr(secrets, "randbits", randbits)

    secret = generate_key("prod").secret

    value = 0
    for character in secret:
        value = value * 62 + (string.digits + string.ascii_uppercase + string.ascii_lowercase).index(
            character
        )
    assert (asked, len(secret), value) == ([256], 43, number)


@given(key_texts, st.data())
def test_one_wrong_character_is_seen_without_asking_anybody(text: KeyText, data: st.DataObject) -> None:
    right = str(text)
    at = data.draw(st.integers(0, len(right) - 1))
    wrong = data.draw(st.sampled_from(SECRET_CHARACTERS).filter(lambda character: character != right[at]))

    assert read_key(right[:at] + wrong + right[at + 1 :]) is None


@given(key_texts, st.data())
def test_two_characters_the_wrong_way_round_are_seen(text: KeyText, data: st.DataObject) -> None:
    right = str(text)
    at = data.draw(st.integers(0, len(right) - 2))
    swapped = right[:at] + right[at + 1] + right[at] + right[at + 2 :]

    assert (read_key(swapped) is None) is (swapped != right)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "fa_",
        str(TEXT)[:-1],
        f"{TEXT}0",
        f" {TEXT}",
        f"{TEXT}\n",
        str(TEXT).upper(),
        str(TEXT).replace("_", "-"),
        str(TEXT).replace("fa_", "fb_"),
        str(TEXT).replace("0", "\N{ARABIC-INDIC DIGIT ZERO}"),
    ],
)
def test_what_is_no_key_is_none(text: str) -> None:
    assert read_key(text) is None


@given(st.text())
def test_any_text_can_be_asked(text: str) -> None:
    assert read_key(text) is None


def test_a_scanner_finds_a_key_in_the_middle_of_anything() -> None:
    text = generate_key("prod")

    found = KEY.search(f'curl -H "Authorization: Bearer {text}" https://files.example.com')

    assert found is not None
    assert found[0] == str(text)


def test_a_key_fits_its_own_record_and_no_other() -> None:
    one, other = generate_key("prod"), generate_key("prod")

    assert (one.is_of(kept(one)), one.is_of(kept(other))) == (True, False)


def test_secrets_are_compared_in_constant_time(monkeypatch: pytest.MonkeyPatch) -> None:
    compared: list[tuple[str, str]] = []
    monkeypatch.setattr(hmac, "compare_digest", lambda one, other: compared.append((one, other)))

    TEXT.is_of(kept(TEXT))

    assert compared == [(TEXT.secret_hash, TEXT.secret_hash)]


def test_a_sha_256_is_all_that_is_kept_of_the_secret() -> None:
    text = KeyText("test", "abcdefghijklmnop", "abc")

    # The example of FIPS 180-4.
    assert text.secret_hash == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"


def test_neither_the_secret_nor_its_hash_is_in_a_repr() -> None:
    text = generate_key("prod")

    shown = repr(text) + repr(kept(text))

    assert (text.key_id in shown, text.secret in shown, text.secret_hash in shown) == (True, False, False)


@pytest.mark.parametrize(
    ("disabled", "expires_in", "live"),
    [
        (False, None, True),
        (False, timedelta(seconds=1), True),
        (False, timedelta(0), False),
        (False, timedelta(seconds=-1), False),
        (True, None, False),
        (True, timedelta(seconds=1), False),
    ],
)
def test_a_key_is_live_until_it_expires_or_is_disabled(
    disabled: bool, expires_in: timedelta | None, live: bool
) -> None:
    expires_at = None if expires_in is None else NOW + expires_in

    assert replace(kept(TEXT), disabled=disabled, expires_at=expires_at).is_live(NOW) is live
