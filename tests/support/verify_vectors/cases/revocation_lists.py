"""What an internal PKI took back: revocation lists, given as files."""

from __future__ import annotations

from collections.abc import Iterator

from support.verify_vectors.case import Case
from support.verify_vectors.cases.pki import BETWEEN, LEAF, ROOT, asked, given, signed
from support.verify_vectors.certificates import Issued, revocation_list
from support.verify_vectors.keys import key
from support.verify_vectors.times import CLOCK, DAY, SIGNED


def cases() -> Iterator[Case]:
    """Yield the vectors of this theme."""
    revoked = "the certificate was revoked"
    source = "RFC 5280 §5 and §6.3"
    before = revocation_list(BETWEEN, [(LEAF.certificate, SIGNED - DAY)])
    yield asked(
        "revoked",
        "The certificate was revoked a day before it was used.",
        signed(),
        revoked,
        source=source,
        by=given(revoked=before),
    )
    after = revocation_list(BETWEEN, [(LEAF.certificate, SIGNED + DAY)])
    yield asked(
        "revoked-later",
        "The certificate was revoked a day after the signature was stamped.",
        signed(),
        source=source,
        by=given(revoked=after),
        outcome="allowed",
    )
    yield asked(
        "revoked-since",
        "The certificate is revoked now, and nothing says that it signed before.",
        signed(at=None),
        revoked,
        source=source,
        by=given(revoked=after),
    )
    above = revocation_list(ROOT, [(BETWEEN.certificate, SIGNED - DAY)])
    yield asked(
        "intermediate-revoked",
        "The intermediate was revoked a day before the certificate was used.",
        signed(),
        revoked,
        source=source,
        by=given(revoked=above),
    )
    heard = revocation_list(BETWEEN, [(LEAF.certificate, SIGNED + DAY)], invalid=SIGNED - DAY)
    yield asked(
        "stolen-before-it-was-revoked",
        "The key was stolen before it signed; the authority heard of it after.",
        signed(),
        revoked,
        source="RFC 5280 §5.3.2",
        by=given(revoked=heard),
    )
    false = revocation_list(Issued(BETWEEN.certificate, key("mallory")), [(LEAF.certificate, SIGNED - DAY)])
    yield asked(
        "revoked-by-an-impostor",
        "A list under the authority's name, signed by another key, revokes nothing.",
        signed(),
        "revocation: not made: lists for 0 of 2",
        source=source,
        by=given(revoked=false),
        outcome="allowed",
    )
    old = revocation_list(BETWEEN, [], end=CLOCK - DAY)
    yield asked(
        "revocation-list-out-of-date",
        "The list is of last month: what it does not name may be revoked since.",
        signed(),
        "out of date",
        source=source,
        by=given(revoked=old),
        outcome="rejected",
    )
