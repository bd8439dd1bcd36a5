"""Whom a certificate of Sigstore is about."""

from __future__ import annotations

from collections.abc import Iterator

from support.verify_vectors.artifacts import provenance
from support.verify_vectors.case import Case
from support.verify_vectors.cases.certificates import ONE, asked, by_pattern, keyless
from support.verify_vectors.certificates import (
    ISSUER_V1,
    ISSUER_V2,
)
from support.verify_vectors.der import item, text
from support.verify_vectors.sigstores import (
    ISSUER,
    WORKFLOW,
)


def cases() -> Iterator[Case]:
    """Yield the vectors of this theme."""
    yield from _identities()


def _identities() -> Iterator[Case]:
    says = "no authorised provenance: found one by"
    regex = "fulcio CVE-2026-22772"
    other_issuer = ONE.certify(ONE.wish(issuer="https://token.example.test.evil.example"))
    yield asked(
        "identity-by-another-issuer",
        "Another provider vouches for a subject of the same name.",
        ONE.bundle(provenance(), other_issuer),
        says,
        source="fulcio docs/oid-info.md",
    )
    both = ONE.wish(issuer="https://evil.example", extensions=[(ISSUER_V1, ISSUER.encode())])
    yield asked(
        "identity-with-two-issuers",
        "Fulcio's older extension names the trusted issuer, the newer one another.",
        ONE.bundle(provenance(), ONE.certify(both)),
        says,
        source="fulcio docs/oid-info.md",
    )
    nobody = ONE.wish(issuer="")
    yield asked(
        "identity-without-issuer",
        "The certificate says not who vouches for the subject.",
        ONE.bundle(provenance(), ONE.certify(nobody)),
        "names no issuer",
        source="fulcio docs/oid-info.md",
    )
    for name, sentence, value, word in (
        (
            "identity-issuer-cut",
            "The issuer's text is longer than its extension.",
            text(ISSUER)[:-1],
            "cut or followed by more",
        ),
        (
            "identity-issuer-followed-by-more",
            "More follows the issuer's text.",
            text(ISSUER) + b"/",
            "cut or followed by more",
        ),
        (
            "identity-issuer-not-der",
            "The issuer's text has its length in two bytes where one does.",
            b"\x0c\x81" + text(ISSUER)[1:],
            "not DER",
        ),
        ("identity-issuer-not-text", "The issuer is an octet string.", item(0x04, ISSUER.encode()), "not text"),
    ):
        made = ONE.wish(issuer="", extensions=[(ISSUER_V2, value)])
        yield asked(name, sentence, ONE.bundle(provenance(), ONE.certify(made)), word, source="fulcio docs/oid-info.md")
    sans = ONE.wish(sans=("https://evil.example/w.yml", WORKFLOW))
    yield asked(
        "identity-two-subjects",
        "The certificate names two workflows, and the second is trusted.",
        ONE.bundle(provenance(), ONE.certify(sans)),
        "names not one subject",
    )
    none = ONE.wish(sans=(), name="alice@example.test")
    yield asked(
        "identity-in-the-common-name",
        "The address stands in the certificate's common name, where anybody may write.",
        ONE.bundle(provenance(), ONE.certify(none)),
        "names not one subject",
        given=keyless(subject="alice@example.test"),
    )
    dns = ONE.wish(sans=("github.com",))
    yield asked(
        "identity-of-a-host",
        "The certificate's subject is the name of a host.",
        ONE.bundle(provenance(), ONE.certify(dns)),
        "unknown kind",
    )
    release = "/.github/workflows/release.yml@refs/tags/v1.4.0"
    for name, sentence, subject in (
        (
            "look-alike-letters",
            "The organisation is acrne, which looks like acme.",
            f"https://github.com/acrne/models{release}",
        ),
        (
            "look-alike-host",
            "The host is before an @, and the real one behind it.",
            f"https://github.com@evil.example/acme/models{release}",
        ),
        (
            "look-alike-port",
            "The host has a port that the trusted one has not.",
            f"https://github.com:443/acme/models{release}",
        ),
        ("look-alike-scheme", "The scheme is http.", f"http://github.com/acme/models{release}"),
        ("look-alike-case", "The host is in upper case.", f"https://GITHUB.COM/acme/models{release}"),
        (
            "look-alike-beginning",
            "The repository's name only begins like the trusted one.",
            f"https://github.com/acme/models-evil{release}",
        ),
        (
            "look-alike-upwards",
            "The path leads out of the trusted repository and elsewhere.",
            f"https://github.com/acme/models/../evil{release}",
        ),
        (
            "look-alike-branch",
            "A branch of the same workflow, where tags are trusted.",
            "https://github.com/acme/models/.github/workflows/release.yml@refs/heads/tags/v1",
        ),
        (
            "look-alike-dot",
            "Another letter stands where a regular expression would read the dot as any.",
            f"https://githubxcom/acme/models{release}",
        ),
        (
            "look-alike-in-the-middle",
            "The trusted subject is a part of a stranger's.",
            f"https://evil.example/?{WORKFLOW}",
        ),
    ):
        yield asked(
            f"identity-{name}",
            sentence,
            ONE.bundle(provenance(), ONE.certify(ONE.wish(subject))),
            says,
            source=regex,
            given=by_pattern(),
        )
    longer = ONE.certify(ONE.wish(WORKFLOW + "-evil"))
    yield asked(
        "identity-that-only-begins-alike",
        "The identity is named exactly; the certificate's only begins so.",
        ONE.bundle(provenance(), longer),
        says,
        source=regex,
    )
    starred = ONE.certify(ONE.wish("https://github.com/acme/*"))
    yield asked(
        "identity-with-a-star",
        "The certificate's subject is a pattern, which the policy's identity fits.",
        ONE.bundle(provenance(), starred),
        says,
        source=regex,
    )
    for name, pattern in (
        ("everybody", "*"),
        ("every-host", "https://*"),
        ("every-path", "https://github.com*"),
        ("a-star-in-the-middle", "https://github.com/*/models/release.yml"),
        ("mail", "*@example.test"),
    ):
        yield asked(
            f"policy-identity-of-{name}",
            f"The policy trusts {pattern}, which fixes nobody.",
            ONE.bundle(provenance()),
            "a star only at the end",
            source=regex,
            given=by_pattern(pattern),
            outcome="rejected",
        )
