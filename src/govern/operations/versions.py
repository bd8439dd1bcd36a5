"""`list`: every version that a line ever had, also after its tag was deleted or moved (DESIGN §3)."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import datetime

from govern.errors import GovernError, NotFound
from govern.ledger.heads import Identity
from govern.ledger.state import fold
from govern.line import line_of
from govern.names import Name, SubjectName
from govern.oci.digest import Digest
from govern.oci.reference import Reference
from govern.operations.claims import Claims, find_claims
from govern.operations.context import Context
from govern.operations.found import peek
from govern.operations.verify import Verifier
from govern.policy.model import Policy
from govern.policy.standing import standing
from govern.predicates import registration
from govern.store.protocol import Store
from govern.trust.admit import admit
from govern.trust.records import Claim, Record
from govern.trust.subject import Subject


@dataclass(frozen=True, slots=True)
class ListedVersion:
    """One registration on a line.

    Args:
        version: the version.
        digest: D.
        kind: model or dataset.
        registered_at: when the writer says so.
        signer: person id, signer digest, or a bare hint where nothing is verified.
        status: `registered` (authorised), `not authorised`, `void` (authentic, and does not count), `unverified`.
        conflict: whether another content claims the same version.
        tagged: whether the tag of this version leads to it now.
        leads_to: what the tag leads to, or None where there is no such tag, or nobody can say.
        why: why it is void, or empty.
    """

    version: str
    digest: str
    kind: str
    registered_at: str
    signer: str
    status: str
    conflict: bool = False
    tagged: bool = False
    leads_to: Digest | None = None
    why: str = ""


@dataclass(frozen=True, slots=True)
class Versions:
    """The versions of a name.

    Args:
        name: the name.
        place: where it was looked up.
        versions: in the order of their claimed times.
        refused: claims on the line that were not admitted, or are void and register nothing.
        failures: what could not be read.
    """

    name: Name
    place: str
    versions: tuple[ListedVersion, ...]
    refused: int
    failures: tuple[GovernError, ...]


def list_versions(context: Context, reference: Reference, verifier: Verifier | None, name: str | None) -> Versions:
    """Return the versions of a line.

    Args:
        context: the surroundings.
        reference: a repository or layout; a version in it is not looked at.
        verifier: policy or keys, or None: then nothing is verified.
        name: the name, or None for what the policy or the path give.

    Raises:
        NotFound: for a repository or layout that is not there: it is not one without versions.
    """
    policy_file = verifier.policy if verifier is not None else None
    expected = context.expected_name(reference.place, name, policy_file)
    store = context.store(reference.place)
    claims = find_claims(store, line_of(expected).digest, context.objects, jobs=context.settings.jobs, line=True)
    found: list[ListedVersion] = []
    refused = len(claims.rejected)
    tags = _tags(store, claims)
    if verifier is None:
        found = [one for one in (_peeked(claim, expected) for claim in claims.found) if one is not None]
    else:
        policy = verifier.for_name(expected)
        now = context.clock()
        results = [admit(claim, Subject(None, expected), policy.trust, now) for claim in claims.found]
        records = [one for one in results if isinstance(one, Record)]
        stands, void = standing(policy, records, now, expected)
        whys = {one.record.identity: one.why for one in void}
        voided = _registrations(policy, expected, [one.record for one in void], now, whys)
        # What stands comes last: it is what is shown where the same is registered twice.
        found = [*voided, *_registrations(policy, expected, stands, now, {})]
        refused += len(results) - len(records) + len(void) - len(voided)
    leads, faults = _leads(store, tags & {one.version for one in found}, context.settings.jobs)
    found = [
        replace(one, tagged=leads.get(one.version) == one.digest, leads_to=leads.get(one.version)) for one in found
    ]
    return Versions(expected, str(reference.place), _marked(found), refused, (*claims.failures, *faults))


def _registrations(
    policy: Policy, name: Name, records: Sequence[Record], now: datetime, voided: Mapping[Identity, str]
) -> list[ListedVersion]:
    """Return what records register; `voided` says of which of them, and why, it counts for nothing."""
    found = []
    for one in fold(records, now).registered:
        why = voided.get(one.record.identity, "")
        allowed = policy.who_may(one.record.voice, registration.TYPE, name) is not None
        found.append(
            ListedVersion(
                version=one.version,
                digest=one.digest,
                kind=one.content.kind,
                registered_at=one.content.issued_at,
                signer=policy.name_of(one.record.voice),
                status="void" if why else "registered" if allowed else "not authorised",
                why=why,
            )
        )
    return found


def _tags(store: Store, claims: Claims) -> set[str]:
    if claims.failures:
        return set()
    try:
        return set(store.tags())
    except NotFound:
        if not claims.found:
            raise
        # What has no tag any more is no repository to some registries, and still holds its records.
        return set()


def _leads(store: Store, tags: Collection[str], jobs: int) -> tuple[dict[str, Digest], list[GovernError]]:
    """Return what tags lead to, each asked of the store: a tag that is there may have been moved."""

    def look(tag: str) -> Digest | GovernError | None:
        try:
            return store.get_manifest(tag).digest
        except NotFound:
            return None
        except GovernError as fault:
            return fault

    names = sorted(tags)
    with ThreadPoolExecutor(jobs, thread_name_prefix="tags") as pool:
        answers = dict(zip(names, pool.map(look, names), strict=True))
    leads = {tag: one for tag, one in answers.items() if isinstance(one, Digest)}
    return leads, [one for one in answers.values() if isinstance(one, GovernError)]


def _marked(found: list[ListedVersion]) -> tuple[ListedVersion, ...]:
    unique = {(one.version, one.digest, one.signer): one for one in found}.values()
    digests: dict[str, set[str]] = {}
    for one in unique:
        if one.status not in ("not authorised", "void"):
            digests.setdefault(one.version, set()).add(one.digest)
    marked = [replace(one, conflict=one.status != "void" and len(digests.get(one.version, ())) > 1) for one in unique]
    return tuple(sorted(marked, key=lambda one: (one.registered_at, one.version, one.digest)))


def _peeked(claim: Claim, name: Name) -> ListedVersion | None:
    found = peek(claim)
    if found.type != registration.TYPE or found.predicate is None or not found.digest:
        return None
    try:
        subject = SubjectName.parse(found.about)
    except GovernError:
        return None
    if subject.name != name or subject.version is None:
        return None
    return ListedVersion(
        version=subject.version,
        digest=found.digest,
        kind=str(found.predicate.get("kind", "")),
        registered_at=found.issued_at or "",
        signer=found.signer,
        status="unverified",
    )
