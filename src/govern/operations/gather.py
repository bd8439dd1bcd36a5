"""Everything that a decision looks at, in a constant number of round trips.

round 1   tag → manifest                                   (skipped for a digest)
round 2   manifest D │ listings of D │ listings of L         at once
round 3   config     │ every claim's manifest                at once
round 4   every claim's bundle                               at once
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial

from govern.artifact.reading import Inside, has_known_config, read_inside
from govern.errors import NotFound, Undecided
from govern.limits import MAX_CONFIG
from govern.line import line_of
from govern.names import Name
from govern.oci.manifest import Manifest, RawManifest, read_manifest
from govern.oci.media_types import IMAGE_MANIFEST
from govern.oci.reference import Pinned
from govern.operations.claims import Claims, find_claims
from govern.operations.context import Context
from govern.operations.file_list import files_of
from govern.store.object_cache import ObjectCache
from govern.store.protocol import Store


@dataclass(frozen=True, slots=True)
class Gathered:
    """What was found about an artifact. All of it untrusted, none of it judged.

    Args:
        pinned: what it is about.
        name: the name whose line was read.
        raw: the artifact's manifest, checked against the digest.
        manifest: the same, parsed.
        inside: what it says of itself.
        artifact: claims about D.
        line: claims about L.
        notes: what a person should hear, and what decides nothing.
        files: reads path → sha256 of every file, where a record speaks of files.
    """

    pinned: Pinned
    name: Name
    raw: RawManifest
    manifest: Manifest
    inside: Inside
    artifact: Claims
    line: Claims
    files: Callable[[], Mapping[str, str]]
    notes: tuple[str, ...] = ()


def gather(context: Context, pinned: Pinned, name: Name) -> Gathered:
    """Read an artifact's manifest and config, and every claim about it and about its line.

    Raises:
        ContentMismatch: for a manifest or config that is not what its digest says.
        Undecided: where they cannot be read.
    """
    store, cache, jobs = context.store(pinned.place), context.objects, context.settings.jobs
    line = line_of(name)
    with ThreadPoolExecutor(4, thread_name_prefix="gather") as pool:
        of_artifact = pool.submit(find_claims, store, pinned.digest, cache, jobs=jobs)
        of_line = pool.submit(find_claims, store, line.digest, cache, jobs=jobs, line=True)
        line_note = pool.submit(_line_note, store, name)
        raw = read_artifact(store, pinned, cache)
        manifest = read_manifest(raw, "the artifact's manifest")
        inside = read_inside(manifest, read_config(store, manifest, cache))
        notes = tuple(note for note in (line_note.result(),) if note)
        files = partial(files_of, store, manifest, cache)
        return Gathered(pinned, name, raw, manifest, inside, of_artifact.result(), of_line.result(), files, notes)


def read_artifact(store: Store, pinned: Pinned, cache: ObjectCache) -> RawManifest:
    """Return the artifact's manifest, from the cache where its bytes still have this digest."""
    known = cache.get(pinned.digest)
    if known is not None:
        return RawManifest(IMAGE_MANIFEST, known)
    raw = store.get_manifest(pinned.digest)
    if raw.media_type == IMAGE_MANIFEST:
        cache.put(raw.digest, raw.data)
    return raw


def read_config(store: Store, manifest: Manifest, cache: ObjectCache) -> bytes | None:
    """Return the bytes of a config that may hold a name, or None for other types."""
    if not has_known_config(manifest):
        return None
    descriptor = manifest.config
    MAX_CONFIG.check(descriptor.size, "the artifact's config")
    if (embedded := descriptor.embedded("the artifact's config")) is not None:
        return embedded
    if (known := cache.get(descriptor.id)) is not None:
        return descriptor.check(known, "the artifact's config")
    data = store.read_blob(descriptor, MAX_CONFIG, "the artifact's config")
    cache.put(descriptor.id, data)
    return data


def _line_note(store: Store, name: Name) -> str:
    # Nobody needs to read a line to know it; a damaged copy decides nothing, and is still worth a word.
    line = line_of(name)
    try:
        store.get_manifest(line.digest)
    except NotFound:
        return ""
    except Undecided as fault:
        return f"the line of {name} cannot be read: {fault.message}"
    except Exception as fault:  # noqa: BLE001 - whatever is wrong with it decides nothing and is only said
        return f"the line of {name} is damaged here: {fault}"
    return ""
