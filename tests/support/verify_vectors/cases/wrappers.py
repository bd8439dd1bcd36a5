"""How a record hangs on its artifact, and what a layout may lie about: manifests, descriptors, blobs, paths."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

from govern import canonical
from govern.names import NAMESPACE
from govern.oci.digest import Digest
from govern.oci.media_types import BUNDLE, IMAGE_INDEX, RECORD
from govern.predicates.kinds import Wrapping
from support.verify_vectors.artifacts import MODEL, OTHER, Model, provenance, statement
from support.verify_vectors.bundles import Json, b64, bundle, loads
from support.verify_vectors.case import Case, Outcome, by_key
from support.verify_vectors.layouts import Layout

HONEST = bundle(provenance())


def cases() -> Iterator[Case]:
    """Yield the vectors of this theme."""
    yield from _wrappers()
    yield from _bytes()
    yield from _artifacts()


def _case(
    name: str, sentence: str, source: str, layout: Layout, *says: str, outcome: Outcome = "denied"
) -> Case:
    return Case(name, sentence, source, layout, by_key(), outcome, says)


def _wrappers() -> Iterator[Case]:
    shape = "FORMAT §5; cosign 3, WriteAttestationNewBundleFormat"
    yield _case("reading-wrapping", "Evidence in the wrapping of records that must be read: wrapping means nothing.",
                shape, Layout().model().attach(HONEST, wrapping=Wrapping.READING), outcome="allowed")  # fmt: skip

    def other_kind(one: Json) -> None:
        one["artifactType"] = "application/vnd.example.picture"
        one["annotations"] = {"dev.sigstore.bundle.predicateType": "https://example.test/picture"}

    yield _case("artifact-type-lies", "The wrapper's artifact type and annotations are another thing's: no skipping by them.",
                shape, Layout().model().attach(HONEST, change=other_kind), outcome="allowed")  # fmt: skip

    stranger = bundle(provenance(), "stranger")

    def two_layers(one: Json) -> None:
        data = canonical.dumps(stranger)
        one["layers"].insert(0, {"mediaType": BUNDLE, "digest": Digest.of(data), "size": len(data)})

    def no_layer(one: Json) -> None:
        one["layers"] = []

    def layer_type(one: Json) -> None:
        one["layers"][0]["mediaType"] = "application/json"

    def only_layer_type(one: Json) -> None:
        one["artifactType"] = "application/vnd.example.picture"
        one["layers"][0]["mediaType"] = "application/json"

    def no_subject(one: Json) -> None:
        del one["subject"]

    def elsewhere(one: Json) -> None:
        one["subject"] = {"mediaType": one["mediaType"], "digest": OTHER.digest, "size": len(OTHER.manifest)}

    def both(one: Json) -> None:
        one["manifests"] = []

    def docker(one: Json) -> None:
        one["mediaType"] = IMAGE_INDEX

    table: tuple[tuple[str, str, str, Callable[[Json], object], str], ...] = (
        (
            "two-layers", "The wrapper has two bundles: cosign reads the first, others may read the second.", shape,
            two_layers, "several layers",
        ),
        ("no-layer", "The wrapper claims to be a record, and holds none.", shape, no_layer, "several layers"),
        (
            "layer-type-lies", "The wrapper is a record's; its one layer says that it is something else.", shape,
            layer_type, "layer is not a bundle",
        ),
        (
            "no-bundle-at-all", "Neither wrapper nor layer says that a bundle is in it: a picture is no provenance.", shape,
            only_layer_type, "MISSING: no provenance",
        ),
        (
            "subject-elsewhere", "The wrapper is listed with this artifact, and hangs on another one.",
            "distribution spec 1.1, Listing Referrers", elsewhere, "MISSING: no provenance",
        ),
        (
            "subject-nowhere", "The wrapper has no subject.", "distribution spec 1.1, Listing Referrers", no_subject,
            "MISSING: no provenance",
        ),
        (
            "wrapper-that-calls-itself-an-index", "The wrapper's own media type is an index's.", "CVE-2021-41190", docker,
            "MISSING: no provenance",
        ),
    )  # fmt: skip
    for name, sentence, source, change, says in table:
        yield _case(name, sentence, source, Layout().model().attach(HONEST, change=change), says)

    yield _case("wrapper-that-is-also-an-index", "The wrapper has layers and manifests: two readers, two things.",
                "CVE-2021-41190", Layout().model().attach(HONEST, change=both), "could be read as two things",
                outcome="undecided")  # fmt: skip
    picture = Layout().model()
    sbom = canonical.dumps(loads(MODEL.manifest) | {"subject": loads(MODEL.manifest)["config"] | {"digest": MODEL.digest}})
    picture.list(sbom)
    yield _case("about-a-referrer", "An honest provenance of a thing that hangs on this artifact, not of the artifact.",
                "distribution spec 1.1, Listing Referrers",
                picture.attach(bundle(provenance_of_digest(sbom)), Digest.of(sbom)), "MISSING: no provenance")  # fmt: skip
    embedded = b64(canonical.dumps(HONEST))

    def embed(data: str, *, lie: bool = False) -> Callable[[Json], None]:
        def change(one: Json) -> None:
            one["layers"][0]["data"] = data
            if lie:
                one["layers"][0]["size"] += 1

        return change

    data = "FORMAT §5; image-spec, descriptor.md"
    yield _case("embedded-data", "A foreign wrapper holds the bundle's bytes in `data` as well.", data,
                Layout().model().attach(canonical.dumps(HONEST), change=embed(embedded)), outcome="allowed")  # fmt: skip
    honest_but_strange = canonical.dumps(stranger)
    yield _case("embedded-data-lies",
                "The descriptor is a stranger's bundle; its `data` holds the trusted key's, under the wrong digest.", data,
                Layout().model().attach(honest_but_strange, change=embed(embedded)), "the embedded data")  # fmt: skip
    yield _case("embedded-data-hides",
                "The blob is honest, and `data` holds other bytes of the same length: refused, not passed over.", data,
                Layout().model().attach(canonical.dumps(HONEST), change=embed(b64(b"x" * len(canonical.dumps(HONEST))))),
                "the embedded data")  # fmt: skip
    yield _case("embedded-data-not-base64", "`data` is base64 with a line break, which two readers read differently.", data,
                Layout().model().attach(canonical.dumps(HONEST), change=embed(embedded + "\n")), "not")  # fmt: skip
    yield _case("embedded-data-of-another-size", "`data` has another size than its descriptor says.", data,
                Layout().model().attach(canonical.dumps(HONEST), change=embed(embedded, lie=True)),
                "not as long")  # fmt: skip
    hidden = statement(f"{NAMESPACE}status/v0.1", {"issuedAt": "2026-05-28T20:26:40Z"}, MODEL.subject)
    layout = Layout().model().attach(HONEST)
    layout.attach(bundle(hidden), wrapping=Wrapping.READING, change=lambda one: one.update(artifactType=RECORD.upper()))
    yield _case("status-under-a-type-in-upper-case",
                "A trusted revocation hides under a media type that is spelled otherwise.", "DESIGN §5", layout, "NEWER",
                outcome="undecided")  # fmt: skip


def provenance_of_digest(data: bytes) -> Json:
    """Return a provenance of any manifest."""
    said = provenance()
    said["subject"][0]["digest"]["sha256"] = Digest.of(data).encoded
    return said


def _bytes() -> Iterator[Case]:
    checked = "notation-go GHSA-xhg5-42rf-296r; image-spec, descriptor.md"
    honest = canonical.dumps(HONEST)
    stranger = canonical.dumps(bundle(provenance(), "stranger"))
    yield _case("bundle-is-not-its-digest", "Under a stranger's bundle's digest the layout serves the trusted key's.",
                checked, Layout().model().attach(stranger, store=honest), "is not what its digest says")  # fmt: skip
    yield _case("bundle-is-cut", "The bundle's blob is cut off.", checked,
                Layout().model().attach(honest, store=honest[:-1]), "not as long as its descriptor says")  # fmt: skip
    yield _case("bundle-is-gone", "The wrapper is there, and the bundle is not.", "reference §6, withholding",
                Layout().model().attach(honest, store=b""), "MISSING")  # fmt: skip

    def size(by: int) -> Callable[[Json], None]:
        def change(one: Json) -> None:
            one["layers"][0]["size"] += by

        return change

    for name, by in (("larger", 1), ("smaller", -1)):
        yield _case(f"bundle-size-lies-{name}", f"The bundle's descriptor says a size that is {name}.", checked,
                    Layout().model().attach(honest, change=size(by)), "not as long as its descriptor says")  # fmt: skip
    yield _case("bundle-of-a-tebibyte", "The bundle's descriptor says a tebibyte: nobody may read that.",
                "cosign CVE-2023-46737; sigstore-go CVE-2024-45395",
                Layout().model().attach(honest, change=size(1 << 40)), "too large")  # fmt: skip
    moved = Layout().model().attach(HONEST)
    wrapper = moved.manifests[-1]["digest"]
    moved.blobs[wrapper] = moved.blobs[wrapper].replace(b"dsse-envelope", b"DSSE-envelope")
    yield _case("wrapper-is-not-its-digest", "The wrapper's bytes are not those of its digest.", checked, moved,
                "is not what its digest says")  # fmt: skip


def _artifacts() -> Iterator[Case]:
    checked = "notation-go GHSA-xhg5-42rf-296r"
    evil = Layout().model().attach(HONEST)
    evil.blobs[str(MODEL.digest)] = OTHER.manifest
    yield _case("artifact-is-not-its-digest", "Under the artifact's digest the layout serves another version.", checked,
                evil, "is not what its digest says", outcome="rejected")  # fmt: skip
    config = Layout().model().attach(HONEST)
    config.blobs[str(Digest.of(MODEL.config))] = MODEL.config.replace(b"1.4.0", b"1.4.1")
    yield _case("config-is-not-its-digest", "The config, which holds name and version, is not that of its digest.", checked,
                config, "is not what its digest says", outcome="rejected")  # fmt: skip
    twice = Layout().model().attach(HONEST).model(OTHER, tag=MODEL.version)
    yield _case("tag-at-two-manifests", "The tag stands at two manifests: what is verified is not what another tool pulls.",
                checked, twice, "ambiguous", outcome="rejected")  # fmt: skip
    gone = Layout().attach(HONEST)
    yield _case("tag-gone", "The tag is gone, and records of what it pointed to are still there.", checked, gone, "no such tag",
                outcome="rejected")  # fmt: skip

    paths = "oras-go CVE-2026-50162, CVE-2026-50163; reference §7, path traversal"

    def model(name: str, sentence: str, made: Model, says: str) -> Case:
        layout = Layout().model(made).attach(bundle(provenance(made)), made.digest)
        return _case(name, sentence, paths, layout, says, outcome="rejected")

    title = {
        "path-upwards": ("../../.ssh/authorized_keys", "A layer's path leads out of the directory."),
        "path-absolute": ("/etc/passwd", "A layer's path is absolute."),
        "path-with-drive": ("C:\\Windows\\evil.dll", "A layer's path is absolute on Windows."),
        "path-with-line-break": ("weights.bin\nALLOWED", "A layer's path breaks the line that shows it."),
        "path-with-escape": ("weights\x1b[2K.bin", "A layer's path is a command to the terminal that shows it."),
        "path-turned-round": ("weights\u202enib.exe", "A layer's path is shown in another order than it is."),
    }
    for name, (path, sentence) in title.items():
        yield model(name, sentence, Model(paths={"weights.bin": path}), "path")
    yield model("path-said-twice", "A layer has two paths: oras writes one tree, other tools another.",
                Model(filepaths={"weights.bin": "other.bin"}), "two paths")  # fmt: skip
    two = Model(files={"a": b"a", "b": b"b"})
    yield model("paths-that-differ-in-case", "Two paths are one on file systems that do not tell letters' case apart.",
                replace(two, paths={"a": "weights.bin", "b": "WEIGHTS.BIN"}), "a")  # fmt: skip
    yield model("path-below-a-file", "One path is a folder of the other one.",
                replace(two, paths={"a": "weights.bin", "b": "weights.bin/evil"}), "a")  # fmt: skip
