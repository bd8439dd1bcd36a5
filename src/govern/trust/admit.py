"""`admit`: is this claim authentic? One proof, in numbered steps.

    (1) envelope      the bundle is a strict Sigstore bundle v0.3 over a DSSE envelope
    (2) payload type  the payload is an in-toto statement
    (3) key           the signer is one that the verifier brought
    (4) signature     that signer signed exactly these bytes
    (5) identity      the certificate's identity        — made only for certificates
    (6) trusted time  a timestamp or log proves when    — made only where one is given
    (7) log           the entry is in a transparency log — made only where one is given
    (8) subject       the statement is about this artifact, or this line
    (9) predicate     a predicate of ours is what its schema says

A step that was not made is reported as not made. Sources: DSSE v1.0 protocol.md "Verifying"; in-toto
attestation spec validation.md; FORMAT §4 and §5.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from govern.errors import Denied, GovernError
from govern.intoto.bundle import Bundle, PublicKeyHint, read_bundle
from govern.intoto.statement import Statement, read_statement
from govern.line import line_of
from govern.names import Name, SubjectName, Version, kind_of
from govern.oci.digest import Digest
from govern.oci.media_types import IN_TOTO
from govern.predicates.common import Common, read_predicate
from govern.predicates.kinds import ADDING_WORDS, OURS
from govern.times import read_time
from govern.trust.anchors import Trust
from govern.trust.records import Check, Claim, Record, Rejected

_SHOWN: Final = 200
"""How many characters of an unverified claim are kept to be shown."""


class AboutAnother(Denied):
    """Authentic, and about something else: shown, never folded (DESIGN §3)."""


class WrittenByNewer(Denied):
    """Authentic, about this subject, and of a kind or with fields that this version does not know."""


@dataclass(frozen=True, slots=True)
class Subject:
    """What records must be about to count here.

    Args:
        digest: D, the artifact; None where only the line is looked at.
        name: the expected name.
        version: the version inside the artifact, or None for artifacts of other tools.
    """

    digest: Digest | None
    name: Name
    version: str | None = None

    @property
    def line(self) -> Digest:
        """L of the expected name."""
        return line_of(self.name).digest


def admit(claim: Claim, subject: Subject, trust: Trust) -> Record | Rejected:
    """Judge whether a claim is authentic. Never raises for what a claim contains.

    Args:
        claim: the untrusted record.
        subject: what it must be about.
        trust: the verifier's anchors.
    """
    claimed_type = claimed_signer = ""
    signer: Digest | None = None
    try:
        # (1) envelope
        bundle = read_bundle(claim.bundle, Denied)
        claimed_signer = bundle.material.hint[:_SHOWN] if isinstance(bundle.material, PublicKeyHint) else "certificate"
        # (2) payload type: a signature over bytes of another type says something else.
        if bundle.envelope.payload_type != IN_TOTO:
            raise Denied(
                "the envelope holds something else",
                got=repr(bundle.envelope.payload_type[:100]),
                expected=IN_TOTO,
            )
        # The statement is parsed before the signature is judged only to say, in a refusal, what it
        # claimed to be. Nothing of it is used unless (4) holds.
        statement = read_statement(bundle.envelope.payload, Denied)
        claimed_type = statement.predicate_type[:_SHOWN]
        # (3) and (4)
        signer = _signer(bundle, trust)
        checks: tuple[Check, ...] = (
            Check("envelope", True, "Sigstore bundle v0.3, DSSE"),
            Check("payload type", True, IN_TOTO),
            Check("signature", True, f"by {signer}"),
            Check("identity", False, "key-signed: who holds the key is the policy's word"),
            Check("trusted time", False, f"{len(bundle.timestamps)} timestamps present, none verified"),
            Check("transparency log", False, f"{len(bundle.log_entries)} entries present, none verified"),
        )
        # (8)
        about = _about(statement, subject)
        # (9)
        content = _content(statement, subject)
        checks = (
            *checks,
            Check("subject", True, about),
            Check("predicate", content is not None, _predicate_detail(content)),
        )
    except AboutAnother as reason:
        return Rejected(claim.manifest, _bare(reason), claimed_type, claimed_signer, about_another=True)
    except WrittenByNewer as reason:
        return Rejected(claim.manifest, _bare(reason), claimed_type, claimed_signer, newer=signer)
    except GovernError as reason:
        return Rejected(claim.manifest, _bare(reason), claimed_type, claimed_signer)
    issued = read_time(content.issued_at) if content is not None else None
    return Record(claim, bundle, statement, signer, content, issued, checks)


def _bare(reason: GovernError) -> GovernError:
    """Return a refusal without what it was raised over: its frames hold whole statements, of thousands of claims."""
    reason.__cause__ = reason.__context__ = None
    return reason.with_traceback(None)


def _predicate_detail(content: Common | None) -> str:
    return "valid by its schema" if content is not None else "not a predicate of ours: its content was not judged"


def _signer(bundle: Bundle, trust: Trust) -> Digest:
    if not isinstance(bundle.material, PublicKeyHint):
        raise Denied(
            "the record is signed with a certificate",
            expected="a record signed with a key",
            hint="this version verifies keys; certificates and keyless signatures are not verified yet",
        )
    if not trust.keys:
        # Empty is never yes.
        raise Denied("no key is trusted", expected="at least one", hint="give --key FILE or --policy FILE")
    if len(bundle.envelope.signatures) != 1:
        raise Denied("the envelope has several signatures", got=str(len(bundle.envelope.signatures)), expected="one")
    signature = bundle.envelope.signatures[0].sig
    signed = bundle.envelope.signed
    # (3) The hint is unauthenticated: it chooses which key to try first, never which key to trust.
    hint = bundle.material.hint
    for key in sorted(trust.keys.values(), key=lambda key: (key.hint != hint, key.signer)):
        try:
            # (4) the exact payload bytes, under the exact payload type (DSSE PAE)
            key.verify(signature, signed)
        except Denied:
            continue
        return key.signer
    raise Denied(
        "no trusted key made this signature",
        got=f"a signature with the key hint {hint[:100] or '(none)'}",
        expected="one of " + ", ".join(sorted(trust.keys))[:500],
        hint="if the signer should be trusted, add their public key to the policy; otherwise ignore the record",
    )


def _about(statement: Statement, subject: Subject) -> str:
    if kind_of(statement.predicate_type) is None:
        # Predicates of others are bound by digest alone, at any index; their names are shown, never
        # compared (FORMAT §4).
        if subject.digest is None or not any(one.sha256 == subject.digest.encoded for one in statement.subjects):
            raise AboutAnother(
                "the statement is about other content",
                got=", ".join(f"sha256:{one.sha256}" for one in statement.subjects[:4]),
                expected=str(subject.digest or "records of ours"),
            )
        return f"sha256:{subject.digest.encoded}"
    kind = OURS.get(statement.predicate_type)
    if kind is None:
        # What only adds would be missed, and nothing worse. Anything else may take back what is allowed here.
        harmless = kind_of(statement.predicate_type) in ADDING_WORDS
        first, here = statement.subjects[0].sha256, {one.encoded for one in (subject.digest, subject.line) if one}
        raise (Denied if harmless or first not in here else WrittenByNewer)(
            "the record is of a kind that this govern does not know",
            got=repr(statement.predicate_type[:200]),
            expected=", ".join(one.word for one in OURS.values()),
            hint="it was written by a newer govern: update this one",
        )
    return _about_ours(statement, subject, names_line=kind.names_line)


def _about_ours(statement: Statement, subject: Subject, *, names_line: bool) -> str:
    wanted = 2 if names_line else 1
    if len(statement.subjects) != wanted:
        raise Denied(
            "the statement has another shape than its kind prescribes",
            got=f"{len(statement.subjects)} subjects",
            expected=f"exactly {wanted}",
        )
    artifact = statement.subjects[0]
    name = SubjectName.parse(artifact.name, error=Denied)
    if not all(one.exact for one in statement.subjects):
        raise Denied("a subject holds more than its kind prescribes", expected="exactly a name and a sha256 digest")
    if artifact.sha256 is None or any(one.sha256 is None for one in statement.subjects):
        raise Denied("a subject has no sha256", expected="sha256 digests")
    if names_line:
        if name.version is None:
            raise Denied("the artifact's subject has no version", got=repr(artifact.name), expected="NAME@VERSION")
        Version(name.version, error=Denied)
        line = statement.subjects[1]
        # L is recomputed from the name: a statement whose line is another name's says two things.
        if line.name != name.name or line.sha256 != line_of(name.name).digest.encoded:
            raise Denied(
                "the second subject is not the line of the first",
                got=f"{line.name[:200]!r} sha256:{line.sha256}",
                expected=f"{name.name!r} {line_of(name.name).digest}",
            )
    if name.name != subject.name:
        raise AboutAnother(
            "the record is about another name",
            got=repr(str(name.name)),
            expected=repr(str(subject.name)),
            hint=f"if {name.name} is meant, say --name {name.name}",
        )
    # On the line, every version of the name is of interest; on the artifact, only this one is.
    if names_line and (subject.digest is None or artifact.sha256 != subject.digest.encoded):
        return f"{artifact.name} sha256:{artifact.sha256}"
    if subject.digest is None or artifact.sha256 != subject.digest.encoded:
        raise AboutAnother(
            "the record is about other content",
            got=f"sha256:{artifact.sha256}",
            expected=str(subject.digest or "a record of the line"),
        )
    if not names_line and subject.version is not None and name.version != subject.version:
        raise AboutAnother(
            "the record names another version than the artifact does",
            got=repr(artifact.name),
            expected=repr(f"{subject.name}@{subject.version}"),
        )
    return f"{artifact.name} sha256:{artifact.sha256}"


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
