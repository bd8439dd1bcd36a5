"""Certificates of an internal PKI, and what it took back."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Final

from cryptography import x509

from support.verify_vectors.artifacts import provenance
from support.verify_vectors.bundles import Json, bundle, signature_of, with_proofs
from support.verify_vectors.case import Case, Given, Outcome, by_policy
from support.verify_vectors.certificates import CODE_SIGNING, SERVER_AUTH, Issued, Wish, issue
from support.verify_vectors.keys import key
from support.verify_vectors.layouts import Layout
from support.verify_vectors.policies import person, policy
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
    *,
    subject: str = SUBJECT,
    issuer: str = "CN=the root of Acme",
    revoked: str = "",
    roots: Mapping[str, str] | None = None,
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


def asked(
    name: str,
    sentence: str,
    one: Json,
    *says: str,
    source: str = RFC,
    by: Given | None = None,
    outcome: Outcome = "denied",
    at: datetime = CLOCK,
) -> Case:
    """Return a vector about the model, as this theme asks."""
    return Case(f"pki-{name}", sentence, source, Layout().model().attach(one), by or given(), outcome, says, at=at)


def cases() -> Iterator[Case]:
    """Yield the vectors of this theme."""
    yield asked(
        "timestamped",
        "An honest provenance: certificate, intermediate, timestamp.",
        signed(),
        "by the timestamp",
        outcome="allowed",
    )
    yield asked(
        "without-time",
        "No timestamp; the certificate is good at the moment asked about.",
        signed(at=None),
        "not made: no timestamp",
        outcome="allowed",
    )
    yield asked(
        "by-mail",
        "The subject is a mail address.",
        signed(issue(wish(sans=("alice@example.test",)), BETWEEN)),
        by=given(subject="alice@example.test"),
        outcome="allowed",
    )
    says = "the certificate is not vouched for"
    short = issue(wish(start=SIGNED - HOUR, end=SIGNED + HOUR), BETWEEN)
    yield asked(
        "expired-since",
        "The certificate is over now, and was good when the signature was stamped.",
        signed(short),
        outcome="allowed",
    )
    yield asked(
        "expired", "The certificate is over, and nothing says that it signed before.", signed(short, at=None), says
    )
    yield asked(
        "expired-when-stamped",
        "The certificate was over when the signature was stamped.",
        signed(short, at=SIGNED + DAY),
        says,
    )
    yield asked(
        "not-yet-valid", "The signature was stamped before the certificate began.", signed(short, at=SIGNED - DAY), says
    )
    impostor = issue(Wish("the root of Acme", authority=True, serial="impostor"))
    below = issue(Wish("an authority of Acme", authority=True, path_length=0, serial="impostor"), impostor)
    fake = issue(wish(serial="impostor"), below)
    yield asked(
        "of-an-impostor",
        "A root of the same name, with another key, vouches for the signer; it is brought along.",
        signed(fake, chain=(fake.der, below.der, impostor.der)),
        says,
    )
    usual = issue(wish(name="an authority of Acme", serial="usual", sans=("https://ci.example.test/other",)), BETWEEN)
    child = issue(wish(serial="child"), usual)
    yield asked(
        "intermediate-without-ca",
        "An ordinary signer (CA:FALSE) issued the certificate, and is brought along.",
        signed(child, chain=(child.der, usual.der, BETWEEN.der)),
        says,
    )
    deeper = issue(Wish("deeper", authority=True, path_length=0), BETWEEN)
    deep = issue(wish(serial="deep"), deeper)
    yield asked(
        "too-deep",
        "An authority that may issue signers only issued another authority.",
        signed(deep, chain=(deep.der, deeper.der, BETWEEN.der)),
        says,
        source="RFC 5280 §4.2.1.9",
    )
    stale = issue(Wish("a stale authority", authority=True, path_length=0, end=SIGNED - DAY), ROOT)
    late = issue(wish(serial="late"), stale)
    yield asked(
        "intermediate-expired",
        "The intermediate was over when the certificate was used.",
        signed(late, chain=(late.der, stale.der)),
        says,
        source="cosign GHSA-wfqv-66vq-46rm",
    )
    yield asked("intermediate-missing", "The intermediate is not brought along.", signed(chain=(LEAF.der,)), says)
    for name, sentence, usages in (
        ("of-a-server", "The certificate is a web server's.", (SERVER_AUTH,)),
        ("of-nothing", "The certificate says not what it is for.", ()),
    ):
        yield asked(name, sentence, signed(issue(wish(usages=usages), BETWEEN)), "not for signing")
    servers = issue(Wish("an authority of servers", authority=True, path_length=0, usages=(SERVER_AUTH,)), ROOT)
    served = issue(wish(serial="served"), servers)
    yield asked(
        "below-an-authority-of-servers",
        "The authority may issue certificates of servers alone, and issued a signer's.",
        signed(served, chain=(served.der, servers.der)),
        "may not issue certificates for signing",
    )
    for name, sentence, san, subject in (
        (
            "uri-that-is-a-name",
            "The certificate's URI is spelled like the trusted name of somebody.",
            x509.UniformResourceIdentifier("CN=ci.example.test"),
            "CN=ci.example.test",
        ),
        (
            "uri-that-is-an-address",
            "The certificate's URI is spelled like the trusted address of somebody.",
            x509.UniformResourceIdentifier("alice@example.test"),
            "alice@example.test",
        ),
        (
            "address-that-is-a-name",
            "The certificate's mail address is spelled like the trusted name of somebody.",
            x509.RFC822Name("CN=alice@example.test"),
            "CN=alice@example.test",
        ),
    ):
        made = issue(wish(sans=(san,), serial=name), BETWEEN)
        yield asked(
            name,
            sentence,
            signed(made),
            "not what its kind says",
            source="RFC 5280 §4.2.1.6",
            by=given(subject=subject),
        )
    two = issue(wish(sans=("https://evil.example/train", SUBJECT)), BETWEEN)
    yield asked(
        "two-subjects", "The certificate names two URIs, and the second is trusted.", signed(two), "several subjects"
    )
    named = issue(wish(sans=(), name="ci.example.test"), BETWEEN)
    yield asked(
        "by-name",
        "The certificate has a name alone, and the verifier expects just that.",
        signed(named),
        by=given(subject="CN=ci.example.test"),
        outcome="allowed",
    )
    both = issue(wish(sans=("https://evil.example/train",), name="ci.example.test"), BETWEEN)
    yield asked(
        "name-beside-a-uri",
        "The trusted name stands beside a URI that is not trusted; the URI is who it is.",
        signed(both),
        "no authorised provenance",
        by=given(subject="CN=ci.example.test"),
    )
    yield asked(
        "of-another-root",
        "The identity is trusted under another root's name.",
        signed(),
        "no authorised provenance",
        by=given(issuer="CN=the root of Bcme"),
    )
    thief = bundle(provenance(), key("mallory"), certificates=(LEAF.der, BETWEEN.der))
    yield asked(
        "certificate-of-another-key",
        "Somebody else's certificate stands beside the signature of a stranger's key.",
        thief,
        "does not belong to these bytes and this key",
    )

    yield asked(
        "two-roots-of-one-name",
        "Two roots of one name are trusted: their people would be one voice.",
        signed(),
        "two authorities of one name",
        by=given(roots={"root.pem": ROOT.pem, "impostor.pem": impostor.pem}),
        outcome="rejected",
    )
    identity = {"issuer": "CN=the root of Acme", "subject": SUBJECT}
    namesakes = policy({"ci": person(identities=[identity])}, trust={"certificates": [ROOT.pem, impostor.pem]})
    yield asked(
        "two-roots-of-one-name-in-a-policy",
        "The policy trusts two roots of one name: their people would be one voice.",
        signed(),
        "two authorities of one name",
        by=by_policy(namesakes),
        outcome="rejected",
    )
    yield asked(
        "two-roots-in-one-entry",
        "An entry of the policy holds a second root behind the first.",
        signed(),
        "is not one certificate",
        by=by_policy(policy({"ci": person(identities=[identity])}, trust={"certificates": [ROOT.pem + impostor.pem]})),
        outcome="rejected",
    )
    yield asked(
        "key-where-identities-are-trusted",
        "A key signed the record, and the verifier brought identities alone.",
        bundle(provenance()),
        "no key is trusted",
    )
    yield asked(
        "signer-as-a-root",
        "An ordinary signer's certificate is given as a root.",
        signed(),
        "not the root of an authority",
        by=given(roots={"root.pem": LEAF.pem}),
        outcome="rejected",
    )
