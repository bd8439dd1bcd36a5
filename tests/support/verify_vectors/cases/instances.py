"""What a Sigstore says of a certificate and a signature: promises, times, logs, and the root that pins them."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace

from support.verify_vectors.artifacts import provenance
from support.verify_vectors.bundles import (
    Json,
    changed,
    copied,
    signature_of,
    with_proofs,
)
from support.verify_vectors.case import Case, Given, by_policy
from support.verify_vectors.cases.certificates import ONE, TWO, asked, keyless
from support.verify_vectors.certificates import (
    Issued,
    PromiseLog,
    draft,
    issue,
)
from support.verify_vectors.keys import key
from support.verify_vectors.policies import person, policy
from support.verify_vectors.sigstores import (
    ISSUER,
    WORKFLOW,
    authority_entry,
    certificate_log_entry,
    log_entry,
    window,
)
from support.verify_vectors.stamps import stamper
from support.verify_vectors.times import DAY, SIGNED


def cases() -> Iterator[Case]:
    """Yield the vectors of this theme."""
    yield from _promises()
    yield from _proofs()
    yield from _roots()


def _promises() -> Iterator[Case]:
    ct = "RFC 6962 §3.2; fulcio docs/certificate-specification.md"
    none = ONE.bundle(provenance(), ONE.certify(bare=True))
    yield asked(
        "certificate-never-logged",
        "The certificate has no promise of a certificate log.",
        none,
        "the certificate was never logged",
        source=ct,
    )
    says = "no pinned log promised to log the certificate"
    about = draft(ONE.wish("https://github.com/acme/other/.github/workflows/w.yml@refs/heads/main"), ONE.authority)
    borrowed = ONE.certify(promised=replace(ONE.promises, about=about))
    yield asked(
        "promise-of-another-certificate",
        "The promise in the certificate is about another certificate.",
        ONE.bundle(provenance(), borrowed),
        says,
        source=ct,
    )
    unknown = ONE.certify(promised=PromiseLog("a certificate log of nobody"))
    yield asked(
        "promise-of-an-unpinned-log",
        "A certificate log that is not pinned promised.",
        ONE.bundle(provenance(), unknown),
        says,
        source=ct,
    )
    ended = ONE.root(certificate_logs=[certificate_log_entry(ONE.promises, window(end=SIGNED - DAY))])
    yield asked(
        "certificate-promised-after-the-log-ended",
        "The certificate log promised after the trusted root ended it.",
        ONE.bundle(provenance()),
        says,
        source=ct,
        given=keyless(root=ended),
    )
    nothing = ONE.root(certificate_logs=[])
    yield asked(
        "no-certificate-log-is-pinned",
        "The trusted root pins no certificate log: nothing vouches for the promise.",
        ONE.bundle(provenance()),
        says,
        source=ct,
        given=keyless(root=nothing),
    )


def _proofs() -> Iterator[Case]:
    bare = ONE.bundle(provenance(), stamped=False, logged=False)
    time = "nothing says when the certificate signed"
    yield asked("keyless-without-proofs", "Nothing says when the certificate signed, nor is it logged.", bare, time)
    yield asked(
        "keyless-without-time",
        "The entry of a Rekor v2 is there, and no clock.",
        ONE.bundle(provenance(), stamped=False),
        time,
    )
    claimed = changed(
        ONE.bundle(provenance(), stamped=False),
        lambda one: one["verificationMaterial"]["tlogEntries"][0].update(integratedTime=str(int(SIGNED.timestamp()))),
    )
    yield asked(
        "keyless-time-that-nobody-signed",
        "The entry of a Rekor v2 says a time, which no log signed.",
        claimed,
        time,
        source="sigstore client-spec; rekor-tiles, which has no integrated time",
    )
    yield asked(
        "keyless-without-log",
        "The timestamp is there; the log entry that the trusted root demands is not.",
        ONE.bundle(provenance(), logged=False),
        "the record is in no trusted log",
    )
    mixed = copied(ONE.bundle(provenance(), stamped=False))
    stranger = stamper("a timestamp authority", serial="stranger")
    mixed = with_proofs(
        mixed, entries=mixed["verificationMaterial"]["tlogEntries"], stamps=[stranger.stamp(signature_of(mixed))]
    )
    yield asked(
        "keyless-stamped-by-a-stranger", "An authority of the same name that is not pinned stamped it.", mixed, time
    )
    roots = (ONE.root(), TWO.root())
    one = ONE.bundle(provenance(), stamped=False)
    stamped = with_proofs(
        one, entries=one["verificationMaterial"]["tlogEntries"], stamps=[TWO.stamper.stamp(signature_of(one))]
    )
    yield asked(
        "keyless-stamped-by-another-instance",
        "Two Sigstores are trusted; the certificate is of one, its timestamp by the other.",
        stamped,
        time,
        given=keyless(roots=roots),
    )
    elsewhere = ONE.bundle(provenance(), log=TWO.log())
    yield asked(
        "keyless-logged-by-another-instance",
        "Two Sigstores are trusted; the certificate is of one, its log entry in the other's log.",
        elsewhere,
        "in no trusted log",
        given=keyless(roots=roots),
    )
    yield asked(
        "keyless-two-instances",
        "Two Sigstores are trusted, and the second one vouches for everything.",
        TWO.bundle(provenance()),
        given=keyless(roots=roots),
        outcome="allowed",
    )
    one = {"root": ONE.root(), "issuers": [ISSUER]}
    of_others = by_instances(one, {"root": TWO.root(), "issuers": ["https://another.example.test"]})
    yield asked(
        "keyless-instance-about-people-of-another",
        "Two Sigstores are trusted, each about one provider's people; the second certifies somebody of the first's.",
        TWO.bundle(provenance()),
        "no provenance",
        given=of_others,
    )
    yield asked(
        "keyless-instance-about-its-own-people",
        "Two Sigstores are trusted, each about one provider's people; the first certifies its own.",
        ONE.bundle(provenance()),
        given=of_others,
        outcome="allowed",
    )
    yield asked(
        "keyless-instances-about-the-same-people",
        "Two Sigstores are trusted, one of them about everybody.",
        TWO.bundle(provenance()),
        given=by_instances(one, TWO.root()),
        outcome="allowed",
    )
    beginning = {"root": ONE.root(), "issuers": [ISSUER[:-1], f"{ISSUER}/", ISSUER.replace("token", "TOKEN")]}
    yield asked(
        "keyless-instance-about-a-provider-of-almost-this-name",
        "The trusted root is believed about providers whose URLs almost are this one's.",
        ONE.bundle(provenance()),
        "the trusted root is not believed about this identity",
        given=by_instances(beginning),
    )
    no_root = Given({"identities": [{"issuer": ISSUER, "subject": WORKFLOW}], "require": ["provenance"]}, {})
    yield asked(
        "keyless-without-roots",
        "The identity is trusted, and no authority that could prove it.",
        ONE.bundle(provenance()),
        "no authority is trusted",
        given=no_root,
    )


def by_instances(*instances: object) -> Given:
    """Return a verifier with a policy that pins these Sigstores."""
    ci = person(identities=[{"issuer": ISSUER, "subject": WORKFLOW}])
    return by_policy(policy({"ci": ci}, trust={"sigstore": list(instances)}))


def _roots() -> Iterator[Case]:
    pinned = "sigstore protobuf-specs, sigstore_trustroot.proto"
    root = json.loads(ONE.root())

    def changed_root(change: Callable[[Json], object]) -> Given:
        return keyless(root=json.dumps(changed(root, change), indent=1) + "\n")

    for name, sentence, change, word in (
        (
            "unknown-field",
            "The trusted root narrows an authority by a field that this version does not know.",
            lambda one: one["certificateAuthorities"][0].update(purposes=["TIMESTAMPS"]),
            "unknown fields",
        ),
        (
            "of-another-version",
            "The trusted root is of a version whose rules are not these.",
            lambda one: one.update(mediaType="application/vnd.dev.sigstore.trustedroot.v9+json"),
            "no trusted root of a known",
        ),
        (
            "without-start",
            "A log of the trusted root counts from no time on.",
            lambda one: one["tlogs"][0]["publicKey"]["validFor"].pop("start"),
            "has no start",
        ),
        (
            "of-nothing",
            "The trusted root pins nothing at all.",
            lambda one: [one.pop(part) for part in list(one) if part != "mediaType"],
            "pins nothing",
        ),
        (
            "with-a-broken-chain",
            "The chain of an authority is no chain.",
            lambda one: one["certificateAuthorities"][0]["certChain"]["certificates"].reverse(),
            "is not a chain",
        ),
    ):
        yield asked(
            f"trusted-root-{name}",
            sentence,
            ONE.bundle(provenance()),
            word,
            source=pinned,
            given=changed_root(change),
            outcome="rejected",
        )
    ended = ONE.root(logs=[log_entry(ONE.log(), window(end=SIGNED - DAY))])
    yield asked(
        "keyless-logged-after-the-log-ended",
        "The trusted root ended the Rekor v2 a day before the timestamp.",
        ONE.bundle(provenance()),
        "did not count when the record was signed",
        given=keyless(root=ended),
    )
    leaf = ONE.certify()
    lonely = issue(ONE.wish(name="Fulcio", key=key("mallory")), None, ONE.promises)
    yield asked(
        "certificate-pinned-that-signs-itself",
        "The trusted root pins a signer's certificate that signed itself: it vouches for nobody, itself included.",
        ONE.bundle(provenance(), lonely),
        "the certificate",
        source=pinned,
        given=keyless(root=ONE.root(authorities=[authority_entry(lonely)])),
    )
    alone = json.loads(ONE.root(authorities=[authority_entry(Issued(leaf.certificate, leaf.key))]))
    yield asked(
        "certificate-pinned-as-an-authority",
        "The trusted root pins a signer's certificate as an authority.",
        ONE.bundle(provenance(), leaf),
        "the certificate",
        source=pinned,
        given=keyless(root=json.dumps(alone, indent=1) + "\n"),
    )
