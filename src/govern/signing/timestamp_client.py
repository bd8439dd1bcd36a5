"""RFC 3161 timestamps: asks authorities when a signature existed.

What is stamped are the envelope's signature bytes, as cosign and Sigstore bundles have it. The answer is
checked to be one to this request; whether its signer is trusted is asked when it is verified.

Source: RFC 3161 §2.4, §3.4; sigstore/protobuf-specs, sigstore_bundle.proto, TimestampVerificationData.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import Final

from govern.errors import Undecided, UsageError
from govern.limits import MAX_TIMESTAMP, MAX_TIMESTAMPS
from govern.settings import Settings
from govern.signing.service import Service, check_url, hidden, patience

_SHA256: Final = "2.16.840.1.101.3.4.2.1"
_WHAT: Final = "the timestamp authority"


@dataclass(frozen=True, slots=True)
class TimestampClient:
    """Asks every one of some timestamp authorities.

    Args:
        urls: of the authorities, at least one.
        settings: proxies and authorities of TLS.
        named_by: where the URLs stand, for hints.

    Raises:
        UsageError: for no URL, too many, or one twice.
    """

    urls: tuple[str, ...]
    settings: Settings = field(repr=False)
    named_by: str = "--timestamp-url"

    def __post_init__(self) -> None:
        for url in self.urls:
            check_url(url, _WHAT)
        MAX_TIMESTAMPS.check(len(self.urls), "the list of timestamp authorities", UsageError)
        if not self.urls or len(set(self.urls)) != len(self.urls):
            # Twice the same word is not two words, and no verifier takes it.
            raise UsageError("the timestamp authorities are wrong", got=f"{len(self.urls)}", expected="each URL once")

    def __repr__(self) -> str:
        # A URL may hold a password.
        return f"TimestampClient({len(self.urls)} authorities)"

    def stamp(self, signature: bytes) -> tuple[bytes, ...]:
        """Return one DER response of each authority, in the order of the URLs.

        Args:
            signature: what is stamped.

        Raises:
            Undecided: where one of them does not answer, refuses, or answers to something else.
        """
        return tuple(self._ask(url, signature) for url in self.urls)

    def _ask(self, url: str, signature: bytes) -> bytes:
        # Imported here: only who asks for time loads it.
        from rfc3161_client import TimestampRequestBuilder
        from rfc3161_client.base import HashAlgorithm

        request = (
            TimestampRequestBuilder()
            .hash_algorithm(HashAlgorithm.SHA256)
            .data(signature)
            .nonce(nonce=True)
            .cert_request(cert_request=True)
            .build()
        )
        hint = f"check its URL: {self.named_by}"
        service = Service(_WHAT, self.settings, patience(self.settings), hint, MAX_TIMESTAMP)
        answer = service.post(url, request.as_bytes(), "application/timestamp-query")
        _check(answer, signature, request.nonce)
        return answer


def _check(answer: bytes, signature: bytes, nonce: int | None) -> None:
    from rfc3161_client import decode_timestamp_response

    try:
        response = decode_timestamp_response(answer)
        status, told = response.status, "; ".join(response.status_string)
    except (ValueError, TypeError) as fault:
        raise _wrong(f"{len(answer)} bytes: {hidden(str(fault))[:100]}", "an RFC 3161 response") from fault
    if status != 0:
        raise _wrong(f"status {status} {hidden(told)[:200]!r}", "status 0, granted")
    try:
        info = response.tst_info
        got_nonce, imprint = info.nonce, info.message_imprint
        algorithm, stamped = imprint.hash_algorithm.dotted_string, imprint.message
    except (ValueError, TypeError, AttributeError, OverflowError) as fault:
        raise _wrong(f"a token that cannot be read: {str(fault)[:100]}", "an RFC 3161 response") from fault
    # An answer that was recorded earlier has another nonce.
    if got_nonce != nonce:
        raise _wrong("another nonce", "the one of this request")
    if algorithm != _SHA256 or stamped != hashlib.sha256(signature).digest():
        raise _wrong(f"a timestamp of {algorithm} {stamped.hex()[:64]}", "one of this signature's sha256")


def _wrong(got: str, expected: str) -> Undecided:
    return Undecided(f"{_WHAT} answered something else", got=got, expected=expected, hint="check --timestamp-url")
