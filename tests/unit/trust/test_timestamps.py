"""RFC 3161 timestamps: whose word counts, about what, and when."""

from __future__ import annotations

import contextlib
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from govern.errors import Denied, InvalidInput
from govern.limits import MAX_TIMESTAMP, MAX_TIMESTAMPS
from govern.trust.anchors import Authority, Window
from govern.trust.timestamps import check_timestamps
from govern.trust.trusted_time import TrustedTime
from support.tiny_sigstore import authority_of
from support.verify_vectors import der
from support.verify_vectors.certificates import CODE_SIGNING, TIME_STAMPING, Wish, issue
from support.verify_vectors.keys import key
from support.verify_vectors.stamps import SHA1, Stamper, stamper
from support.verify_vectors.times import HOUR, SIGNED, YEAR

SIGNATURE = b"the signature of an envelope"
CLOCK = stamper("clock")
STRANGER = stamper("stranger")
PINNED = authority_of(CLOCK.signer)
GOOD = CLOCK.stamp(SIGNATURE)
SECOND = timedelta(seconds=1)


def times(*tokens: bytes, pinned: tuple[Authority, ...] = (PINNED,)) -> list[datetime]:
    return [one.at for one in check_timestamps(tokens, SIGNATURE, pinned)]


def refused(*tokens: bytes) -> Denied:
    with pytest.raises(Denied) as refusal:
        check_timestamps(tokens, SIGNATURE, [PINNED])
    assert refusal.value.expected
    return refusal.value


# --- honest ones ---------------------------------------------------------------------------------


@pytest.mark.parametrize("bag", [None, (), (CLOCK.signer.certificate, *CLOCK.signer.above)])
def test_a_pinned_authority_is_believed_whatever_certificates_it_sends(bag):
    token = CLOCK.stamp(SIGNATURE, bag=bag)
    assert check_timestamps([token], SIGNATURE, [PINNED]) == (TrustedTime(SIGNED, "timestamp", "CN=clock"),)


@pytest.mark.parametrize(("oid", "name"), [("2.16.840.1.101.3.4.2.2", "sha384"), ("2.16.840.1.101.3.4.2.3", "sha512")])
def test_longer_hashes_count_as_well(oid, name):
    assert times(CLOCK.stamp(SIGNATURE, algorithm=(oid, name))) == [SIGNED]


def test_times_are_aware_and_the_earliest_comes_first():
    found = times(CLOCK.stamp(SIGNATURE, SIGNED + HOUR), GOOD, CLOCK.stamp(SIGNATURE, SIGNED - HOUR))
    assert found == [SIGNED - HOUR, SIGNED, SIGNED + HOUR]
    assert {one.tzinfo for one in found} == {UTC}


def test_nothing_is_nothing():
    assert times() == []
    assert times(GOOD, pinned=()) == []


# --- others' -------------------------------------------------------------------------------------


