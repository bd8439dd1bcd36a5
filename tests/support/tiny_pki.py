"""An internal PKI of values, a clock and a log beside it, and who trusts them."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Final

import pytest
from cryptography.x509 import load_pem_x509_crl

from govern.errors import Denied
from govern.intoto.bundle import Bundle
from govern.trust.anchors import Pki, Trust
from govern.trust.authenticate import authenticate
from support.tiny_log import TinyLog
from support.tiny_sigstore import authority_of, signature_in, signed_bundle
from support.verify_vectors.certificates import CODE_SIGNING, Issued, Wish, issue
from support.verify_vectors.keys import key, public
from support.verify_vectors.stamps import stamper
from support.verify_vectors.times import SIGNED

CLOCK: Final = stamper("a clock")
LOG: Final = TinyLog()
CORP: Final = issue(Wish("the corporate root", authority=True))
BRANCH: Final = issue(Wish("the branch", authority=True, path_length=0), CORP)
WORKER: Final = issue(Wish("worker", sans=("spiffe://corp.test/worker",), usages=(CODE_SIGNING,)), BRANCH)


def keyed(*labels: str, **more: Any) -> Trust:
    """Trust these keys; `ci` where none is named."""
    known = [public(key(one)) for one in labels or ("ci",)]
    return Trust({one.signer: one for one in known}, **more)


def corporate(*lists: str, clock: bool = True, **more: Any) -> Trust:
    """Trust the PKI, with these revocation lists, and its clock."""
    pki = Pki(CORP.certificate, tuple(load_pem_x509_crl(one.encode()) for one in lists))
    return Trust(pkis=(pki,), timestamp_authorities=(authority_of(CLOCK.signer),) if clock else (), **more)


def pki_signed(leaf: Issued = WORKER, *, after: timedelta | None = timedelta(), above: int = 1) -> Bundle:
    """Sign with a certificate.

    Args:
        leaf: the signer's.
        after: how long after `SIGNED` it was timestamped; None for not at all.
        above: how many of the issuers the bundle carries.
    """
    chain = [Issued(one, leaf.key).der for one in leaf.chain[: 1 + above]]
    bare = signed_bundle(leaf.key, chain)
    if after is None:
        return bare
    return signed_bundle(leaf.key, chain, stamps=[CLOCK.stamp(signature_in(bare), SIGNED + after)])


def refused(bundle: Bundle, trust: Trust, at: datetime | None = None) -> str:
    """Return why nobody is found to have signed a bundle."""
    with pytest.raises(Denied) as refusal:
        authenticate(bundle, trust, at)
    return refusal.value.message
