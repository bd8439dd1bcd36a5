"""Who signs: every choice that contradicts itself is said before anything is asked of anybody."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from govern.errors import InvalidInput, UsageError
from govern.limits import MAX_KEY_FILE
from govern.operations.signers import SignWith, record_signer
from govern.settings import Settings
from govern.signing.certificate_signer import CertificateSigner
from govern.signing.key_file import KeySigner
from govern.signing.key_record_signer import KeyRecordSigner
from support.records import signer
from support.sigstore.pki import make_chain

KEY = SignWith(key=signer())
KEYLESS = SignWith(keyless=True)
URL = "https://time.example.test"


@pytest.fixture
def certified(tmp_path: Path) -> SignWith:
    made = make_chain()
    chain = tmp_path / "chain.pem"
    chain.write_bytes(made.leaf.chain_pem)
    return SignWith(key=KeySigner(made.leaf.key), certificate=chain, timestamp_urls=(URL,))


def refused(chosen: SignWith) -> str:
    with pytest.raises(UsageError) as refusal:
        record_signer(chosen, Settings())
    assert refusal.value.expected
    return refusal.value.message


def test_a_key_alone_asks_nobody():
    made = record_signer(KEY, Settings())
    assert isinstance(made, KeyRecordSigner)
    assert made.services == ()
    assert made.label == signer().public_key.signer


def test_time_and_log_are_asked_where_they_were_named():
    chosen = replace(KEY, timestamp_urls=(URL,), log_url="https://log.example.test")
    assert [one.split("/")[2] for one in record_signer(chosen, Settings()).services] == [
        "time.example.test",
        "log.example.test",
    ]


def test_a_certificate_is_its_keys(certified: SignWith):
    made = record_signer(certified, Settings())
    assert isinstance(made, CertificateSigner)
    assert made.identity.subject == "https://ci.example.test/train"
    with pytest.raises(InvalidInput, match="the certificate is of another key"):
        record_signer(replace(certified, key=signer()), Settings())


def test_a_certificate_without_a_time_ends_with_itself(certified: SignWith):
    assert "a certificate signs with a trusted time" in refused(replace(certified, timestamp_urls=()))


def test_nobody_signs_nothing():
    assert "nothing says who signs" in refused(SignWith())
    assert "nothing says who signs" in refused(SignWith(certificate=Path("chain.pem")))


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"key": signer()}, "--keyless was given with a key or certificate"),
        ({"certificate": Path("chain.pem")}, "--keyless was given with a key or certificate"),
        ({"timestamp_urls": (URL,)}, "--keyless has its own log and timestamp authorities"),
        ({"log_url": URL}, "--keyless has its own log and timestamp authorities"),
    ],
)
def test_keyless_goes_with_nothing_of_a_keys(more: dict[str, Any], said: str):
    assert said in refused(replace(KEYLESS, **more))


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"token_file": Path("token")}, "--identity-token-file goes with --keyless"),
        ({"trust_config": Path("config.json")}, "--trust-config goes with --keyless"),
    ],
)
def test_a_key_goes_with_nothing_of_keyless(more: dict[str, Any], said: str, certified: SignWith):
    assert said in refused(replace(KEY, **more))
    assert said in refused(replace(certified, **more))


@pytest.mark.parametrize("content", [None, b"", b"junk", b" " * (MAX_KEY_FILE.value + 1)])
def test_a_chain_that_cannot_be_read_is_the_users_own_fault(tmp_path: Path, content: bytes | None):
    file = tmp_path / "chain.pem"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(InvalidInput, match="the certificate chain"):
        record_signer(replace(KEY, certificate=file, timestamp_urls=(URL,)), Settings())


@pytest.mark.parametrize("content", [None, b"", b"junk", b"{}"])
def test_a_trust_configuration_that_cannot_be_read_is_the_users_own_fault(tmp_path: Path, content: bytes | None):
    file = tmp_path / "config.json"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(InvalidInput, match="the trust configuration"):
        # It may be read when it is first needed.
        _ = record_signer(replace(KEYLESS, trust_config=file), Settings()).trust
