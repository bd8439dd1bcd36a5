"""The files of an artifact, without its weights: from the manifest, or from the list that it carries."""

from __future__ import annotations

from collections.abc import Collection

from govern.artifact.file_list import Entry, FileList, read_file_list
from govern.artifact.reading import derived_file_list, file_list_layer, is_bundle, layer_path
from govern.artifact.tar import BUNDLED_SIZE
from govern.errors import ContentMismatch, ProtocolError, Undecided, shortened
from govern.limits import MAX_FILE_LIST
from govern.oci.descriptor import Descriptor
from govern.oci.manifest import Manifest
from govern.oci.media_types import EMPTY_DIGEST
from govern.store.object_cache import ObjectCache
from govern.store.protocol import Store


def files_of(store: Store, manifest: Manifest, cache: ObjectCache) -> dict[str, str]:
    """Return all that an artifact holds: path → hex digits of the sha256.

    Args:
        store: where the artifact is. One blob is read, and only where small files were bundled.
        manifest: of the artifact.
        cache: small objects that were read before.

    Raises:
        ContentMismatch: for a file list that contradicts the manifest.
        Undecided: where the list cannot be read, and where the artifact has a layer of which nobody can say what
            files it makes: another tool may unpack it.
    """
    for layer in manifest.layers:
        if not layer_path(layer) and layer.digest != EMPTY_DIGEST and layer is not file_list_layer(manifest):
            raise Undecided(
                "the files of the artifact cannot be told without pulling it",
                got=f"a layer of the type {shortened(layer.media_type)} without a path",
                expected="layers that are files",
                hint="pack it with govern push, one file one layer",
            )
    return {one.path: one.sha256 for one in read_files(store, manifest, cache)}


def read_files(store: Store, manifest: Manifest, cache: ObjectCache | None = None) -> FileList:
    """Return the file list of an artifact, from its own layer or from the manifest.

    Args:
        store: where the artifact is.
        manifest: of the artifact.
        cache: small objects that were read before, or None.

    Raises:
        ContentMismatch: for a list that contradicts the manifest.
        ProtocolError: for paths that cannot be files of one tree, and a list that is none.
    """
    sizes: dict[str, int] = {}
    for one in manifest.layers:
        if sizes.setdefault(one.digest, one.size) != one.size:
            raise ProtocolError("a layer has two sizes", got=f"{sizes[one.digest]} and {one.size} for {one.digest}")
    layer = file_list_layer(manifest)
    if layer is None:
        return derived_file_list(manifest)
    others = {one.digest: one for one in manifest.layers[:-1]}
    raw = {(one.digest, layer_path(one)) for one in manifest.layers[:-1] if not is_bundle(one)}
    files = read_file_list(_listed(store, layer, cache), others)
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


def _listed(store: Store, layer: Descriptor, cache: ObjectCache | None) -> bytes:
    what = "the file list"
    if cache is not None and (known := cache.get(layer.id)) is not None:
        return layer.check(known, what)
    data = store.read_blob(layer, MAX_FILE_LIST, what)
    if cache is not None:
        cache.put(layer.id, data)
    return data


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
