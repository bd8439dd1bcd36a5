"""Certificates of a Sigstore: who vouches, for whom, and when."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any, Final

from govern.oci.media_types import IN_TOTO
from govern.intoto.dsse import pae
from support.verify_vectors.artifacts import provenance
from support.verify_vectors.bundles import Json, as_payload, b64, bundle, changed, copied, envelope_of, signature_of, with_proofs
from support.verify_vectors.case import Case, Given, Outcome, by_policy
from support.verify_vectors.certificates import EMAIL, ISSUER_V1, ISSUER_V2, SERVER_AUTH, CODE_SIGNING, Issued, PromiseLog, Wish, draft, issue
from support.verify_vectors.der import item, text
from support.verify_vectors.keys import key, sign
from support.verify_vectors.layouts import Layout
from support.verify_vectors.policies import person, policy
from support.verify_vectors.sigstores import ISSUER, LIFE, WORKFLOW, Sigstore, authority_entry, certificate_log_entry, sigstore, tiny_log, window
from support.verify_vectors.stamps import stamper
from support.verify_vectors.times import DAY, HOUR, MINUTE, SIGNED, YEAR

ONE: Final = sigstore()
TWO: Final = sigstore("two")
PATTERN: Final = "https://github.com/acme/models/.github/workflows/release.yml@refs/tags/*"
FULCIO: Final = "sigstore client-spec, Verification; fulcio docs/certificate-specification.md"


def keyless(*, subject: str = WORKFLOW, issuer: str = ISSUER, root: str | None = None, roots: tuple[str, ...] = ()) -> Given:
    """Return a verifier with an identity and trusted roots."""
    files = {f"trusted_root{number or ''}.json": one for number, one in enumerate(roots or (root or ONE.root(),))}
    identity = {"issuer": issuer, "subject": subject}
    return Given({"identities": [identity], "trustedRoots": list(files), "require": ["provenance"]}, files)


def by_pattern(subject: str = PATTERN, issuer: str = ISSUER) -> Given:
    """Return a verifier with a policy that names an identity by a pattern."""
    ci = person(identities=[{"issuer": issuer, "subject": subject}])
    return by_policy(policy({"ci": ci}, trust={"sigstore": [ONE.root()]}))


def cases() -> Iterator[Case]:
    """Yield the vectors of this theme."""
    yield from _honest()
    yield from _chains()
    yield from _promises()
    yield from _identities()
    yield from _proofs()


def _case(
    name: str,
    sentence: str,
    one: Json,
    *says: str,
    source: str = FULCIO,
    given: Given | None = None,
    outcome: Outcome = "denied",
) -> Case:
    return Case(name, sentence, source, Layout().model().attach(one), given or keyless(), outcome, says)


def _honest() -> Iterator[Case]:
    yield _case("keyless", "An honest provenance by a workflow: certificate, timestamp, entry of a Rekor v2.",
                ONE.bundle(provenance()), f"identity: {WORKFLOW} by {ISSUER}", "by the timestamp", "entry 5 of",
                outcome="allowed")  # fmt: skip
    mail = "alice@example.test"
    yield _case("keyless-mail", "An honest provenance by a person with a mail address.",
                ONE.bundle(provenance(), ONE.certify(ONE.wish(mail))), given=keyless(subject=mail), outcome="allowed")  # fmt: skip
    first = tiny_log("the first generation", tree_id=" - 1193050959916656506")
    from support.verify_vectors.sigstores import log_entry

    promised = ONE.bundle(provenance(), log=first, stamped=False, kind=("dsse", "0.0.1"))
    yield _case("keyless-promise", "The promised time of a Rekor v1 is the only clock.", promised, "by the log",
                given=keyless(root=ONE.root(logs=[log_entry(first)])), outcome="allowed")  # fmt: skip
    yield _case("keyless-pattern", "The policy names the workflow with any tag.", ONE.bundle(provenance()),
                given=by_pattern(), outcome="allowed")  # fmt: skip
    old = ONE.wish(issuer="", extensions=[(ISSUER_V1, ISSUER.encode())])
    yield _case("keyless-issuer-in-the-older-extension", "The issuer stands in Fulcio's older extension alone.",
                ONE.bundle(provenance(), ONE.certify(old)), outcome="allowed")  # fmt: skip


def _chains() -> Iterator[Case]:
    says = "the certificate is not vouched for"
    yield _case("certificate-expired", "The certificate was over when the signature was stamped.",
                ONE.bundle(provenance(), at=LIFE[1] + MINUTE), says)  # fmt: skip
    yield _case("certificate-not-yet-valid", "The signature was stamped before the certificate began.",
                ONE.bundle(provenance(), at=LIFE[0] - MINUTE), says)  # fmt: skip

    def two_times(one: Json) -> Json:
        stamps = [ONE.stamper.stamp(signature_of(one), at, serial=at.minute) for at in (SIGNED, LIFE[1] + HOUR)]
        return with_proofs(one, stamps=stamps) | {}

    late = ONE.bundle(provenance())
    entries = late["verificationMaterial"]["tlogEntries"]
    late = two_times(late)
    late["verificationMaterial"]["tlogEntries"] = entries
    yield _case("certificate-expired-at-one-of-two-times",
                "One timestamp lies in the certificate's minutes, another one after them.", late, says)  # fmt: skip
    yield _case("certificate-of-another-root", "Another authority of the same names issued the certificate.",
                ONE.bundle(provenance(), TWO.certify()), says)  # fmt: skip
    mallory = issue(ONE.wish(key=key("mallory")), None, ONE.promises)
    yield _case("certificate-signs-itself", "The certificate signed itself.", ONE.bundle(provenance(), mallory),
                "not of this trusted root")
    victim, thief = ONE.certify(), key("mallory")
    stolen = bundle(provenance(), thief, certificates=[victim.der])
    yield _case("certificate-of-another-key", "Somebody else's certificate stands beside the signature of a stranger's key.",
                with_proofs(stolen, entries=ONE.bundle(provenance())["verificationMaterial"]["tlogEntries"],
                            stamps=[ONE.stamper.stamp(signature_of(stolen))]),
                "the signature does not belong to these bytes and this key")  # fmt: skip
    for name, sentence, wish, word in (
        ("certificate-for-servers", "The certificate is a web server's.", ONE.wish(usages=(SERVER_AUTH,)), "not for signing"),
        ("certificate-for-mail", "The certificate is for mail.", ONE.wish(usages=(EMAIL,)), "not for signing"),
        ("certificate-for-nothing", "The certificate says not what it is for.", ONE.wish(usages=()), "not for signing"),
        ("certificate-not-for-signatures", "The certificate's key is for key agreement alone.", ONE.wish(signs=False),
         "not for signatures"),
        ("certificate-of-an-authority", "The certificate that signed is an authority's.", ONE.wish(authority=True, name="x"),
         says),
        ("certificate-rsa1024", "The certificate's key is RSA with 1,024 bits.", ONE.wish(key=key("ci", "rsa1024")), "weak"),
        ("certificate-p192", "The certificate's key is on P-192.", ONE.wish(key=key("ci", "p192")), "weak"),
    ):  # fmt: skip
        certified = ONE.certify(wish)
        yield _case(name, sentence, ONE.bundle(provenance(), certified), word)
    # Its name is the authority's, so that names alone do not tell the two apart.
    usual = ONE.certify(ONE.wish("https://github.com/acme/other/.github/workflows/w.yml@refs/heads/main", name="Fulcio", key=key("a signer")))
    below = issue(ONE.wish(key=key("mallory")), usual, ONE.promises)
    chained = ONE.bundle(provenance(), below)
    chained["verificationMaterial"].pop("certificate")
    chained["verificationMaterial"]["x509CertificateChain"] = {
        "certificates": [{"rawBytes": b64(one)} for one in (below.der, usual.der)]
    }
    yield _case("certificate-below-a-signers", "An ordinary signer of the same Fulcio (CA:FALSE) issued the certificate.",
                chained, says)  # fmt: skip
    root = issue(Wish("the root of Fulcio", authority=True, serial="one"))
    over = issue(
        Wish("Fulcio", authority=True, path_length=0, usages=(CODE_SIGNING,), serial="over", end=SIGNED - DAY), root
    )
    instance = replace(ONE, authority=over)
    yield _case("intermediate-expired", "The intermediate was over when the certificate was issued and used.",
                instance.bundle(provenance()), says, source="cosign GHSA-wfqv-66vq-46rm",
                given=keyless(root=instance.root()))  # fmt: skip
    longer = Wish("Fulcio below Fulcio", authority=True, usages=(CODE_SIGNING,), serial="longer")
    deeper = replace(ONE, authority=issue(longer, ONE.authority))
    yield _case("intermediate-too-deep", "An authority that may issue signers only issued another authority.",
                deeper.bundle(provenance()), says, source="RFC 5280 §4.2.1.9", given=keyless(root=deeper.root()))  # fmt: skip
    ended = ONE.root(authorities=[authority_entry(ONE.authority, window(end=SIGNED - DAY))])
    yield _case("authority-no-longer-counts", "The trusted root ended the authority a day before the signature.",
                ONE.bundle(provenance()), "no certificate authority of the trusted root counts",
                given=keyless(root=ended))  # fmt: skip
    later = ONE.root(authorities=[authority_entry(ONE.authority, window(SIGNED + DAY))])
    yield _case("authority-does-not-count-yet", "The trusted root begins with the authority a day after the signature.",
                ONE.bundle(provenance()), "no certificate authority of the trusted root counts",
                given=keyless(root=later))  # fmt: skip


def _promises() -> Iterator[Case]:
    ct = "RFC 6962 §3.2; fulcio docs/certificate-specification.md"
    none = ONE.bundle(provenance(), ONE.certify(bare=True))
    yield _case("certificate-never-logged", "The certificate has no promise of a certificate log.", none,
                "the certificate was never logged", source=ct)  # fmt: skip
    says = "no pinned log promised to log the certificate"
    about = draft(ONE.wish("https://github.com/acme/other/.github/workflows/w.yml@refs/heads/main"), ONE.authority)
    borrowed = ONE.certify(promised=replace(ONE.promises, about=about))
    yield _case("promise-of-another-certificate", "The promise in the certificate is about another certificate.",
                ONE.bundle(provenance(), borrowed), says, source=ct)  # fmt: skip
    unknown = ONE.certify(promised=PromiseLog("a certificate log of nobody"))
    yield _case("promise-of-an-unpinned-log", "A certificate log that is not pinned promised.",
                ONE.bundle(provenance(), unknown), says, source=ct)  # fmt: skip
    ended = ONE.root(certificate_logs=[certificate_log_entry(ONE.promises, window(end=SIGNED - DAY))])
    yield _case("certificate-promised-after-the-log-ended", "The certificate log promised after the trusted root ended it.",
                ONE.bundle(provenance()), says, source=ct, given=keyless(root=ended))  # fmt: skip
    nothing = ONE.root(certificate_logs=[])
    yield _case("no-certificate-log-is-pinned", "The trusted root pins no certificate log: nothing vouches for the promise.",
                ONE.bundle(provenance()), says, source=ct, given=keyless(root=nothing))  # fmt: skip


def _identities() -> Iterator[Case]:
    says = "no authorised provenance: found one by"
    regex = "fulcio CVE-2026-22772; reference §7, look-alike URIs"
    other_issuer = ONE.certify(ONE.wish(issuer="https://token.example.test.evil.example"))
    yield _case("identity-by-another-issuer", "Another provider vouches for a subject of the same name.",
                ONE.bundle(provenance(), other_issuer), says, source="reference §7, same identity different issuer")  # fmt: skip
    both = ONE.wish(issuer="https://evil.example", extensions=[(ISSUER_V1, ISSUER.encode())])
    yield _case("identity-with-two-issuers", "Fulcio's older extension names the trusted issuer, the newer one another.",
                ONE.bundle(provenance(), ONE.certify(both)), says, source="fulcio docs/oid-info.md")  # fmt: skip
    nobody = ONE.wish(issuer="")
    yield _case("identity-without-issuer", "The certificate says not who vouches for the subject.",
                ONE.bundle(provenance(), ONE.certify(nobody)), "names no issuer", source="fulcio docs/oid-info.md")  # fmt: skip
    for name, sentence, value, word in (
        ("identity-issuer-cut", "The issuer's text is longer than its extension.", text(ISSUER)[:-1], "cut or followed by more"),
        ("identity-issuer-followed-by-more", "More follows the issuer's text.", text(ISSUER) + b"/", "cut or followed by more"),
        ("identity-issuer-not-der", "The issuer's text has its length in two bytes where one does.",
         b"\x0c\x81" + text(ISSUER)[1:], "not DER"),
        ("identity-issuer-not-text", "The issuer is an octet string.", item(0x04, ISSUER.encode()), "not text"),
    ):  # fmt: skip
        made = ONE.wish(issuer="", extensions=[(ISSUER_V2, value)])
        yield _case(name, sentence, ONE.bundle(provenance(), ONE.certify(made)), word, source="fulcio docs/oid-info.md")
    sans = ONE.wish(sans=("https://evil.example/w.yml", WORKFLOW))
    yield _case("identity-two-subjects", "The certificate names two workflows, and the second is trusted.",
                ONE.bundle(provenance(), ONE.certify(sans)), "names not one subject")  # fmt: skip
    none = ONE.wish(sans=(), name="alice@example.test")
    yield _case("identity-in-the-common-name", "The address stands in the certificate's common name, where anybody may write.",
                ONE.bundle(provenance(), ONE.certify(none)), "names not one subject",
                given=keyless(subject="alice@example.test"))  # fmt: skip
    dns = ONE.wish(sans=("github.com",))
    yield _case("identity-of-a-host", "The certificate's subject is the name of a host.",
                ONE.bundle(provenance(), ONE.certify(dns)), "unknown kind")  # fmt: skip
    release = "/.github/workflows/release.yml@refs/tags/v1.4.0"
    for name, sentence, subject in (
        ("look-alike-letters", "The organisation is acrne, which looks like acme.", f"https://github.com/acrne/models{release}"),
        ("look-alike-host", "The host is before an @, and the real one behind it.", f"https://github.com@evil.example/acme/models{release}"),
        ("look-alike-port", "The host has a port that the trusted one has not.", f"https://github.com:443/acme/models{release}"),
        ("look-alike-scheme", "The scheme is http.", f"http://github.com/acme/models{release}"),
        ("look-alike-case", "The host is in upper case.", f"https://GITHUB.COM/acme/models{release}"),
        ("look-alike-beginning", "The repository's name only begins like the trusted one.", f"https://github.com/acme/models-evil{release}"),
        ("look-alike-upwards", "The path leads out of the trusted repository and elsewhere.",
         f"https://github.com/acme/models/../evil{release}"),
        ("look-alike-branch", "A branch of the same workflow, where tags are trusted.",
         "https://github.com/acme/models/.github/workflows/release.yml@refs/heads/tags/v1"),
        ("look-alike-dot", "Another letter stands where a regular expression would read the dot as any.",
         f"https://githubxcom/acme/models{release}"),
        ("look-alike-in-the-middle", "The trusted subject is a part of a stranger's.", f"https://evil.example/?{WORKFLOW}"),
    ):  # fmt: skip
        yield _case(f"identity-{name}", sentence, ONE.bundle(provenance(), ONE.certify(ONE.wish(subject))), says,
                    source=regex, given=by_pattern())  # fmt: skip
    longer = ONE.certify(ONE.wish(WORKFLOW + "-evil"))
    yield _case("identity-that-only-begins-alike", "The identity is named exactly; the certificate's only begins so.",
                ONE.bundle(provenance(), longer), says, source=regex)  # fmt: skip
    starred = ONE.certify(ONE.wish("https://github.com/acme/*"))
    yield _case("identity-with-a-star", "The certificate's subject is a pattern, which the policy's identity fits.",
                ONE.bundle(provenance(), starred), says, source=regex)  # fmt: skip
    for name, pattern in (("everybody", "*"), ("every-host", "https://*"), ("every-path", "https://github.com*"),
                          ("a-star-in-the-middle", "https://github.com/*/models/release.yml"), ("mail", "*@example.test")):  # fmt: skip
        yield _case(f"policy-identity-of-{name}", f"The policy trusts {pattern}, which fixes nobody.",
                    ONE.bundle(provenance()), "a star only at the end", source=regex, given=by_pattern(pattern),
                    outcome="rejected")  # fmt: skip


def _proofs() -> Iterator[Case]:
    bare = ONE.bundle(provenance(), stamped=False, logged=False)
    time = "nothing says when the certificate signed"
    yield _case("keyless-without-proofs", "Nothing says when the certificate signed, nor is it logged.", bare, time)
    yield _case("keyless-without-time", "The entry of a Rekor v2 is there, and no clock.",
                ONE.bundle(provenance(), stamped=False), time)  # fmt: skip
    claimed = changed(ONE.bundle(provenance(), stamped=False),
                      lambda one: one["verificationMaterial"]["tlogEntries"][0].update(integratedTime=str(int(SIGNED.timestamp()))))  # fmt: skip
    yield _case("keyless-time-that-nobody-signed", "The entry of a Rekor v2 says a time, which no log signed.", claimed, time,
                source="sigstore client-spec; rekor-tiles, which has no integrated time")  # fmt: skip
    yield _case("keyless-without-log", "The timestamp is there; the log entry that the trusted root demands is not.",
                ONE.bundle(provenance(), logged=False), "the record is in no trusted log")  # fmt: skip
    mixed = copied(ONE.bundle(provenance(), stamped=False))
    stranger = stamper("a timestamp authority", serial="stranger")
    mixed = with_proofs(mixed, entries=mixed["verificationMaterial"]["tlogEntries"], stamps=[stranger.stamp(signature_of(mixed))])
    yield _case("keyless-stamped-by-a-stranger", "An authority of the same name that is not pinned stamped it.", mixed, time)
    roots = (ONE.root(), TWO.root())
    one = ONE.bundle(provenance(), stamped=False)
    stamped = with_proofs(one, entries=one["verificationMaterial"]["tlogEntries"], stamps=[TWO.stamper.stamp(signature_of(one))])
    yield _case("keyless-stamped-by-another-instance",
                "Two Sigstores are trusted; the certificate is of one, its timestamp by the other.", stamped,
                time, given=keyless(roots=roots))  # fmt: skip
    elsewhere = ONE.bundle(provenance(), log=TWO.log())
    yield _case("keyless-logged-by-another-instance",
                "Two Sigstores are trusted; the certificate is of one, its log entry in the other's log.", elsewhere,
                "in no trusted log", given=keyless(roots=roots))  # fmt: skip
    yield _case("keyless-two-instances", "Two Sigstores are trusted, and the second one vouches for everything.",
                TWO.bundle(provenance()), given=keyless(roots=roots), outcome="allowed")  # fmt: skip
    no_root = Given({"identities": [{"issuer": ISSUER, "subject": WORKFLOW}], "require": ["provenance"]}, {})
    yield _case("keyless-without-roots", "The identity is trusted, and no authority that could prove it.",
                ONE.bundle(provenance()), "no authority is trusted", given=no_root)  # fmt: skip
