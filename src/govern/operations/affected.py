"""`policy affected`: the records of somebody whose key is lost, over all versions of a name.

What is printed is what a person must look at: the policy that is given says from when the key is revoked, and of
every record of that voice whether it still stands, and why.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial

from govern.errors import GovernError, NotFound, Undecided, UsageError
from govern.line import line_of
from govern.names import FRESHNESS_TAG, LINE_TAG, Name
from govern.oci.digest import Digest
from govern.oci.manifest import read_manifest
from govern.oci.reference import Place, Reference
from govern.operations.admission import Admission
from govern.operations.claims import Claims, find_claims
from govern.operations.context import Context
from govern.operations.file_list import files_of
from govern.policy.model import Credential, Policy
from govern.policy.standing import standing
from govern.store.protocol import Store
from govern.trust.admit import admit
from govern.trust.identity import Voice
from govern.trust.records import Record, Rejected, unite
from govern.trust.subject import Subject


@dataclass(frozen=True, slots=True)
class AffectedRecord:
    """A record of the voice that was asked about.

    Args:
        record: the record.
        digest: the artifact that it is about.
        stands: whether it counts under the policy.
        why: why it does not, or empty.
    """

    record: Record
    digest: Digest
    stands: bool
    why: str


@dataclass(frozen=True, slots=True)
class Affected:
    """What was found.

    Args:
        who: what was asked about.
        name: the name.
        place: where.
        records: by artifact, then by what they claim about time.
        failures: what could not be read: there may be more records.
        unread: how many claims were not read.
        others: how many authentic records are about another name, and not listed.
    """

    who: str
    name: Name
    place: str
    records: tuple[AffectedRecord, ...]
    failures: tuple[GovernError, ...]
    unread: int
    others: int


def find_affected(context: Context, reference: Reference, policy: Policy, who: str, name: str | None) -> Affected:
    """Return every record of a person, key or identity under a name.

    Args:
        context: the surroundings.
        reference: the repository or layout; a version in it is not looked at.
        policy: says who is who, and from when somebody's word does not count.
        who: a person's id, the beginning of a signer's digest (`sha256:…`), or a certificate's subject.
        name: the name, or None for what the policy or path give.

    Raises:
        UsageError: for somebody whom the policy does not know: nobody's records would be an answer too.
        NotFound: for a repository or layout that is not there: it is not one without records.
    """
    known = _is_known(policy, who)
    if not known and not any(_is_pattern(one) for one in policy.credentials):
        raise _unknown(policy, who)
    expected = context.expected_name(reference.place, name, policy)
    store, now, jobs = context.store(reference.place), context.clock(), context.settings.jobs
    line = find_claims(store, line_of(expected).digest, context.objects, jobs=jobs, line=True)
    all_claims = [line]
    judged: list[Record | Rejected | Undecided] = [
        admit(one, Subject(None, expected), policy.trust, now) for one in line.found
    ]
    on_line = [one for one in judged if isinstance(one, Record)]
    failures: list[GovernError] = []
    for digest in sorted(_artifacts(context, reference.place, line, on_line, failures)):
        claims = find_claims(store, digest, context.objects, jobs=jobs)
        all_claims.append(claims)
        files = partial(_files, store, digest, context)
        admission = Admission(Subject(digest, expected), policy.trust, now, files)
        judged += map(admission.judge, claims.found)
        if admission.fault is not None:
            failures.append(admission.fault)
    failures += [fault for claims in all_claims for fault in claims.failures]
    unread = sum(claims.unread for claims in all_claims)
    records = [one for one in judged if isinstance(one, Record)]
    others = sum(isinstance(one, Rejected) and one.about_another for one in judged)
    mine = [one for one in records if _is_by(policy, one.voice, who)]
    # Whom a pattern means, only their records say; where some could not be read, nobody knows.
    if not known and not any(policy.owner_of(one.voice) for one in mine) and not failures and not unread:
        raise _unknown(policy, who)
    if not records and not failures and not unread:
        # Empty is never yes: a name that is written wrong has no records either.
        raise NotFound(
            f"nothing here that this policy admits is about {str(expected)!r}",
            got=f"{len(judged)} claims, {others} of them about another name",
            expected="at least one record about the name",
            hint="check --name and the repository; govern list shows what is there",
        )
    stands, void = standing(policy, records, now, expected)
    why = {one.record.identity: one.why for one in void}
    kept = {one.identity for one in stands}
    found = [AffectedRecord(one, _about(one), one.identity in kept, why.get(one.identity, "")) for one in _listed(mine)]
    found.sort(key=lambda one: (one.digest, one.record.issued_at.timestamp() if one.record.issued_at else 0.0))
    return Affected(who, expected, str(reference.place), tuple(found), tuple(failures), unread, others)


def _listed(records: list[Record]) -> list[Record]:
    """Return each record once for every artifact that it is about: one statement may describe several by their files.

    What any wrapping proves about time counts for all of them, as it does for whether the record stands.
    """
    times = {one.identity: one.times for one in unite(records)}
    about: dict[Digest, list[Record]] = {}
    for one in records:
        about.setdefault(_about(one), []).append(one)
    return [replace(one, times=times[one.identity]) for group in about.values() for one in unite(group)]


def _is_known(policy: Policy, who: str) -> bool:
    voices = [Voice(signer) for signer in policy.owners]
    voices += [Voice.of(one.identity) for one in policy.credentials if one.identity and not _is_pattern(one)]
    return who in policy.kinds or any(_is_by(policy, voice, who) for voice in voices)


def _is_pattern(credential: Credential) -> bool:
    return credential.identity is not None and credential.identity.subject.endswith("*")


def _unknown(policy: Policy, who: str) -> UsageError:
    return UsageError(
        "the policy does not know this person, key or identity",
        got=repr(who[:200]),
        expected=", ".join(sorted(policy.kinds))[:300]
        + ", a certificate's subject, or the beginning of a signer's digest",
        hint="keys that were taken out of the policy are nobody's: leave them in, with revokedFrom",
    )


def _is_by(policy: Policy, voice: Voice, who: str) -> bool:
    if policy.owner_of(voice) == who or (voice.identity is not None and voice.identity.subject == who):
        return True
    return who.startswith("sha256:") and len(who) > len("sha256:") and voice.signer.startswith(who)


def _artifacts(
    context: Context, place: Place, line: Claims, records: list[Record], failures: list[GovernError]
) -> set[Digest]:
    """Return every artifact of the name: those that a line record names, and those that only a tag leads to.

    Raises:
        NotFound: where neither the line nor any tag is there.
    """
    found = {_about(one) for one in records}
    store = context.store(place)
    try:
        tags = store.tags()
    except NotFound:
        # What has no tag any more is no repository to some registries, and still holds its records.
        if not line.found and not line.failures:
            raise
        return found
    for tag in tags:
        if tag.startswith((LINE_TAG, FRESHNESS_TAG, "sha256-")):
            continue
        try:
            found.add(store.get_manifest(tag).digest)
        except NotFound:
            continue
        except GovernError as fault:
            failures.append(fault)
    return found


def _files(store: Store, digest: Digest, context: Context) -> Mapping[str, str]:
    manifest = read_manifest(store.get_manifest(digest), "the artifact's manifest")
    return files_of(store, manifest, context.objects)


def _about(record: Record) -> Digest:
    if record.described is not None:
        return record.described
    sha256 = record.statement.subjects[0].sha256
    return Digest.from_hex(sha256) if sha256 is not None else Digest(record.claim.wrapper.subject)
