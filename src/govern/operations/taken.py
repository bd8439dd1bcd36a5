"""What a line says about one version: who has it, and whether a push of it is complete (FORMAT §7)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

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
from govern.predicates import registration
from govern.predicates.common import read_predicate
from govern.predicates.registration import Registration
from govern.store.protocol import Store
from govern.trust.admit import Subject, admit
from govern.trust.anchors import Trust
from govern.trust.keys import PublicKey
from govern.trust.records import Claim, Record
from govern.trust.wrapping import Wrapper


@dataclass(frozen=True, slots=True)
class Taken:
    """A version on a line.

    Args:
        name: the name.
        version: the version.
        key: the key of the one who pushes.
        holders: D → who registered it, for people.
        line: the claims on the line.
        policy: the writer's policy, or None.
        artifact_claims: the claims on artifacts that were looked at, by D.
    """

    name: Name
    version: Version
    key: PublicKey
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

    def signed_on_artifact(self, digest: Digest, store: Store, context: Context) -> tuple[Signed, ...]:
        """Return the records that this signer attached to D or to the line before."""
        claims = self._claims(digest, store, context)
        found = [_reopened(claim, self.key) for claim in [*claims.found, *self.line.found]]
        unique = {one.identity: one for one in found if one is not None and one.statement.is_about(digest)}
        return tuple(unique[key] for key in sorted(unique))

    def complete(self, digest: Digest, store: Store, context: Context) -> tuple[Signed, ...] | None:
        """Return the records of a push that is complete but perhaps for its tag, or None.

        Complete: D is there, and registered on D and on L by this signer (with a policy: by anyone whom it
        authorises), and all that the registration lists is there.
        """
        try:
            store.get_manifest(digest)
        except (NotFound, ContentMismatch):
            return None  # what is spoiled is pushed again
        keys = {self.key.signer: self.key} | dict(self.policy.keys if self.policy is not None else {})
        trust, about = Trust(keys), Subject(digest, self.name, self.version)
        claims = self._claims(digest, store, context)
        on_artifact = _admitted(claims, about, trust)
        on_line = _admitted(self.line, Subject(digest, self.name), trust)
        state = fold(on_artifact.values(), context.clock())
        for one in state.of_digest(digest):
            if not self._counts(one.record.signer):
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

    def _counts(self, signer: Digest) -> bool:
        if signer == self.key.signer:
            return True
        return self.policy is not None and self.policy.who_may(signer, registration.TYPE, self.name) is not None

    def _claims(self, digest: Digest, store: Store, context: Context) -> Claims:
        if digest not in self.artifact_claims:
            claims = find_claims(store, digest, context.objects, jobs=context.settings.jobs)
            _raise_failures(claims)
            self.artifact_claims[digest] = claims
        return self.artifact_claims[digest]

    def _signed(self, record: Record) -> Signed:
        return Signed(record.bundle, record.statement, record.signer, _created(record.claim.wrapper))


def read_taken(
    context: Context, store: Store, name: Name, version: Version, key: PublicKey, policy: Policy | None
) -> Taken:
    """Read a line for a writer.

    Args:
        context: the surroundings.
        store: where.
        name: whose line.
        version: which version is wanted.
        key: the writer's key.
        policy: with one, only registrations that it authorises take a version; without one any
            well-formed registration does, because a writer cannot know every key.

    Raises:
        Undecided: where the line cannot be listed: nobody knows then whether the version is free.
    """
    claims = find_claims(store, line_of(name).digest, context.objects, jobs=context.settings.jobs, line=True)
    _raise_failures(claims)
    holders: dict[Digest, str] = {}
    if policy is not None:
        records = _admitted(claims, Subject(None, name), Trust(policy.keys)).values()
        for one in fold(records, context.clock()).of_version(version):
            if policy.who_may(one.record.signer, registration.TYPE, name) is not None:
                holders[one.digest] = policy.owners.get(one.record.signer, str(one.record.signer))
    else:
        for claim in claims.found:
            if (held := _well_formed(claim, name, version, key)) is not None:
                holders.setdefault(held[0], held[1])
    return Taken(name, version, key, holders, claims, policy, {})


def _raise_failures(claims: Claims) -> None:
    if claims.failures:
        first = claims.failures[0]
        raise first if isinstance(first, Undecided) else Undecided(first.message, hint=first.hint)
    if claims.unread:
        raise Undecided("not every record could be read", got=f"{claims.unread} more than the bound")


def _admitted(claims: Claims, subject: Subject, trust: Trust) -> dict[tuple[Digest, Digest], Record]:
    results = (admit(claim, subject, trust) for claim in claims.found)
    return {one.identity: one for one in results if isinstance(one, Record)}


def _well_formed(claim: Claim, name: Name, version: Version, own: PublicKey) -> tuple[Digest, str] | None:
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
    hint = bundle.material.hint if isinstance(bundle.material, PublicKeyHint) else "a certificate"
    mine = _reopened(claim, own) is not None
    signer = "this same key" if mine else f"a signer with the key hint {hint!r} (unverified)"
    return Digest.from_hex(subject.sha256), signer


def _reopened(claim: Claim, key: PublicKey) -> Signed | None:
    try:
        return reopen(claim.bundle, _created(claim.wrapper), key)
    except GovernError:
        return None


def _created(wrapper: Wrapper) -> str:
    return wrapper.annotations.get(CREATED, "")
