"""What a layout serves: bytes that are not those of their digest, tags, and paths."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

from govern import canonical
from govern.oci.digest import Digest
from govern.oci.media_types import IMAGE_INDEX
from support.verify_vectors.artifacts import MODEL, OTHER, Model, provenance
from support.verify_vectors.bundles import Json, bundle, loads
from support.verify_vectors.case import Case
from support.verify_vectors.cases.wrappers import HONEST, asked, provenance_of_digest
from support.verify_vectors.layouts import Layout


def cases() -> Iterator[Case]:
    """Yield the vectors of this theme."""
    yield from _bytes()
    yield from _artifacts()


def _bytes() -> Iterator[Case]:
    checked = "notation-go GHSA-xhg5-42rf-296r; image-spec, descriptor.md"
    honest = canonical.dumps(HONEST)
    stranger = canonical.dumps(bundle(provenance(), "stranger"))
    yield asked(
        "bundle-is-not-its-digest",
        "Under a stranger's bundle's digest the layout serves the trusted key's.",
        checked,
        Layout().model().attach(stranger, store=honest),
        "is not what its digest says",
    )
    yield asked(
        "bundle-is-cut",
        "The bundle's blob is cut off.",
        checked,
        Layout().model().attach(honest, store=honest[:-1]),
        "not as long as its descriptor says",
    )
    yield asked(
        "bundle-is-gone",
        "The wrapper is there, and the bundle is not.",
        "cosign 3, GetBundles, which passes over what it cannot fetch",
        Layout().model().attach(honest, store=b""),
        "MISSING",
    )

    def size(by: int) -> Callable[[Json], None]:
        def change(one: Json) -> None:
            one["layers"][0]["size"] += by

        return change

    for name, by in (("larger", 1), ("smaller", -1)):
        yield asked(
            f"bundle-size-lies-{name}",
            f"The bundle's descriptor says a size that is {name}.",
            checked,
            Layout().model().attach(honest, change=size(by)),
            "not as long as its descriptor says",
        )
    yield asked(
        "bundle-of-a-tebibyte",
        "The bundle's descriptor says a tebibyte: nobody may read that.",
        "cosign CVE-2023-46737; sigstore-go CVE-2024-45395",
        Layout().model().attach(honest, change=size(1 << 40)),
        "too large",
    )
    moved = Layout().model().attach(HONEST)
    wrapper = moved.manifests[-1]["digest"]
    moved.blobs[wrapper] = moved.blobs[wrapper].replace(b"dsse-envelope", b"DSSE-envelope")
    yield asked(
        "wrapper-is-not-its-digest",
        "The wrapper's bytes are not those of its digest.",
        checked,
        moved,
        "is not what its digest says",
    )


def _artifacts() -> Iterator[Case]:
    checked = "notation-go GHSA-xhg5-42rf-296r"
    evil = Layout().model().attach(HONEST)
    evil.blobs[str(MODEL.digest)] = OTHER.manifest
    yield asked(
        "artifact-is-not-its-digest",
        "Under the artifact's digest the layout serves another version.",
        checked,
        evil,
        "is not what its digest says",
        outcome="rejected",
    )
    config = Layout().model().attach(HONEST)
    config.blobs[str(Digest.of(MODEL.config))] = MODEL.config.replace(b"1.4.0", b"1.4.1")
    yield asked(
        "config-is-not-its-digest",
        "The config, which holds name and version, is not that of its digest.",
        checked,
        config,
        "is not what its digest says",
        outcome="rejected",
    )
    twice = Layout().model().attach(HONEST).model(OTHER, tag=MODEL.version)
    yield asked(
        "tag-at-two-manifests",
        "The tag stands at two manifests: what is verified is not what another tool pulls.",
        checked,
        twice,
        "ambiguous",
        outcome="rejected",
    )
    index = canonical.dumps(loads(MODEL.manifest) | {"mediaType": IMAGE_INDEX})
    two_things = Layout()
    two_things.list(index, MODEL.version)
    two_things.put(MODEL.config)
    yield asked(
        "artifact-that-calls-itself-an-index",
        "The artifact's manifest says in itself that it is an index: two readers, two things.",
        "CVE-2021-41190",
        two_things.attach(bundle(provenance_of_digest(index)), Digest.of(index)),
        "is an index of several manifests",
        outcome="rejected",
    )
    gone = Layout().attach(HONEST)
    yield asked(
        "tag-gone",
        "The tag is gone, and records of what it pointed to are still there.",
        checked,
        gone,
        "no such tag",
        outcome="rejected",
    )

    paths = "oras-go CVE-2026-50162, CVE-2026-50163"

    def model(name: str, sentence: str, made: Model, says: str) -> Case:
        layout = Layout().model(made).attach(bundle(provenance(made)), made.digest)
        return asked(name, sentence, paths, layout, says, outcome="rejected")

    title = {
        "path-upwards": ("../../.ssh/authorized_keys", "A layer's path leads out of the directory."),
        "path-absolute": ("/etc/passwd", "A layer's path is absolute."),
        "path-with-drive": ("C:\\Windows\\evil.dll", "A layer's path is absolute on Windows."),
        "path-with-line-break": ("weights.bin\nALLOWED", "A layer's path breaks the line that shows it."),
        "path-with-escape": ("weights\x1b[2K.bin", "A layer's path is a command to the terminal that shows it."),
        "path-turned-round": ("weights\u202enib.exe", "A layer's path is shown in another order than it is."),
    }
    for name, (path, sentence) in title.items():
        yield model(name, sentence, Model(paths={"weights.bin": path}), "a path that an artifact cannot hold")
    yield model(
        "path-said-twice",
        "A layer has two paths: oras writes one tree, other tools another.",
        Model(filepaths={"weights.bin": "other.bin"}),
        "two paths",
    )
    two = Model(files={"a": b"a", "b": b"b"})
    yield model(
        "paths-that-differ-in-case",
        "Two paths are one on file systems that do not tell letters' case apart.",
        replace(two, paths={"a": "weights.bin", "b": "WEIGHTS.BIN"}),
        "differ only in case",
    )
    yield model(
        "folders-that-differ-in-case",
        "Two folders are one on file systems that do not tell letters' case apart.",
        replace(two, paths={"a": "Weights/a.bin", "b": "weights/b.bin"}),
        "differ only in case",
    )
    yield model(
        "path-below-a-file",
        "One path is a folder of the other one.",
        replace(two, paths={"a": "weights.bin", "b": "weights.bin/evil"}),
        "is a file and a folder",
    )
