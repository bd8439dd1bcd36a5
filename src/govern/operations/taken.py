"""What a line says about one version: who has it, and whether a push of it is complete (FORMAT §7)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from govern.artifact.pack import Packed
from govern.errors import ContentMismatch, Denied, GovernError, NotFound, Undecided
from govern.intoto.bundle import PublicKeyHint, read_bundle
from govern.intoto.statement import read_statement
from govern.ledger.state import fold
from govern.line import line_of
from govern.names import Name, SubjectName, Version
from govern.oci.digest import Digest
from govern.oci.media_types import CREATED
from govern.operations.attach import Signed, reopen
from govern.operations.claims import Claims, find_claims
from govern.operations.context import Context
from govern.policy.model import Policy
from govern.policy.standing import standing
from govern.predicates import registration
from govern.predicates.common import read_predicate
from govern.predicates.kinds import OMS_V1
from govern.predicates.registration import Registration
from govern.signing.record_signer import RecordSigner
from govern.store.protocol import Store
from govern.times import write_time
from govern.trust.admit import admit
from govern.trust.anchors import Trust
from govern.trust.identity import Voice
from govern.trust.records import Claim, Record
from govern.trust.subject import Subject
from govern.trust.wrapping import Wrapper


@dataclass(frozen=True, slots=True)
class Taken:
    """A version on a line.

    Args:
        name: the name.
        version: the version.
        signer: who pushes.
        holders: D → who registered it, for people.
        line: the claims on the line.
        policy: the writer's policy, or None.
        artifact_claims: the claims on artifacts that were looked at, by D.
    """

    name: Name
    version: Version
    signer: RecordSigner
    holders: Mapping[Digest, str]
    line: Claims
    policy: Policy | None
    artifact_claims: dict[Digest, Claims]

    def refuse_other(self, digest: Digest) -> None:
        """Raise `Denied` if another content has the version: it is never reused."""
        others = sorted(one for one in self.holders if one != digest)
        if others:
            raise Denied(
                f"version {str(self.version)!r} of {self.name} is taken by other content",
                got=f"{digest} now",
                expected=f"{others[0]}, registered by {self.holders[others[0]]}",
                hint="a version is never reused, even if its tag was deleted: push under a new one",
            )

    def refuse_unheard(self, now: datetime) -> None:
        """Raise `Denied` if the policy would not take the signer's word: the version would be used up for nothing.

        Who signs keyless is known only when the certificate comes: that one is not judged here.
        """
        if self.policy is None or (voice := self.signer.voice) is None:
            return
        why, credential = "", self.policy.credential_of(voice)
        if credential is None:
            why = "nobody's in this policy"
        elif credential.revoked_from is not None and credential.revoked_from <= now:
            why = f"{credential.person}'s, revoked from {write_time(credential.revoked_from)}"
        elif not credential.window.holds(now):
            why = f"{credential.person}'s, who it does not speak for at {write_time(now)}"
        elif self.policy.who_may(voice, registration.TYPE, self.name) is None:
            why = f"{credential.person}'s, whom no role lets register {self.name}"
        if why:
            raise Denied(
                f"a push of {self.name} with this signer would be refused by every verifier of the policy",
                got=f"{self.signer.label}: {why}",
                expected="a key or identity that may register this name now",
                hint=f"sign with another key, or change people and roles in {self.policy.source}",
            )

    def signed_on_artifact(self, digest: Digest, store: Store, context: Context) -> tuple[Signed, ...]:
        """Return the records that this signer attached to D or to the line before."""
        claims = self._claims(digest, store, context)
        found = [_reopened(claim, self.signer, context.clock()) for claim in [*claims.found, *self.line.found]]
        # What signs files is about no manifest: whether they are these, whoever uses it again compares.
        unique = {
            one.identity: one
            for one in found
            if one is not None and (one.statement.is_about(digest) or one.statement.predicate_type == OMS_V1)
        }
        return tuple(unique[key] for key in sorted(unique))

    def complete(self, packed: Packed, store: Store, context: Context) -> tuple[Signed, ...] | None:
        """Return the records of a push that is complete but perhaps for its tag, or None.

        Complete: D is there, and registered on D and on L by this signer (with a policy: by anyone whom it
        authorises), and all that the registration lists is there.
        """
        digest = packed.digest
        try:
            store.get_manifest(digest)
        except (NotFound, ContentMismatch):
            return None  # what is spoiled is pushed again
        trust = self.signer.trust.joined(self.policy.trust) if self.policy is not None else self.signer.trust
        about, now = Subject(digest, self.name, self.version, packed.digests), context.clock()
        claims = self._claims(digest, store, context)
        on_artifact = _admitted(claims, about, trust, now)
        on_line = _admitted(self.line, Subject(digest, self.name), trust, now)
        if self.policy is not None:
            # What is void for a verifier must be said anew, by somebody whose word counts.
            stands, _ = standing(self.policy, [*on_artifact.values(), *on_line.values()], now, self.name)
            counts = {one.identity for one in stands}
            on_artifact = {key: one for key, one in on_artifact.items() if key in counts}
            on_line = {key: one for key, one in on_line.items() if key in counts}
        state = fold(on_artifact.values(), now)
        for one in state.of_digest(digest):
            if not self._counts(one.record.voice):
                continue
            evidence = [(item.statement.id, item.signer.id) for item in one.content.evidence]
            if (
                one.version == self.version
                and one.record.identity in on_line
                and all(e in on_artifact for e in evidence)
            ):
                records = [*(on_artifact[item] for item in evidence), one.record]
                return tuple(self._signed(record) for record in records)
        return None

    def _counts(self, voice: Voice) -> bool:
        if self.signer.made(voice):
            return True
        return self.policy is not None and self.policy.who_may(voice, registration.TYPE, self.name) is not None

    def _claims(self, digest: Digest, store: Store, context: Context) -> Claims:
        if digest not in self.artifact_claims:
            claims = find_claims(store, digest, context.objects, jobs=context.settings.jobs)
            _raise_failures(claims)
            self.artifact_claims[digest] = claims
        return self.artifact_claims[digest]

    def _signed(self, record: Record) -> Signed:
        return Signed(record.bundle, record.statement, record.signer, _created(record.claim.wrapper))


def read_taken(
    context: Context, store: Store, name: Name, version: Version, signer: RecordSigner, policy: Policy | None
) -> Taken:
    """Read a line for a writer.

    Args:
        context: the surroundings.
        store: where.
        name: whose line.
        version: which version is wanted.
        signer: the writer.
        policy: with one, only registrations that it authorises take a version; without one any
            well-formed registration does, because a writer cannot know every key.

    Raises:
        Undecided: where the line cannot be listed: nobody knows then whether the version is free.
    """
    claims = find_claims(store, line_of(name).digest, context.objects, jobs=context.settings.jobs, line=True)
    _raise_failures(claims)
    holders: dict[Digest, str] = {}
    if policy is not None:
        now = context.clock()
        stands, _ = standing(policy, _admitted(claims, Subject(None, name), policy.trust, now).values(), now, name)
        for one in fold(stands, now).of_version(version):
            if policy.who_may(one.record.voice, registration.TYPE, name) is not None:
                holders[one.digest] = policy.name_of(one.record.voice)
    else:
        for claim in claims.found:
            if (held := _well_formed(claim, name, version, signer, context.clock())) is not None:
                holders.setdefault(held[0], held[1])
    return Taken(name, version, signer, holders, claims, policy, {})


def _raise_failures(claims: Claims) -> None:
    if claims.failures:
        first = claims.failures[0]
        raise first if isinstance(first, Undecided) else Undecided(first.message, hint=first.hint)
    if claims.unread:
        raise Undecided("not every record could be read", got=f"{claims.unread} more than the bound")


def _admitted(claims: Claims, subject: Subject, trust: Trust, at: datetime) -> dict[tuple[Digest, Digest], Record]:
    results = (admit(claim, subject, trust, at) for claim in claims.found)
    return {one.identity: one for one in results if isinstance(one, Record)}


def _well_formed(
    claim: Claim, name: Name, version: Version, own: RecordSigner, at: datetime
) -> tuple[Digest, str] | None:
    """Return (D, signer) if a claim is a registration of this version, whoever signed it."""
    try:
        bundle = read_bundle(claim.bundle, Denied)
        statement = read_statement(bundle.envelope.payload, Denied)
        if statement.predicate_type != registration.TYPE or len(statement.subjects) != 2:
            return None
        read_predicate(Registration, dict(statement.predicate), "registration", Denied)
        subject = statement.subjects[0]
        if SubjectName.parse(subject.name, error=Denied) != SubjectName(name, version) or subject.sha256 is None:
            return None
    except GovernError:
        return None
    hint = f"the key hint {bundle.material.hint!r}" if isinstance(bundle.material, PublicKeyHint) else "a certificate"
    mine = _reopened(claim, own, at) is not None
    signer = "this same signer" if mine else f"a signer with {hint} (unverified)"
    return Digest.from_hex(subject.sha256), signer


def _reopened(claim: Claim, signer: RecordSigner, at: datetime) -> Signed | None:
    try:
        return reopen(claim.bundle, _created(claim.wrapper), signer, at)
    except GovernError:
        return None


def _created(wrapper: Wrapper) -> str:
    return wrapper.annotations.get(CREATED, "")
