"""A key: known again by its hash, and useless to whoever reads what is kept of it."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from serve.keys.key import Key, hash_of, id_in, new_key
from serve.keys.scopes import Scope

from .conftest import CREATED, MakeKey


def test_a_key_fits_what_is_kept_of_it(make_key: MakeKey) -> None:
    token, key = make_key()

    assert key.fits(token)
    assert id_in(token) == key.id


def test_another_key_does_not_fit(make_key: MakeKey) -> None:
    [(one, key), (other, _)] = make_key(), make_key()

    assert not key.fits(other)
    assert not key.fits(one[:-1])
    assert not key.fits(one + "A")
    assert not key.fits("")


def test_what_is_kept_does_not_hold_the_secret(make_key: MakeKey) -> None:
    token, key = make_key()
    secret = token.split("_", 2)[2]

    assert secret not in key.model_dump_json()
    assert key.sha256 not in repr(key)


def test_the_secret_has_256_bits_and_no_two_are_the_same(make_key: MakeKey) -> None:
    secrets = {make_key()[0].split("_", 2)[2] for _ in range(100)}

    assert len(secrets) == 100
    assert {len(secret) for secret in secrets} == {43}  # of 6 bits each


@pytest.mark.parametrize("token", ["", "ps_", "sk-abc", "ps_0123abcd_short", "ps_0123ABCD_" + "a" * 43, "x" * 10_000])
def test_what_has_not_the_form_of_a_key_has_no_id(token: str) -> None:
    assert id_in(token) is None


@given(st.text())
def test_whatever_a_caller_sends_is_hashed(token: str) -> None:
    assert len(hash_of(token)) == 64


def test_a_key_expires_at_its_time(make_key: MakeKey) -> None:
    _, key = make_key(expires=CREATED + timedelta(days=1))

    assert not key.is_expired(CREATED)
    assert key.is_expired(CREATED + timedelta(days=1))


def test_a_key_without_a_time_never_expires(make_key: MakeKey) -> None:
    assert not make_key()[1].is_expired(CREATED + timedelta(days=100_000))


@pytest.mark.parametrize("owner", ["", "two words", "a\nb", "x" * 129])
def test_an_owner_is_one_plain_word(owner: str) -> None:
    with pytest.raises(ValidationError):
        new_key(owner, (Scope.READ,), created=CREATED)


def test_a_key_for_nothing_is_none() -> None:
    with pytest.raises(ValidationError):
        new_key("team", (), created=CREATED)


def test_keys_compare_by_what_they_are(make_key: MakeKey) -> None:
    _, key = make_key()

    assert Key.model_validate_json(key.model_dump_json()) == key
