"""`pull`: verify first, then by digest ever after. No allowed decision, no byte of a weight.

(1) decide, and require
(2) the file list: from the manifest, or its own layer
(3) what is in the directory already: kept, or somebody's work that must not be lost
(4) layers into the stage, each checked against its digest while it is written
(5) small files out of their tars, each checked against the file list
(6) everything to its place, the lock last
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from govern.artifact.file_list import Entry, FileList, read_file_list
from govern.artifact.lock import Lock, LockedDecision, LockedFile
from govern.artifact.reading import (
    derived_file_list,
    file_list_layer,
    is_bundle,
    layer_path,
    read_inside,
    role_of_layer,
)
from govern.artifact.selection import Selection
from govern.artifact.tar import BUNDLED_SIZE
from govern.artifact.tree import (
    check_reserved,
    commit,
    kept_and_edited,
    look_at,
    refuse_folders,
    refuse_loss,
    staged,
)
from govern.errors import ContentMismatch, ProtocolError
from govern.limits import MAX_FILE_LIST
from govern.oci.descriptor import Descriptor
from govern.oci.manifest import Manifest, read_manifest
from govern.oci.reference import Pinned, Reference
from govern.operations.context import Context, resolve
from govern.operations.fetch import fetch_files
from govern.operations.gather import read_artifact, read_config
from govern.operations.verify import Verified, Verifier, verify
from govern.policy.decision import Decision
from govern.store.protocol import Store
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
    files = read_files(store, manifest)
    chosen = selection.of(files, {layer.digest: role_of_layer(layer) for layer in manifest.layers})
    check_reserved(chosen)
    # (3)
    tree = look_at(output)
    kept, edited = kept_and_edited(tree, chosen, context.digests)
    refuse_loss(tree, edited, force=force)
    refuse_folders(tree, chosen)
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
        files=tuple(LockedFile(path=one.path, sha256=one.sha256, size=one.size) for one in chosen),
    )
    with staged(tree, chosen):
        # (4) and (5)
        fetch_files(context, store, manifest, tree, wanted)
        # (6)
        written = commit(tree, chosen, kept, lock)
    context.progress.finish()
    decision = verified.decision if verified else None
    size = sum(one.size for one in wanted)
    return Pulled(pinned, decision, tree.folder, len(chosen), len(wanted), size, written)


def _locked(verified: Verified | None) -> LockedDecision | None:
    if verified is None:
        return None
    counted = tuple(sorted({one for requirement in verified.decision.requirements for one in requirement.by}))
    return LockedDecision(policy=verified.policy.digest, source=verified.policy.source, records=counted)


def read_files(store: Store, manifest: Manifest) -> FileList:
    """Return the file list of an artifact, from its own layer or from the manifest."""
    sizes: dict[str, int] = {}
    for one in manifest.layers:
        if sizes.setdefault(one.digest, one.size) != one.size:
            raise ProtocolError("a layer has two sizes", got=f"{sizes[one.digest]} and {one.size} for {one.digest}")
    layer = file_list_layer(manifest)
    if layer is None:
        return derived_file_list(manifest)
    data = store.read_blob(layer, MAX_FILE_LIST, "the file list")
    others = {one.digest: one for one in manifest.layers[:-1]}
    raw = {(one.digest, layer_path(one)) for one in manifest.layers[:-1] if not is_bundle(one)}
    files = read_file_list(data, others)
    for entry in files:
        _check_entry(entry, others[entry.layer], raw)
    if missing := sorted(raw - {(entry.layer, entry.path) for entry in files}):
        raise ContentMismatch(
            "the file list leaves out a layer",
            got=f"no {missing[0][1]!r}",
            expected="every layer that is a file",
            hint="the artifact contradicts itself: do not use it",
        )
    return files


def _check_entry(entry: Entry, holder: Descriptor, raw: Collection[tuple[str, str]]) -> None:
    """Refuse an entry of the file list that is not what the manifest says of its layer."""
    if is_bundle(holder):
        # A member is held in memory while it is checked (FORMAT §3 bundles none that is larger).
        right = entry.offset + entry.size <= holder.size and entry.size <= BUNDLED_SIZE
    else:
        # Who reads the manifest alone, as oras does, must get the same files.
        right = (entry.offset, entry.size) == (0, holder.size) and entry.sha256 == holder.id.encoded
        right = right and (entry.layer, entry.path) in raw
    if not right:
        raise ContentMismatch(
            "the file list contradicts the manifest",
            got=f"{entry.path!r}: {entry.size} bytes at {entry.offset}, sha256:{entry.sha256}",
            expected=f"a file of the layer {holder.digest}, which has {holder.size} bytes",
            hint="the artifact contradicts itself: do not use it",
        )
