"""The timestamp authority of the tests gives timestamps that rfc3161-client takes for good."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest
import requests
from cryptography.hazmat.primitives.serialization import Encoding
from rfc3161_client import TimestampRequestBuilder, VerifierBuilder, decode_timestamp_response
from rfc3161_client.errors import VerificationError

from support.sigstore.pki import make_timestamp_signer
from support.sigstore.stack import Sigstore
from support.sigstore.timestamps import TimestampAuthority, timestamp_authority

MESSAGE = b"a signature"


def ask(url: str) -> tuple[int, bytes]:
    query = TimestampRequestBuilder().data(MESSAGE).nonce(nonce=True).cert_request(cert_request=True).build()
    with requests.Session() as session:
        answer = session.post(
            url, data=query.as_bytes(), headers={"Content-Type": "application/timestamp-query"}, timeout=20
        )
    # A Sigstore's server says 201.
    return answer.status_code, answer.content


def check(response: bytes, authority: TimestampAuthority, message: bytes = MESSAGE) -> dt.datetime:
    """Return when it was, if the timestamp holds."""
    decoded = decode_timestamp_response(response)
    builder = VerifierBuilder().tsa_certificate(authority.signer.certificate)
    for one in authority.signer.above:
        builder = builder.add_root_certificate(one)
    builder.build().verify_message(decoded, message)
    return decoded.tst_info.gen_time


def test_a_timestamp_holds_for_its_message_alone(tsa: TimestampAuthority, tmp_path: Path) -> None:
    status, response = ask(tsa.url)
    assert status == 200
    assert abs(check(response, tsa) - dt.datetime.now(dt.UTC)) < dt.timedelta(seconds=30)
    with pytest.raises(VerificationError):
        check(response, tsa, b"another signature")
    with timestamp_authority(tmp_path / "other") as other, pytest.raises(VerificationError):
        check(response, other)


def test_an_authority_may_be_down_or_busy(tsa: TimestampAuthority) -> None:
    tsa.status = 503
    assert ask(tsa.url)[0] == 503
    tsa.status = 200
    assert ask(tsa.url)[0] == 200
    assert len(tsa.requests) == 1


def test_an_authority_may_have_expired(tmp_path: Path) -> None:
    now = dt.datetime.now(dt.UTC)
    signer = make_timestamp_signer(start=now - dt.timedelta(days=2), end=now - dt.timedelta(days=1))
    with timestamp_authority(tmp_path, signer) as expired:
        status, response = ask(expired.url)
        assert status == 200
        with pytest.raises(VerificationError):
            check(response, expired)


def test_a_timestamp_may_carry_the_root_too(tsa: TimestampAuthority) -> None:
    short = ask(tsa.url)[1]
    tsa.with_root = True
    assert len(ask(tsa.url)[1]) > len(short) + len(tsa.signer.above[0].public_bytes(Encoding.DER)) - 10


def test_the_server_of_a_sigstore_answers_alike(sigstore: Sigstore) -> None:
    status, response = ask(sigstore.tsa)
    assert status in (200, 201)
    authority = TimestampAuthority(sigstore.tsa, sigstore.tsa_signer, sigstore.root)
    assert abs(check(response, authority) - dt.datetime.now(dt.UTC)) < dt.timedelta(seconds=30)
