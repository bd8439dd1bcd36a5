"""Certificates of an internal PKI, and what it took back."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Final

from support.verify_vectors.artifacts import provenance
from support.verify_vectors.bundles import Json, bundle, signature_of, with_proofs
from support.verify_vectors.case import Case, Given, Outcome
from support.verify_vectors.certificates import CODE_SIGNING, SERVER_AUTH, Issued, Wish, issue, revocation_list
from support.verify_vectors.keys import key
from support.verify_vectors.layouts import Layout
from support.verify_vectors.stamps import stamper
from support.verify_vectors.times import CLOCK, DAY, HOUR, SIGNED

SUBJECT: Final = "https://ci.example.test/train"
ROOT: Final = issue(Wish("the root of Acme", authority=True))
BETWEEN: Final = issue(Wish("an authority of Acme", authority=True, path_length=0, usages=(CODE_SIGNING,)), ROOT)
CLOCKS: Final = stamper("a timestamp authority of Acme")
RFC: Final = "RFC 5280 §6"


def wish(**changes: object) -> Wish:
    """Return an honest signer's certificate, with changes."""
    given: dict[str, object] = {"name": "a signer of Acme", "sans": (SUBJECT,), "usages": (CODE_SIGNING,)}
    return Wish(**(given | changes))  # type: ignore[arg-type]


LEAF: Final = issue(wish(), BETWEEN)


def given(
    *, subject: str = SUBJECT, issuer: str = "CN=the root of Acme", revoked: str = "", roots: Mapping[str, str] | None = None
) -> Given:
    """Return a verifier with an identity, a root, an authority for time, and perhaps a revocation list."""
    files = dict(roots or {"root.pem": ROOT.pem})
    verifier: Json = {
        "identities": [{"issuer": issuer, "subject": subject}],
        "caRoots": list(files),
        "timestampChains": ["timestamps.pem"],
        "require": ["provenance"],
    }
    files["timestamps.pem"] = CLOCKS.signer.chain_pem
    if revoked:
        files["revoked.pem"] = revoked
        verifier["revocationLists"] = ["revoked.pem"]
    return Given(verifier, files)


def signed(leaf: Issued = LEAF, *, at: datetime | None = SIGNED, chain: tuple[bytes, ...] | None = None) -> Json:
    """Return a bundle signed with a certificate; with a timestamp, unless `at` is None."""
    if chain is None:
        chain = tuple(issue_.der for issue_ in (leaf, BETWEEN))
    one = bundle(provenance(), leaf.key, certificates=chain)
    return with_proofs(one, stamps=[CLOCKS.stamp(signature_of(one), at)]) if at is not None else one


def _case(
    name: str,
    sentence: str,
    one: Json,
    *says: str,
    source: str = RFC,
    by: Given | None = None,
    outcome: Outcome = "denied",
    at: datetime = CLOCK,
) -> Case:
    return Case(f"pki-{name}", sentence, source, Layout().model().attach(one), by or given(), outcome, says, at=at)


