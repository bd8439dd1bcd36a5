"""`admit`: is this claim authentic? One proof, in numbered steps.

    (1) envelope        the bundle is a strict Sigstore bundle v0.3 over a DSSE envelope
    (2) payload type    the payload is an in-toto statement
    (3) signature       somebody signed exactly these bytes
    (4) key or certificate   it is a key that the verifier brought, or a certificate that an authority vouches for,
                             and that no revocation list names: that is said where lists of every issuer were asked
    (5) identity        whom the certificate is about      — made only for certificates
    (6) trusted time    a timestamp or log proves when     — made only where one is given
    (7) log             the entry is in a transparency log — made only where one is given
    (8) subject         the statement is about this artifact, or this line
    (9) predicate type  a predicate of ours is what its schema says

A step that was not made is reported as not made. (3) to (7) are in `authenticate`, (8) is in `subject`.
Sources: DSSE v1.0 protocol.md "Verifying"; in-toto attestation spec validation.md; FORMAT §4 and §5.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final

from govern.errors import Denied, GovernError
from govern.intoto.bundle import PublicKeyHint, read_bundle
from govern.intoto.statement import Statement, read_statement
from govern.names import SubjectName
from govern.oci.media_types import IN_TOTO
from govern.predicates.common import Common, read_predicate
from govern.predicates.kinds import OMS_V1, OURS
from govern.times import read_time
from govern.trust.anchors import Trust
from govern.trust.authenticate import authenticate
from govern.trust.hints import spelled
from govern.trust.identity import Voice
from govern.trust.records import Check, Claim, Record, Rejected
from govern.trust.subject import AboutAnother, Subject, WrittenByNewer, about

_SHOWN: Final = 200
"""How many characters of an unverified claim are kept to be shown."""


def admit(claim: Claim, subject: Subject, trust: Trust, at: datetime | None = None) -> Record | Rejected:
    """Judge whether a claim is authentic. Never raises for what a claim contains.

    Args:
        claim: the untrusted record.
        subject: what it must be about.
        trust: the verifier's anchors.
        at: the moment that is asked about, for certificates of an internal PKI that nobody timestamped; without one
            they are refused.
    """
    claimed_type = claimed_signer = ""
    voice: Voice | None = None
    try:
        # (1) envelope
        bundle = read_bundle(claim.bundle, Denied)
        named = bundle.material.hint if isinstance(bundle.material, PublicKeyHint) else "certificate"
        claimed_signer = spelled(named[:_SHOWN])
        # (2) payload type: a signature over bytes of another type says something else.
        if bundle.envelope.payload_type != IN_TOTO:
            raise Denied(
                "the envelope holds something else",
                got=repr(bundle.envelope.payload_type[:100]),
                expected=IN_TOTO,
            )
        # The statement is parsed before the signature is judged only to say, in a refusal, what it
        # claimed to be. Nothing of it is used unless (3) holds.
        statement = read_statement(bundle.envelope.payload, Denied)
        claimed_type = statement.predicate_type[:_SHOWN]
        # (3) to (7)
        authentic = authenticate(bundle, trust, at)
        voice = authentic.voice
        # (8)
        detail = about(statement, subject)
        # (9)
        content = _content(statement, subject)
    except AboutAnother as reason:
        return Rejected(claim.manifest, reason.bare(), claimed_type, claimed_signer, about_another=True)
    except WrittenByNewer as reason:
        return Rejected(claim.manifest, reason.bare(), claimed_type, claimed_signer, newer=voice)
    except GovernError as reason:
        return Rejected(claim.manifest, reason.bare(), claimed_type, claimed_signer)
    return Record(
        claim=claim,
        bundle=bundle,
        statement=statement,
        signer=authentic.voice.signer,
        content=content,
        issued_at=read_time(content.issued_at) if content is not None else None,
        checks=(
            Check("envelope", True, "Sigstore bundle v0.3, DSSE"),
            Check("payload type", True, IN_TOTO),
            *authentic.checks,
            Check("subject", True, detail),
            _predicate_check(statement, content),
        ),
        certified=authentic.voice.identity,
        times=authentic.times,
        logged=authentic.logged,
        # The subject of such a signature is the root of its files, which (8) compared with the artifact's.
        described=subject.digest if statement.predicate_type == OMS_V1 else None,
    )


def _predicate_check(statement: Statement, content: Common | None) -> Check:
    if content is not None:
        return Check("predicate type", True, "valid by its schema")
    if statement.predicate_type == OMS_V1:
        # (8) read the whole of it: there is no other way to compare the files.
        return Check("predicate type", True, "an OpenSSF Model Signing manifest: it was judged whole")
    return Check("predicate type", False, "not a predicate of ours: its content was not judged")


def _content(statement: Statement, subject: Subject) -> Common | None:
    kind = OURS.get(statement.predicate_type)
    if kind is None:
        return None
    artifact = statement.subjects[0]
    version = SubjectName.parse(artifact.name, error=Denied).version
    matters = subject.digest is None or artifact.sha256 == subject.digest.encoded or version == subject.version
    return read_predicate(
        kind.model,
        dict(statement.predicate),
        kind.word,
        Denied,
        tolerant=not kind.decides,
        newer=WrittenByNewer if kind.decides and matters else Denied,
    )
