"""Who signed a bundle with a certificate: steps (3) to (7) of the proof, for Sigstore and for an internal PKI.

A certificate is good for a time, so without (6) nobody can say that it was good when it signed.

Source: sigstore client-spec, "Verification"; RFC 5280 §6.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from govern.errors import Denied
from govern.intoto.bundle import Bundle
from govern.times import write_time
from govern.trust.anchors import Authority, Pki, Trust, TrustedRoot
from govern.trust.authentic import Authentic, all_times, check_windows, log_check, logged, stamped_times
from govern.trust.certificate_log import check_logged
from govern.trust.certificates import Leaf, check_chain
from govern.trust.certified import pki_identity, sigstore_identity
from govern.trust.hints import Stranger
from govern.trust.identity import Identity, Voice
from govern.trust.records import REVOCATION, Check
from govern.trust.revocation import check_not_revoked
from govern.trust.trusted_time import describe_times

if TYPE_CHECKING:
    from cryptography.x509 import Certificate


def authenticate_certificate(bundle: Bundle, leaf: Leaf, trust: Trust, at: datetime | None) -> Authentic:
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
        raise Stranger(
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
    stamped = stamped_times(bundle, root.timestamp_authorities)
    # (7) comes before the rest of (6) here: a log of the first version is a clock as well.
    proofs = logged(bundle, leaf.der, root.logs)
    # (6)
    times = all_times(stamped, proofs)
    if not times:
        raise Denied(
            "nothing says when the certificate signed",
            got=describe_times((), len(bundle.timestamps)),
            expected="a timestamp or log entry of the trusted root: such a certificate is good for minutes",
        )
    # (4) at every proven time: what was seen outside of the certificate's minutes was not signed in them
    chains = [_sigstore_chain(leaf, root, one.at) for one in times]
    chain = chains[0]
    check_windows(proofs, times, None)
    if len(chain) < 2:
        # An authority that is no authority was pinned, and signed by itself.
        raise Denied("the certificate was issued by nobody", got=leaf.signer_label, expected="one of an authority")
    logged_by = check_logged(leaf.certificate, chain[1], root.certificate_logs)
    # (5)
    identity = sigstore_identity(leaf.certificate)
    if not root.is_believed_about(identity.issuer):
        # Who runs one instance could otherwise name anybody whom another one vouches for.
        raise Denied(
            "the trusted root is not believed about this identity",
            got=_identity_text(identity),
            expected=f"a person of {' or '.join(root.issuers)[:300]}",
            hint="if it should be, add the provider to the issuers of this root in the policy's trust section",
        )
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
            log_check(proofs, bundle),
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
    stamped = stamped_times(bundle, trust.all_timestamp_authorities)
    proofs = logged(bundle, leaf.der, trust.all_logs)
    # (6)
    times = all_times(stamped, proofs)
    check_windows(proofs, times, at)
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
            Check("key or certificate", True, f"vouched for by {pki.name}"),
            Check(REVOCATION, asked == of, f"lists for {asked} of {of} certificates"),
            Check("identity", True, _identity_text(identity)),
            Check("trusted time", bool(times), describe_times(times, len(bundle.timestamps)) + when),
            log_check(proofs, bundle),
        ),
    )


def _identity_text(identity: Identity) -> str:
    return f"{identity.subject} by {identity.issuer}"
