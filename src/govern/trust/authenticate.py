"""Who signed a bundle, and when it existed: steps (3) to (7) of the proof (`admit`).

    (3) signature      these exact bytes, under this payload type
    (4) key or certificate   one that the verifier pinned, or that a pinned authority vouches for
    (5) identity       whom the certificate is about
    (6) trusted time   when a pinned timestamp authority or log saw the signature
    (7) log            that a pinned log holds this very entry

A key is trusted by itself, so (6) and (7) add to it where they are there. A certificate is good for a time,
so without (6) nobody can say that it was good when it signed.

Source: sigstore client-spec, "Verification"; DSSE v1.0 protocol.md.
"""

from __future__ import annotations

from datetime import datetime

from govern.errors import Denied
from govern.intoto.bundle import Bundle, CertificateChain, PublicKeyHint
from govern.intoto.dsse import Envelope
from govern.trust.anchors import Trust
from govern.trust.authentic import Authentic, all_times, check_windows, log_check, logged, stamped_times
from govern.trust.hints import Stranger, spelled
from govern.trust.identity import Voice
from govern.trust.keys import PublicKey
from govern.trust.records import Check
from govern.trust.trusted_time import describe_times


def authenticate(bundle: Bundle, trust: Trust, at: datetime | None) -> Authentic:
    """Return who signed a bundle, and when.

    Args:
        bundle: the parsed bundle.
        trust: the verifier's anchors.
        at: the moment that is asked about: a certificate of an internal PKI without a trusted time must be good
            then. None refuses such certificates.

    Raises:
        Denied: where a step fails.
    """
    if len(bundle.envelope.signatures) != 1:
        raise Denied("the envelope has several signatures", got=str(len(bundle.envelope.signatures)), expected="one")
    match bundle.material:
        case PublicKeyHint():
            return _by_key(bundle, bundle.material.hint, trust, at)
        case CertificateChain():
            # Imported here: who verifies with keys alone does not load what reads certificates.
            from govern.trust.by_certificate import authenticate_certificate
            from govern.trust.certificates import read_leaf

            return authenticate_certificate(bundle, read_leaf(bundle.material.certificates), trust, at)


def _by_key(bundle: Bundle, hint: str, trust: Trust, at: datetime | None) -> Authentic:
    # (3) and (4)
    key = _signing_key(bundle.envelope, hint, trust)
    # (6) and (7)
    stamped = stamped_times(bundle, trust.all_timestamp_authorities)
    proofs = logged(bundle, key, trust.all_logs)
    times = all_times(stamped, proofs)
    check_windows(proofs, times, at)
    return Authentic(
        Voice(key.signer),
        times,
        bool(proofs),
        (
            Check("signature", True, f"by {key.signer}"),
            Check("key or certificate", True, "the key is one that the verifier brought"),
            Check("identity", False, "key-signed: who holds the key is the policy's word"),
            Check("trusted time", bool(times), describe_times(times, len(bundle.timestamps))),
            log_check(proofs, bundle),
        ),
    )


def _signing_key(envelope: Envelope, hint: str, trust: Trust) -> PublicKey:
    if not trust.keys:
        # Empty is never yes.
        raise Stranger(
            "no key is trusted",
            expected="at least one" if not trust.roots and not trust.pkis else "a record signed with a certificate",
            hint="give --key FILE or --policy FILE",
        )
    signature, signed = envelope.signatures[0].sig, envelope.signed
    # The hint is unauthenticated: it chooses which key to try first, never which key to trust.
    for key in sorted(trust.keys.values(), key=lambda key: (key.hint != hint, key.signer)):
        try:
            key.verify(signature, signed)
        except Denied:
            continue
        return key
    named = next((key for key in trust.keys.values() if key.hint == hint), None)
    if named is not None:
        raise Denied(
            f"the signature does not belong to these bytes: the bundle names the key {named.signer} which did not make "
            "it; it was changed or is a forgery",
            hint="fetch the record again from a place that you trust, or ignore it",
        )
    raise Stranger(
        "no trusted key made this signature",
        got=f"one that names the key {spelled(hint[:100]) or '(none)'}",
        expected="one of " + ", ".join(sorted(trust.keys))[:500],
        hint="if the signer should be trusted, add their public key to the policy; otherwise ignore the record",
    )
