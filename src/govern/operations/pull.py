"""`pull`: verify first, then by digest ever after. No allowed decision, no byte of a weight.

(1) decide, and require
(2) the file list: from the manifest, or its own layer
(3) what is in the directory already: kept, or somebody's work that must not be lost
(4) layers into the stage, each checked against its digest while it is written
(5) small files out of their tars, each checked against the file list
(6) everything to its place, the lock last
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from govern.artifact.lock import Lock, LockedDecision, LockedFile
from govern.artifact.model_sig import MODEL_SIG, model_sig_entry, write_model_sig
from govern.artifact.reading import read_inside, role_of_layer
from govern.artifact.selection import Selection
from govern.artifact.tree import (
    check_reserved,
    commit,
    kept_and_edited,
    look_at,
    refuse_folders,
    refuse_loss,
    staged,
)
from govern.ledger.model_signature import model_signature
from govern.oci.manifest import read_manifest
from govern.oci.reference import Pinned, Reference
from govern.operations.context import Context, resolve
from govern.operations.fetch import fetch_files
from govern.operations.file_list import read_files
from govern.operations.gather import read_artifact, read_config
from govern.operations.verify import Verified, Verifier, verify
from govern.policy.decision import Decision
from govern.predicates import registration
from govern.times import write_time


@dataclass(frozen=True, slots=True)
class Unverified:
    """The explicit wish to pull without any decision. Unsafe: nothing is known about what comes."""


@dataclass(frozen=True, slots=True)
class Pulled:
    """What a pull did.

    Args:
        pinned: what was pulled.
        decision: the decision that allowed it, or None for `Unverified`.
        folder: where the files are.
        files: how many files the directory now has of this artifact.
        fetched: how many of them came now.
        size: bytes of what came now.
        lock: the lock file.
    """

    pinned: Pinned
    decision: Decision | None
    folder: Path
    files: int
    fetched: int
    size: int
    lock: Path


def pull(
    context: Context,
    reference: Reference,
    verifier: Verifier | Unverified,
    output: Path,
    *,
    name: str | None = None,
    selection: Selection = Selection(),  # noqa: B008 - frozen
    force: bool = False,
) -> Pulled:
    """Pull an artifact into a directory.

    Args:
        context: the surroundings.
        reference: what was typed.
        verifier: the verifier's policy or keys; or `Unverified`, which stays visible in the lock.
        output: the directory.
        name: the expected name, or None.
        selection: which files.
        force: whether local edits may be lost.

    Raises:
        Denied: what the decision says, and for any byte that is not what its digest says.
        InvalidInput: for a directory that would lose something.
        Undecided: for passing trouble; what came stays in the stage and is not sent again.
    """
    # (1)
    verified: Verified | None = None
    if isinstance(verifier, Unverified):
        pinned = resolve(context, reference)
        store = context.store(pinned.place)
        manifest = read_manifest(read_artifact(store, pinned, context.objects), "the artifact's manifest")
        inside = read_inside(manifest, read_config(store, manifest, context.objects))
        expected = str(context.expected_name(reference.place, name, None))
    else:
        verified = verify(context, reference, verifier, name=name)
        verified.decision.require()
        pinned, manifest, inside = verified.gathered.pinned, verified.gathered.manifest, verified.gathered.inside
        store, expected = context.store(pinned.place), str(verified.gathered.name)
    # (2)
    files = read_files(store, manifest, context.objects)
    chosen = selection.of(files, {layer.digest: role_of_layer(layer) for layer in manifest.layers})
    check_reserved(chosen)
    # A part of the files is not what was signed as a model.
    signature = _signature(verified) if verified is not None and not selection.words else None
    placed = (*chosen, model_sig_entry(signature)) if signature is not None else chosen
    # (3)
    tree = look_at(output)
    kept, edited = kept_and_edited(tree, placed, context.digests)
    refuse_loss(tree, edited, force=force)
    refuse_folders(tree, placed)
    wanted = [one for one in chosen if one.path not in kept]
    lock = Lock(
        reference=str(pinned),
        tag=pinned.tag,
        name=expected,
        version=verified.decision.subject.version if verified else inside.version,
        kind=inside.kind,
        digest=pinned.digest,
        pulled_at=write_time(context.clock()),
        verified=_locked(verified),
        selected=selection.words,
        files=tuple(LockedFile(path=one.path, sha256=one.sha256, size=one.size) for one in placed),
    )
    with staged(tree, placed):
        # (4) and (5)
        fetch_files(context, store, manifest, tree, wanted)
        if signature is not None and MODEL_SIG not in kept:
            write_model_sig(tree.files, signature)
        # (6)
        written = commit(tree, placed, kept, lock)
    context.progress.finish()
    decision = verified.decision if verified else None
    size = sum(one.size for one in wanted)
    return Pulled(pinned, decision, tree.folder, len(chosen), len(wanted), size, written)


def _locked(verified: Verified | None) -> LockedDecision | None:
    if verified is None:
        return None
    counted = tuple(sorted({one for requirement in verified.decision.requirements for one in requirement.by}))
    return LockedDecision(policy=verified.policy.digest, source=verified.policy.source, records=counted)


def _signature(verified: Verified) -> bytes | None:
    """Return the OpenSSF model signature that an authorised registration lists, or None."""
    policy, name = verified.policy, verified.gathered.name
    registered = [
        one
        for one in verified.state.of_digest(verified.gathered.pinned.digest)
        if policy.who_may(one.record.voice, registration.TYPE, name) is not None
    ]
    found = model_signature(registered, verified.state.records)
    return found.bundle.data if found is not None else None
