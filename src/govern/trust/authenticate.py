"""Who signed a bundle, and when it existed: steps (3) to (7) of the proof (`admit`).

    (3) signature      these exact bytes, under this payload type
    (4) key or certificate   one that the verifier pinned, or that a pinned authority vouches for
    (5) identity       whom the certificate is about
    (6) trusted time   when a pinned timestamp authority or log saw the signature
    (7) log            that a pinned log holds this very entry

A key is trusted by itself, so (6) and (7) add to it where they are there. A certificate is good for a time,
so without (6) nobody can say that it was good when it signed.

What a bundle carries beside the envelope is not signed as a whole: anyone can add a timestamp or a log entry.
One of a stranger proves nothing and is passed over. One that is about something else is a forgery, and refused.

Source: sigstore client-spec, "Verification"; DSSE v1.0 protocol.md.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from govern.errors import Denied
from govern.intoto.bundle import Bundle, CertificateChain, PublicKeyHint
from govern.intoto.dsse import Envelope
from govern.times import write_time
from govern.trust.anchors import Authority, Log, Pki, Trust, TrustedRoot
from govern.trust.certificate_log import check_logged
from govern.trust.certificates import Leaf, check_chain, read_leaf
from govern.trust.certified import pki_identity, sigstore_identity
from govern.trust.identity import Identity, Voice
from govern.trust.keys import PublicKey
from govern.trust.log import LogProof, check_logs
from govern.trust.records import Check
from govern.trust.revocation import check_not_revoked
from govern.trust.timestamps import TrustedTime, check_timestamps, describe_times

if TYPE_CHECKING:
    from cryptography.x509 import Certificate


@dataclass(frozen=True, slots=True)
class Authentic:
    """What steps (3) to (7) found.

    Args:
        voice: who signed.
        times: when it existed, by others' word; earliest first.
        logged: whether a pinned log holds it.
        checks: the steps, as they went.
    """

    voice: Voice
    times: tuple[TrustedTime, ...]
    logged: bool
    checks: tuple[Check, ...]


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
            return _by_key(bundle, bundle.material.hint, trust)
        case CertificateChain():
            return _by_certificate(bundle, read_leaf(bundle.material.certificates), trust, at)


def _by_key(bundle: Bundle, hint: str, trust: Trust) -> Authentic:
    # (3) and (4)
    key = _signing_key(bundle.envelope, hint, trust)
    # (6) and (7)
    times = _times(bundle, trust.all_timestamp_authorities)
    proofs = _logged(bundle, key, trust.all_logs)
    times = _with_logs(times, proofs)
    _check_windows(proofs, times)
    return Authentic(
        Voice(key.signer),
        times,
        bool(proofs),
        (
            Check("signature", True, f"by {key.signer}"),
            Check("key or certificate", True, "the key is one that the verifier brought"),
            Check("identity", False, "key-signed: who holds the key is the policy's word"),
            Check("trusted time", bool(times), describe_times(times, len(bundle.timestamps))),
            _log_check(proofs, bundle),
        ),
    )


def _signing_key(envelope: Envelope, hint: str, trust: Trust) -> PublicKey:
    if not trust.keys:
        # Empty is never yes.
        raise Denied(
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
    raise Denied(
        "no trusted key made this signature",
        got=f"a signature with the key hint {hint[:100] or '(none)'}",
        expected="one of " + ", ".join(sorted(trust.keys))[:500],
        hint="if the signer should be trusted, add their public key to the policy; otherwise ignore the record",
    )


def _by_certificate(bundle: Bundle, leaf: Leaf, trust: Trust, at: datetime | None) -> Authentic:
    # (3) before anybody is asked who the key belongs to
    leaf.key.verify(bundle.envelope.signatures[0].sig, bundle.envelope.signed)
    refusals: list[Denied] = []
    # Each Sigstore instance by itself: one's log does not vouch for the other's certificate.
    for root in trust.roots:
        try:
            return _by_sigstore(bundle, leaf, root)
        except Denied as refusal:
            refusals.append(refusal)
    for pki in trust.pkis:
        try:
            return _by_pki(bundle, leaf, pki, trust, at)
        except Denied as refusal:
            refusals.append(refusal)
    if not refusals:
        raise Denied(
            "the record is signed with a certificate, and no authority is trusted",
            got=leaf.signer_label,
            expected="a trusted root",
            hint="give --trusted-root FILE or --ca-roots FILE, or put them into the policy's trust section",
        )
    # Of several authorities the one that went furthest says what is wrong.
    raise next((one for one in refusals if not isinstance(one, _NotVouched)), refusals[0])


class _NotVouched(Denied):
    """No chain leads to this authority: the certificate is another's."""


