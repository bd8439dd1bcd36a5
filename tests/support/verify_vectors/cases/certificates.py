"""Certificates of a Sigstore: who vouches, for what, and when."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from support.verify_vectors.artifacts import provenance
from support.verify_vectors.bundles import (
    Json,
    b64,
    bundle,
    signature_of,
    with_proofs,
)
from support.verify_vectors.case import Case, Given, Outcome, by_policy
from support.verify_vectors.certificates import (
    CODE_SIGNING,
    EMAIL,
    ISSUER_V1,
    SERVER_AUTH,
    Wish,
    issue,
)
from support.verify_vectors.keys import key
from support.verify_vectors.layouts import Layout
from support.verify_vectors.policies import person, policy
from support.verify_vectors.sigstores import (
    ISSUER,
    LIFE,
    WORKFLOW,
    authority_entry,
    log_entry,
    sigstore,
    tiny_log,
    window,
)
from support.verify_vectors.times import DAY, HOUR, MINUTE, SIGNED

ONE: Final = sigstore()
TWO: Final = sigstore("two")
PATTERN: Final = "https://github.com/acme/models/.github/workflows/release.yml@refs/tags/*"
FULCIO: Final = "sigstore client-spec, Verification; fulcio docs/certificate-specification.md"


def cases() -> Iterator[Case]:
    """Yield the vectors of this theme."""
    yield from _honest()
    yield from _chains()


def keyless(
    *, subject: str = WORKFLOW, issuer: str = ISSUER, root: str | None = None, roots: tuple[str, ...] = ()
) -> Given:
    """Return a verifier with an identity and trusted roots."""
    files = {f"trusted_root{number or ''}.json": one for number, one in enumerate(roots or (root or ONE.root(),))}
    identity = {"issuer": issuer, "subject": subject}
    return Given({"identities": [identity], "trustedRoots": list(files), "require": ["provenance"]}, files)


def by_pattern(subject: str = PATTERN, issuer: str = ISSUER) -> Given:
    """Return a verifier with a policy that names an identity by a pattern."""
    ci = person(identities=[{"issuer": issuer, "subject": subject}])
    return by_policy(policy({"ci": ci}, trust={"sigstore": [ONE.root()]}))


def asked(
    name: str,
    sentence: str,
    one: Json,
    *says: str,
    source: str = FULCIO,
    given: Given | None = None,
    outcome: Outcome = "denied",
) -> Case:
    """Return a vector about the model, as this theme asks."""
    return Case(name, sentence, source, Layout().model().attach(one), given or keyless(), outcome, says)


def _honest() -> Iterator[Case]:
    yield asked(
        "keyless",
        "An honest provenance by a workflow: certificate, timestamp, entry of a Rekor v2.",
        ONE.bundle(provenance()),
        f"identity: {WORKFLOW} by {ISSUER}",
        "by the timestamp",
        "entry 5 of",
        outcome="allowed",
    )
    mail = "alice@example.test"
    yield asked(
        "keyless-mail",
        "An honest provenance by a person with a mail address.",
        ONE.bundle(provenance(), ONE.certify(ONE.wish(mail))),
        given=keyless(subject=mail),
        outcome="allowed",
    )
    first = tiny_log("the first generation", tree_id=" - 1193050959916656506")
    promised = ONE.bundle(provenance(), log=first, stamped=False, kind=("dsse", "0.0.1"))
    yield asked(
        "keyless-promise",
        "The promised time of a Rekor v1 is the only clock.",
        promised,
        "by the log",
        given=keyless(root=ONE.root(logs=[log_entry(first)])),
        outcome="allowed",
    )
    yield asked(
        "keyless-pattern",
        "The policy names the workflow with any tag.",
        ONE.bundle(provenance()),
        given=by_pattern(),
        outcome="allowed",
    )
    old = ONE.wish(issuer="", extensions=[(ISSUER_V1, ISSUER.encode())])
    yield asked(
        "keyless-issuer-in-the-older-extension",
        "The issuer stands in Fulcio's older extension alone.",
        ONE.bundle(provenance(), ONE.certify(old)),
        outcome="allowed",
    )


def _chains() -> Iterator[Case]:
    says = "the certificate is not vouched for"
    yield asked(
        "certificate-expired",
        "The certificate was over when the signature was stamped.",
        ONE.bundle(provenance(), at=LIFE[1] + MINUTE),
        says,
    )
    yield asked(
        "certificate-not-yet-valid",
        "The signature was stamped before the certificate began.",
        ONE.bundle(provenance(), at=LIFE[0] - MINUTE),
        says,
    )

    def two_times(one: Json) -> Json:
        stamps = [ONE.stamper.stamp(signature_of(one), at, serial=at.minute) for at in (SIGNED, LIFE[1] + HOUR)]
        return with_proofs(one, stamps=stamps) | {}

    late = ONE.bundle(provenance())
    entries = late["verificationMaterial"]["tlogEntries"]
    late = two_times(late)
    late["verificationMaterial"]["tlogEntries"] = entries
    yield asked(
        "certificate-expired-at-one-of-two-times",
        "One timestamp lies in the certificate's minutes, another one after them.",
        late,
        says,
    )
    yield asked(
        "certificate-of-another-root",
        "Another authority of the same names issued the certificate.",
        ONE.bundle(provenance(), TWO.certify()),
        says,
    )
    mallory = issue(ONE.wish(key=key("mallory")), None, ONE.promises)
    yield asked(
        "certificate-signs-itself",
        "The certificate signed itself.",
        ONE.bundle(provenance(), mallory),
        "not of this trusted root",
    )
    victim, thief = ONE.certify(), key("mallory")
    stolen = bundle(provenance(), thief, certificates=[victim.der])
    yield asked(
        "certificate-of-another-key",
        "Somebody else's certificate stands beside the signature of a stranger's key.",
        with_proofs(
            stolen,
            entries=ONE.bundle(provenance())["verificationMaterial"]["tlogEntries"],
            stamps=[ONE.stamper.stamp(signature_of(stolen))],
        ),
        "the signature does not belong to these bytes and this key",
    )
    for name, sentence, wish, word in (
        (
            "certificate-for-servers",
            "The certificate is a web server's.",
            ONE.wish(usages=(SERVER_AUTH,)),
            "not for signing",
        ),
        ("certificate-for-mail", "The certificate is for mail.", ONE.wish(usages=(EMAIL,)), "not for signing"),
        ("certificate-for-nothing", "The certificate says not what it is for.", ONE.wish(usages=()), "not for signing"),
        (
            "certificate-not-for-signatures",
            "The certificate's key is for key agreement alone.",
            ONE.wish(signs=False),
            "not for signatures",
        ),
        (
            "certificate-of-an-authority",
            "The certificate that signed is an authority's.",
            ONE.wish(authority=True, name="x"),
            says,
        ),
        (
            "certificate-rsa1024",
            "The certificate's key is RSA with 1,024 bits.",
            ONE.wish(key=key("ci", "rsa1024")),
            "key is too weak",
        ),
        ("certificate-p192", "The certificate's key is on P-192.", ONE.wish(key=key("ci", "p192")), "key is too weak"),
    ):
        certified = ONE.certify(wish)
        yield asked(name, sentence, ONE.bundle(provenance(), certified), word)
    # Its name is the authority's, so that names alone do not tell the two apart.
    usual = ONE.certify(
        ONE.wish(
            "https://github.com/acme/other/.github/workflows/w.yml@refs/heads/main", name="Fulcio", key=key("a signer")
        )
    )
    below = issue(ONE.wish(key=key("mallory")), usual, ONE.promises)
    chained = ONE.bundle(provenance(), below)
    chained["verificationMaterial"].pop("certificate")
    chained["verificationMaterial"]["x509CertificateChain"] = {
        "certificates": [{"rawBytes": b64(one)} for one in (below.der, usual.der)]
    }
    yield asked(
        "certificate-below-a-signers",
        "An ordinary signer of the same Fulcio (CA:FALSE) issued the certificate.",
        chained,
        says,
    )
    root = issue(Wish("the root of Fulcio", authority=True, serial="one"))
    sibling = issue(Wish("Fulcio", authority=True, path_length=0, usages=(CODE_SIGNING,), serial="a sibling"), root)
    under = issue(ONE.wish(), sibling, ONE.promises)
    brought = ONE.bundle(provenance(), under)
    brought["verificationMaterial"].pop("certificate")
    brought["verificationMaterial"]["x509CertificateChain"] = {
        "certificates": [{"rawBytes": b64(one)} for one in (under.der, sibling.der)]
    }
    yield asked(
        "certificate-below-a-brought-authority",
        "Another authority of the same root issued the certificate; nobody pinned it, and the bundle brings it along.",
        brought,
        says,
    )
    over = issue(
        Wish("Fulcio", authority=True, path_length=0, usages=(CODE_SIGNING,), serial="over", end=SIGNED - DAY), root
    )
    instance = replace(ONE, authority=over)
    yield asked(
        "intermediate-expired",
        "The intermediate was over when the certificate was issued and used.",
        instance.bundle(provenance()),
        says,
        source="cosign GHSA-wfqv-66vq-46rm",
        given=keyless(root=instance.root()),
    )
    longer = Wish("Fulcio below Fulcio", authority=True, usages=(CODE_SIGNING,), serial="longer")
    deeper = replace(ONE, authority=issue(longer, ONE.authority))
    yield asked(
        "intermediate-too-deep",
        "An authority that may issue signers only issued another authority.",
        deeper.bundle(provenance()),
        says,
        source="RFC 5280 §4.2.1.9",
        given=keyless(root=deeper.root()),
    )
    ended = ONE.root(authorities=[authority_entry(ONE.authority, window(end=SIGNED - DAY))])
    yield asked(
        "authority-no-longer-counts",
        "The trusted root ended the authority a day before the signature.",
        ONE.bundle(provenance()),
        "no certificate authority of the trusted root counts",
        given=keyless(root=ended),
    )
    later = ONE.root(authorities=[authority_entry(ONE.authority, window(SIGNED + DAY))])
    yield asked(
        "authority-does-not-count-yet",
        "The trusted root begins with the authority a day after the signature.",
        ONE.bundle(provenance()),
        "no certificate authority of the trusted root counts",
        given=keyless(root=later),
    )