def cases() -> Iterator[Case]:
    """Yield the vectors of this theme."""
    yield _case("timestamped", "An honest provenance: certificate, intermediate, timestamp.", signed(), "by the timestamp",
                outcome="allowed")  # fmt: skip
    yield _case("without-time", "No timestamp; the certificate is good at the moment asked about.", signed(at=None),
                "not made: no timestamp", outcome="allowed")  # fmt: skip
    yield _case("by-mail", "The subject is a mail address.", signed(issue(wish(sans=("alice@example.test",)), BETWEEN)),
                by=given(subject="alice@example.test"), outcome="allowed")  # fmt: skip
    says = "the certificate is not vouched for"
    short = issue(wish(start=SIGNED - HOUR, end=SIGNED + HOUR), BETWEEN)
    yield _case("expired-since", "The certificate is over now, and was good when the signature was stamped.", signed(short),
                outcome="allowed")  # fmt: skip
    yield _case("expired", "The certificate is over, and nothing says that it signed before.", signed(short, at=None), says)
    yield _case("expired-when-stamped", "The certificate was over when the signature was stamped.",
                signed(short, at=SIGNED + DAY), says)  # fmt: skip
    yield _case("not-yet-valid", "The signature was stamped before the certificate began.", signed(short, at=SIGNED - DAY),
                says)  # fmt: skip
    impostor = issue(Wish("the root of Acme", authority=True, serial="impostor"))
    below = issue(Wish("an authority of Acme", authority=True, path_length=0, serial="impostor"), impostor)
    fake = issue(wish(serial="impostor"), below)
    yield _case("of-an-impostor", "A root of the same name, with another key, vouches for the signer; it is brought along.",
                signed(fake, chain=(fake.der, below.der, impostor.der)), says)  # fmt: skip
    usual = issue(wish(name="an authority of Acme", serial="usual", sans=("https://ci.example.test/other",)), BETWEEN)
    child = issue(wish(serial="child"), usual)
    yield _case("intermediate-without-ca", "An ordinary signer (CA:FALSE) issued the certificate, and is brought along.",
                signed(child, chain=(child.der, usual.der, BETWEEN.der)), says)  # fmt: skip
    deeper = issue(Wish("deeper", authority=True, path_length=0), BETWEEN)
    deep = issue(wish(serial="deep"), deeper)
    yield _case("too-deep", "An authority that may issue signers only issued another authority.",
                signed(deep, chain=(deep.der, deeper.der, BETWEEN.der)), says, source="RFC 5280 §4.2.1.9")  # fmt: skip
    stale = issue(Wish("a stale authority", authority=True, path_length=0, end=SIGNED - DAY), ROOT)
    late = issue(wish(serial="late"), stale)
    yield _case("intermediate-expired", "The intermediate was over when the certificate was used.",
                signed(late, chain=(late.der, stale.der)), says, source="cosign GHSA-wfqv-66vq-46rm")  # fmt: skip
    yield _case("intermediate-missing", "The intermediate is not brought along.", signed(chain=(LEAF.der,)), says)
    for name, sentence, usages in (
        ("of-a-server", "The certificate is a web server's.", (SERVER_AUTH,)),
        ("of-nothing", "The certificate says not what it is for.", ()),
    ):
        yield _case(name, sentence, signed(issue(wish(usages=usages), BETWEEN)), "not for signing")
    two = issue(wish(sans=("https://evil.example/train", SUBJECT)), BETWEEN)
    yield _case("two-subjects", "The certificate names two URIs, and the second is trusted.", signed(two), "several subjects")
    named = issue(wish(sans=(), name="ci.example.test"), BETWEEN)
    yield _case("by-name", "The certificate has a name alone, and the verifier expects just that.", signed(named),
                by=given(subject="CN=ci.example.test"), outcome="allowed")  # fmt: skip
    both = issue(wish(sans=("https://evil.example/train",), name="ci.example.test"), BETWEEN)
    yield _case("name-beside-a-uri", "The trusted name stands beside a URI that is not trusted; the URI is who it is.",
                signed(both), "no authorised provenance", by=given(subject="CN=ci.example.test"))  # fmt: skip
    yield _case("of-another-root", "The identity is trusted under another root's name.", signed(), "no authorised provenance",
                by=given(issuer="CN=the root of Bcme"))  # fmt: skip
    thief = bundle(provenance(), key("mallory"), certificates=(LEAF.der, BETWEEN.der))
    yield _case("certificate-of-another-key", "Somebody else's certificate stands beside the signature of a stranger's key.",
                thief, "does not belong to these bytes and this key")  # fmt: skip

    revoked = "the certificate was revoked"
    source = "RFC 5280 §5 and §6.3"
    before = revocation_list(BETWEEN, [(LEAF.certificate, SIGNED - DAY)])
    yield _case("revoked", "The certificate was revoked a day before it was used.", signed(), revoked, source=source,
                by=given(revoked=before))  # fmt: skip
    after = revocation_list(BETWEEN, [(LEAF.certificate, SIGNED + DAY)])
    yield _case("revoked-later", "The certificate was revoked a day after the signature was stamped.", signed(),
                source=source, by=given(revoked=after), outcome="allowed")  # fmt: skip
    yield _case("revoked-since", "The certificate is revoked now, and nothing says that it signed before.",
                signed(at=None), revoked, source=source, by=given(revoked=after))  # fmt: skip
    above = revocation_list(ROOT, [(BETWEEN.certificate, SIGNED - DAY)])
    yield _case("intermediate-revoked", "The intermediate was revoked a day before the certificate was used.", signed(),
                revoked, source=source, by=given(revoked=above))  # fmt: skip
    old = revocation_list(BETWEEN, [], end=CLOCK - DAY)
    yield _case("revocation-list-out-of-date", "The list is of last month: what it does not name may be revoked since.",
                signed(), "out of date", source=source, by=given(revoked=old), outcome="rejected")  # fmt: skip
    yield _case("two-roots-of-one-name", "Two roots of one name are trusted: their people would be one voice.", signed(),
                "two authorities of one name", by=given(roots={"root.pem": ROOT.pem, "impostor.pem": impostor.pem}),
                outcome="rejected")  # fmt: skip
    yield _case("signer-as-a-root", "An ordinary signer's certificate is given as a root.", signed(),
                "not the root of an authority", by=given(roots={"root.pem": LEAF.pem}), outcome="rejected")  # fmt: skip
