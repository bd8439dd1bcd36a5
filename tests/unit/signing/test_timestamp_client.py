"""Timestamps are asked for as RFC 3161 says, and an answer to anything else than this request is refused."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from rfc3161_client import decode_timestamp_response

from govern.errors import Undecided, UsageError
from govern.settings import Settings
from govern.signing.timestamp_client import TimestampClient
from support.sigstore.served import Handler, served
from support.sigstore.timestamps import TimestampAuthority, timestamp_authority

SIGNATURE = b"the bytes of a signature"
Lie = Callable[[TimestampAuthority, bytes], bytes]


@pytest.fixture
def authority(tmp_path: Path) -> Iterator[TimestampAuthority]:
    with timestamp_authority(tmp_path / "tsa") as running:
        yield running


@pytest.fixture
def lying(authority: TimestampAuthority) -> Iterator[Callable[[Lie], str]]:
    """Serve answers that are not what was asked for."""
    with ExitStack() as stack:

        def start(lie: Lie) -> str:
            class Liar(Handler):
                def do_POST(self) -> None:
                    self.reply(200, lie(authority, self.body()), "application/timestamp-reply")

            return stack.enter_context(served(Liar))

        yield start


def client(*urls: str) -> TimestampClient:
    return TimestampClient(urls, Settings())


def test_the_signature_is_stamped_by_sha256_with_the_certificates(authority: TimestampAuthority) -> None:
    first, second = (client(authority.url).stamp(SIGNATURE)[0] for _ in range(2))
    response = decode_timestamp_response(first)
    assert response.tst_info.message_imprint.message == hashlib.sha256(SIGNATURE).digest()
    assert response.signed_data.certificates
    # A nonce of its own for each request.
    assert response.tst_info.nonce != decode_timestamp_response(second).tst_info.nonce


def test_each_authority_answers_in_the_order_of_the_urls(authority: TimestampAuthority, tmp_path: Path) -> None:
    with timestamp_authority(tmp_path / "second") as second:
        answers = client(second.url, authority.url).stamp(SIGNATURE)
        roots = [decode_timestamp_response(one).signed_data.certificates for one in answers]
        assert second.signer.der in roots[0]
        assert authority.signer.der in roots[1]


def _recorded(authority: TimestampAuthority, query: bytes) -> bytes:
    """Return the answer to the first request, whatever is asked."""
    if not authority.requests:
        return authority.stamp(query)
    return (authority.root / "0.tsr").read_bytes()


@pytest.mark.parametrize(
    ("lie", "message"),
    [
        (lambda tsa, query: b"", "0 bytes"),
        (lambda tsa, query: b"<html>", "6 bytes"),
        (lambda tsa, query: b"0" * 10_000, "10000 bytes"),
        (lambda tsa, query: tsa.stamp(query)[:-1], "bytes"),
        (lambda tsa, query: tsa.stamp(query) + b"\0", "response"),
        (lambda tsa, query: tsa.stamp(b"junk"), "status 2"),
        (lambda tsa, query: bytes.fromhex("30053003020100"), "cannot be read"),
        (lambda tsa, query: query, "bytes"),
        (
            lambda tsa, query: tsa.stamp(
                query.replace(hashlib.sha256(SIGNATURE).digest(), hashlib.sha256(b"other").digest())
            ),
            "a timestamp of",
        ),
    ],
)
def test_an_answer_to_something_else_is_refused(lie: Lie, message: str, lying: Callable[[Lie], str]) -> None:
    with pytest.raises(Undecided) as refusal:
        client(lying(lie)).stamp(SIGNATURE)
    assert "the timestamp authority" in refusal.value.what
    assert message in refusal.value.message
    assert refusal.value.exit_code == 3


def test_an_answer_that_was_recorded_is_refused(lying: Callable[[Lie], str]) -> None:
    asked = client(lying(_recorded))
    assert asked.stamp(SIGNATURE)
    with pytest.raises(Undecided, match="nonce"):
        asked.stamp(SIGNATURE)


def test_an_answer_beyond_the_bound_is_refused(lying: Callable[[Lie], str]) -> None:
    with pytest.raises(Undecided, match="MAX_TIMESTAMP"):
        client(lying(lambda tsa, query: b"0" * 100_000)).stamp(SIGNATURE)


@pytest.mark.parametrize(
    "urls",
    [(), ("https://tsa.example.test",) * 2, ("tsa.example.test",), tuple(f"https://{n}.example" for n in range(33))],
)
def test_authorities_that_cannot_be_asked_are_wrong_usage(urls: tuple[str, ...]) -> None:
    with pytest.raises(UsageError):
        client(*urls)


def test_a_password_in_a_url_is_not_shown() -> None:
    assert "planted" not in repr(client("https://me:planted@tsa.example.test/"))
