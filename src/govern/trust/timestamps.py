"""RFC 3161 timestamps: that a signature existed at a moment, by the word of a pinned authority.

The timestamp is of the envelope's signature bytes, as cosign and Sigstore bundles have it. The structure and
the CMS signature are read and checked by `rfc3161_client`; what is asked of it stands here.

Source: RFC 3161 §2.4.2, §2.3; sigstore/protobuf-specs, sigstore_bundle.proto, TimestampVerificationData.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import UTC, datetime

from govern.errors import Denied, GovernError
from govern.limits import MAX_TIMESTAMP, MAX_TIMESTAMPS
from govern.trust.anchors import Authority
from govern.trust.trusted_time import TrustedTime

_HASHES = {
    "2.16.840.1.101.3.4.2.1": hashlib.sha256,
    "2.16.840.1.101.3.4.2.2": hashlib.sha384,
    "2.16.840.1.101.3.4.2.3": hashlib.sha512,
}


def check_timestamps(
    tokens: Sequence[bytes],
    signature: bytes,
    authorities: Sequence[Authority],
    error: type[GovernError] = Denied,
) -> tuple[TrustedTime, ...]:
    """Return the times that pinned authorities vouch for.

    A token by an authority that is not pinned proves nothing, and is passed over: anyone can add one to a bundle.

    Args:
        tokens: DER responses.
        signature: what must have been stamped.
        authorities: the pinned ones.
        error: the class to raise.

    Raises:
        error: for a token that cannot be read, is of another signature, or appears twice.
    """
    if not tokens:
        return ()
    MAX_TIMESTAMPS.check(len(tokens), "the bundle's list of timestamps", error)
    if len(set(tokens)) != len(tokens):
        # Twice the same word is not two words.
        raise error("the bundle holds the same timestamp twice", expected="each once")
    found = (_check(token, signature, authorities, error) for token in tokens)
    return tuple(sorted(one for one in found if one is not None))


def _check(
    token: bytes, signature: bytes, authorities: Sequence[Authority], error: type[GovernError]
) -> TrustedTime | None:
    # Imported here: who verifies records without timestamps does not load it.
    from rfc3161_client import VerifierBuilder, decode_timestamp_response

    MAX_TIMESTAMP.check(len(token), "a timestamp", error)
    try:
        response = decode_timestamp_response(token)
        info = response.tst_info
        imprint = info.message_imprint
        algorithm = _HASHES.get(imprint.hash_algorithm.dotted_string)
        stamped, at = imprint.message, _aware(info.gen_time)
    except Exception as fault:  # the library raises several kinds for what it cannot parse
        raise error("a timestamp cannot be read", got=str(fault)[:200], expected="an RFC 3161 response") from fault
    # (a) what was stamped is this signature: otherwise the token is another record's.
    if algorithm is None or stamped != algorithm(signature).digest():
        raise error(
            "a timestamp is of something else",
            got=f"{imprint.hash_algorithm.dotted_string} {stamped.hex()[:64]}",
            expected=f"sha256 {hashlib.sha256(signature).hexdigest()}, of this signature",
        )
    for authority in authorities:
        if len(authority.chain) < 2:
            continue  # without its signing certificate an authority is nobody in particular
        # (b) the pinned signing certificate signed it: a certificate from the token's own bag is never taken
        # (GHSA-xm5m-wgh2-rrg3).
        builder = VerifierBuilder(
            tsa_certificate=authority.chain[0],
            intermediates=list(authority.chain[1:-1]),
            roots=[authority.chain[-1]],
        )
        try:
            builder.build().verify(response, stamped)
        except Exception:  # noqa: BLE001, S112 - of several kinds: the token's certificates need not even be some
            continue
        # (c) the authority counted then
        if authority.window.holds(at):
            return TrustedTime(at, "timestamp", authority.name)
    return None


def _aware(moment: datetime) -> datetime:
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