def _by_sigstore(bundle: Bundle, leaf: Leaf, root: TrustedRoot) -> Authentic:
    issuers = {one.subject for authority in root.certificate_authorities for one in authority.chain}
    if leaf.certificate.issuer not in issuers:
        # Said first: what else such a certificate lacks is not why it is refused.
        raise _NotVouched(
            "the certificate is not of this trusted root",
            got=f"the issuer {leaf.certificate.issuer.rfc4514_string()[:200]}",
            expected=", ".join(one.name for one in root.certificate_authorities)[:300] or "a certificate authority",
        )
    # (7) comes before (6) here: a log of the first version is a clock as well.
    proofs = _logged(bundle, leaf, root.logs)
    # (6)
    times = _with_logs(_times(bundle, root.timestamp_authorities), proofs)
    if not times:
        raise Denied(
            "nothing says when the certificate signed",
            got=describe_times((), len(bundle.timestamps)),
            expected="a timestamp or log entry of the trusted root: such a certificate is good for minutes",
        )
    # (4) at every proven time: what was seen outside of the certificate's minutes was not signed in them
    chains = [_sigstore_chain(leaf, root, one.at) for one in times]
    chain = chains[0]
    _check_windows(proofs, times)
    if len(chain) < 2:
        # An authority that is no authority was pinned, and signed by itself.
        raise Denied("the certificate was issued by nobody", got=leaf.signer_label, expected="one of an authority")
    logged_by = check_logged(leaf.certificate, chain[1], root.certificate_logs)
    # (5)
    identity = sigstore_identity(leaf.certificate)
    if root.logs and not proofs:
        raise Denied(
            "the record is in no trusted log",
            got=f"{len(bundle.log_entries)} entries, none of a pinned log",
            expected="an entry of " + ", ".join(one.origin for one in root.logs)[:300],
        )
    return Authentic(
        Voice.of(identity),
        times,
        bool(proofs),
        (
            Check("signature", True, f"by {leaf.signer_label}"),
            Check("key or certificate", True, f"vouched for by {chain[-1].subject.rfc4514_string()}, log {logged_by}"),
            Check("identity", True, _identity_text(identity)),
            Check("trusted time", True, describe_times(times, len(bundle.timestamps))),
            _log_check(proofs, bundle),
        ),
    )


def _sigstore_chain(leaf: Leaf, root: TrustedRoot, at: datetime) -> tuple[Certificate, ...]:
    refusal: Denied | None = None
    for authority in root.certificate_authorities:
        if not authority.window.holds(at):
            continue
        try:
            # Fulcio's certificates come alone: what a bundle adds to build a chain with is not looked at.
            return check_chain(Leaf(leaf.certificate, leaf.key, ()), authority, at)
        except Denied as fault:
            refusal = fault
    if refusal is None:
        raise _NotVouched(
            "no certificate authority of the trusted root counts at that time",
            got=write_time(at),
            expected=", ".join(one.name for one in root.certificate_authorities)[:300] or "one in the trusted root",
        )
    raise _NotVouched(refusal.what, got=refusal.got, expected=refusal.expected, hint=refusal.hint)


def _by_pki(bundle: Bundle, leaf: Leaf, pki: Pki, trust: Trust, at: datetime | None) -> Authentic:
    proofs = _logged(bundle, leaf, trust.all_logs)
    # (6)
    times = _with_logs(_times(bundle, trust.all_timestamp_authorities), proofs)
    _check_windows(proofs, times)
    moment = times[0].at if times else at
    if moment is None:
        raise Denied(
            "nothing says when the certificate signed",
            got=describe_times((), len(bundle.timestamps)),
            expected="a timestamp of a pinned authority",
            hint="sign with --timestamp-url URL, and put the authority's chain into the policy's trust section",
        )
    # (4)
    try:
        chain = check_chain(leaf, Authority(pki.name, (pki.root,)), moment)
    except Denied as fault:
        raise _NotVouched(fault.what, got=fault.got, expected=fault.expected, hint=fault.hint) from None
    asked, of = check_not_revoked(chain, pki.revocation_lists, moment)
    # (5)
    identity = pki_identity(leaf.certificate, pki.name)
    when = "" if times else f"; good at {write_time(moment)}, the moment asked about"
    return Authentic(
        Voice.of(identity),
        times,
        bool(proofs),
        (
            Check("signature", True, f"by {leaf.signer_label}"),
            Check(
                "key or certificate",
                True,
                f"vouched for by {pki.name}; revocation lists for {asked} of {of} certificates",
            ),
            Check("identity", True, _identity_text(identity)),
            Check("trusted time", bool(times), describe_times(times, len(bundle.timestamps)) + when),
            _log_check(proofs, bundle),
        ),
    )


def _identity_text(identity: Identity) -> str:
    return f"{identity.subject} by {identity.issuer}"


def _times(bundle: Bundle, authorities: Sequence[Authority]) -> tuple[TrustedTime, ...]:
    return check_timestamps(bundle.timestamps, bundle.envelope.signatures[0].sig, authorities)


def _logged(bundle: Bundle, signer: PublicKey | Leaf, logs: Sequence[Log]) -> tuple[LogProof, ...]:
    verifier = signer if isinstance(signer, PublicKey) else _der(signer)
    return check_logs(bundle.log_entries, bundle.envelope, verifier, logs) if bundle.log_entries else ()


def _der(leaf: Leaf) -> bytes:
    from cryptography.hazmat.primitives.serialization import Encoding

    return leaf.certificate.public_bytes(Encoding.DER)


def _with_logs(times: Sequence[TrustedTime], proofs: Sequence[LogProof]) -> tuple[TrustedTime, ...]:
    logged = (TrustedTime(one.integrated, "log", one.log.origin) for one in proofs if one.integrated is not None)
    return tuple(sorted([*times, *logged]))


def _check_windows(proofs: Sequence[LogProof], times: Sequence[TrustedTime]) -> None:
    """Refuse the entry of a log that did not count when the record was signed, as far as anybody says when that was.

    Where the log itself says when, `check_logs` judged it.
    """
    for one in proofs:
        if one.integrated is None and times and not any(one.log.window.holds(time.at) for time in times):
            raise Denied(
                "the log did not count when the record was signed",
                got=describe_times(times, len(times)),
                expected=f"a time at which {one.log.origin} is trusted",
            )


def _log_check(proofs: Sequence[LogProof], bundle: Bundle) -> Check:
    if not proofs:
        present = len(bundle.log_entries)
        return Check(
            "transparency log", False, f"{present} entries present, none of a pinned log" if present else "no entry"
        )
    return Check("transparency log", True, "; ".join(f"entry {one.index} of {one.log.origin}" for one in proofs)[:500])