def test_a_strangers_word_is_passed_over_and_harms_nothing():
    theirs = STRANGER.stamp(SIGNATURE, SIGNED - YEAR // 2)
    assert times(theirs) == []
    assert times(theirs, GOOD) == [SIGNED]
    assert times(theirs, pinned=(PINNED, authority_of(STRANGER.signer))) == [SIGNED - YEAR // 2]


def test_a_sibling_of_the_pinned_authority_is_a_stranger():
    # The same root issued both; the signing certificate is what is pinned.
    root = issue(Wish("clock, root", authority=True))
    sibling = Stamper(issue(Wish("sibling", usages=(TIME_STAMPING,), critical_usage=True), root))
    assert sibling.signer.above == CLOCK.signer.above
    for bag in (None, (), (sibling.signer.certificate, CLOCK.signer.certificate), (CLOCK.signer.certificate,)):
        assert times(sibling.stamp(SIGNATURE, bag=bag)) == []
        assert times(sibling.stamp(SIGNATURE, bag=bag, names=CLOCK.signer)) == []


def test_a_certificate_from_the_tokens_own_bag_is_never_taken():
    # GHSA-xm5m-wgh2-rrg3: issuer and serial number are the pinned one's, the key is the forger's.
    root = issue(Wish("clock, root", authority=True, key=key("forger's root")))
    forged = issue(Wish("clock", usages=(TIME_STAMPING,), critical_usage=True, key=key("forger")), root)
    mine = CLOCK.signer.certificate
    assert (forged.certificate.issuer, forged.certificate.serial_number) == (mine.issuer, mine.serial_number)
    forger = Stamper(forged)
    for bag in (None, (), (mine,), (mine, forged.certificate), (forged.certificate, mine, root.certificate)):
        assert times(forger.stamp(SIGNATURE, bag=bag)) == []


def test_a_token_signed_with_another_key_is_nobodys():
    forger = Stamper(issue(Wish("clock", usages=(TIME_STAMPING,), critical_usage=True, key=key("forger"))))
    assert times(forger.stamp(SIGNATURE, bag=(), names=CLOCK.signer)) == []


def test_a_time_that_was_written_over_is_nobodys():
    assert times(CLOCK.stamp(SIGNATURE, says=SIGNED - YEAR // 2)) == []


def test_a_request_that_was_not_granted_is_nobodys():
    assert times(CLOCK.stamp(SIGNATURE, status=1)) == []


@pytest.mark.parametrize(
    "wish",
    [
        Wish("clock", usages=(TIME_STAMPING,), critical_usage=False),
        Wish("clock", usages=(CODE_SIGNING,), critical_usage=True),
        Wish("clock"),
    ],
)
def test_a_certificate_that_is_not_for_timestamps_makes_none(wish):
    other = stamper("clock", wish)
    assert times(other.stamp(SIGNATURE), pinned=(authority_of(other.signer),)) == []


def test_the_authoritys_certificate_must_be_good_at_the_time():
    short = stamper("short", Wish("short", usages=(TIME_STAMPING,), critical_usage=True, end=SIGNED))
    pinned = (authority_of(short.signer),)
    assert times(short.stamp(SIGNATURE, SIGNED - SECOND), pinned=pinned) == [SIGNED - SECOND]
    assert times(short.stamp(SIGNATURE, SIGNED + HOUR), pinned=pinned) == []
    assert times(short.stamp(SIGNATURE, SIGNED - 2 * YEAR), pinned=pinned) == []


def test_an_authority_counts_only_in_its_window():
    for window in (Window(SIGNED, SIGNED), Window(None, SIGNED), Window(SIGNED)):
        assert times(GOOD, pinned=(authority_of(CLOCK.signer, window),)) == [SIGNED]
    for window in (Window(SIGNED + SECOND), Window(None, SIGNED - SECOND)):
        assert times(GOOD, pinned=(authority_of(CLOCK.signer, window),)) == []
        assert times(GOOD, pinned=(authority_of(CLOCK.signer, window), PINNED)) == [SIGNED]


def test_an_authority_without_its_signing_certificate_is_nobody_in_particular():
    (root,) = CLOCK.signer.above
    assert times(GOOD, pinned=(Authority("root alone", (root,)),)) == []
    assert times(GOOD, pinned=(Authority("signer alone", (CLOCK.signer.certificate,)),)) == []
    own = Stamper(issue(Wish("self-made", usages=(TIME_STAMPING,), critical_usage=True)))
    assert times(own.stamp(SIGNATURE), pinned=(authority_of(own.signer),)) == []
    other = issue(Wish("clock, root", authority=True, key=key("another root")))
    assert times(GOOD, pinned=(Authority("another root", (CLOCK.signer.certificate, other.certificate)),)) == []


# --- forgeries -----------------------------------------------------------------------------------


def test_a_token_of_another_signature_is_a_forgery_whoever_made_it():
    for one in (CLOCK, STRANGER):
        refusal = refused(GOOD, one.stamp(b"another signature"))
        assert refusal.what == "a timestamp is of something else"
        assert refusal.got.startswith("2.16.840.1.101.3.4.2.1 ")


def test_a_hash_that_is_broken_is_of_nothing():
    assert "1.3.14.3.2.26" in refused(CLOCK.stamp(SIGNATURE, algorithm=SHA1)).got


@pytest.mark.parametrize("status", [2, 3, 4, 5])
def test_a_refusal_of_the_authority_is_no_timestamp(status):
    assert refused(der.sequence(der.sequence(der.integer(status)))).what == "a timestamp cannot be read"


def test_the_same_word_twice_is_not_two():
    assert "twice" in refused(GOOD, GOOD).what


def test_the_bounds_are_named():
    many = [CLOCK.stamp(SIGNATURE, serial=number) for number in range(MAX_TIMESTAMPS.value + 1)]
    assert len(times(*many[1:])) == MAX_TIMESTAMPS.value
    assert "MAX_TIMESTAMPS" in refused(*many).message
    assert "MAX_TIMESTAMP)" in refused(b"\0" * (MAX_TIMESTAMP.value + 1)).message


def test_the_class_of_the_refusal_is_the_callers():
    with pytest.raises(InvalidInput):
        check_timestamps([b"junk"], SIGNATURE, [PINNED], InvalidInput)


# --- bytes that no authority wrote ---------------------------------------------------------------


@pytest.mark.parametrize("broken", ["a003020105", "a003020103", "a0030201ff", "a003020100"])
def test_certificates_beside_that_are_none_crash_nothing(broken):
    # They are not signed, so anybody can change them; the library raises another kind for each.
    mine = CLOCK.signer.der
    token = GOOD.replace(mine, mine.replace(bytes.fromhex("a003020102"), bytes.fromhex(broken), 1))
    assert token != GOOD
    with contextlib.suppress(Denied):
        assert times(token) == []


def test_every_token_that_is_cut_is_refused():
    for length in range(len(GOOD)):
        refused(GOOD[:length])


@given(st.integers(0, len(GOOD) - 1), st.integers(1, 255))
def test_a_changed_byte_makes_no_other_time(place, change):
    token = bytearray(GOOD)
    token[place] ^= change
    with contextlib.suppress(Denied):
        assert times(bytes(token)) in ([], [SIGNED])


@given(st.binary(max_size=200))
def test_no_bytes_are_more_than_a_refusal(data):
    refused(data)
