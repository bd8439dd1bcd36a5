"""How a record hangs on its artifact: the manifest around a bundle."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from govern import canonical
from govern.names import NAMESPACE
from govern.oci.digest import Digest
from govern.oci.media_types import BUNDLE, IMAGE_INDEX, RECORD
from govern.predicates.kinds import Wrapping
from support.verify_vectors.artifacts import MODEL, OTHER, provenance, statement
from support.verify_vectors.bundles import Json, b64, bundle, loads, stray_bits
from support.verify_vectors.case import Case, Outcome, by_key
from support.verify_vectors.layouts import Layout

HONEST = bundle(provenance())


def cases() -> Iterator[Case]:
    """Yield the vectors of this theme."""
    yield from _wrappers()


def asked(name: str, sentence: str, source: str, layout: Layout, *says: str, outcome: Outcome = "denied") -> Case:
    """Return a vector about the model, as this theme asks."""
    return Case(name, sentence, source, layout, by_key(), outcome, says)


def _wrappers() -> Iterator[Case]:
    shape = "FORMAT §5; cosign 3, WriteAttestationNewBundleFormat"
    yield asked(
        "reading-wrapping",
        "Evidence in the wrapping of records that must be read: wrapping means nothing.",
        shape,
        Layout().model().attach(HONEST, wrapping=Wrapping.READING),
        outcome="allowed",
    )

    def other_kind(one: Json) -> None:
        one["artifactType"] = "application/vnd.example.picture"
        one["annotations"] = {"dev.sigstore.bundle.predicateType": "https://example.test/picture"}

    yield asked(
        "artifact-type-lies",
        "The wrapper's artifact type and annotations are another thing's: no skipping by them.",
        shape,
        Layout().model().attach(HONEST, change=other_kind),
        outcome="allowed",
    )

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
            "two-layers",
            "The wrapper has two bundles: cosign reads the first, others may read the second.",
            shape,
            two_layers,
            "several layers",
        ),
        ("no-layer", "The wrapper claims to be a record, and holds none.", shape, no_layer, "several layers"),
        (
            "layer-type-lies",
            "The wrapper is a record's; its one layer says that it is something else.",
            shape,
            layer_type,
            "layer is not a bundle",
        ),
        (
            "no-bundle-at-all",
            "Neither wrapper nor layer says that a bundle is in it: a picture is no provenance.",
            shape,
            only_layer_type,
            "MISSING: no provenance",
        ),
        (
            "subject-elsewhere",
            "The wrapper is listed with this artifact, and hangs on another one.",
            "distribution spec 1.1, Listing Referrers",
            elsewhere,
            "MISSING: no provenance",
        ),
        (
            "subject-nowhere",
            "The wrapper has no subject.",
            "distribution spec 1.1, Listing Referrers",
            no_subject,
            "MISSING: no provenance",
        ),
        (
            "wrapper-that-calls-itself-an-index",
            "The wrapper's own media type is an index's.",
            "CVE-2021-41190",
            docker,
            "MISSING: no provenance",
        ),
    )
    for name, sentence, source, change, says in table:
        yield asked(name, sentence, source, Layout().model().attach(HONEST, change=change), says)

    yield asked(
        "wrapper-that-is-also-an-index",
        "The wrapper has layers and manifests: two readers, two things.",
        "CVE-2021-41190",
        Layout().model().attach(HONEST, change=both),
        "could be read as two things",
        outcome="undecided",
    )
    picture = Layout().model()
    sbom = canonical.dumps(
        loads(MODEL.manifest) | {"subject": loads(MODEL.manifest)["config"] | {"digest": MODEL.digest}}
    )
    picture.list(sbom)
    yield asked(
        "about-a-referrer",
        "An honest provenance of a thing that hangs on this artifact, not of the artifact.",
        "distribution spec 1.1, Listing Referrers",
        picture.attach(bundle(provenance_of_digest(sbom)), Digest.of(sbom)),
        "MISSING: no provenance",
    )
    embedded = b64(canonical.dumps(HONEST))

    def embed(data: str, *, lie: bool = False) -> Callable[[Json], None]:
        def change(one: Json) -> None:
            one["layers"][0]["data"] = data
            if lie:
                one["layers"][0]["size"] += 1

        return change

    data = "FORMAT §5; image-spec, descriptor.md"
    yield asked(
        "embedded-data",
        "A foreign wrapper holds the bundle's bytes in `data` as well.",
        data,
        Layout().model().attach(canonical.dumps(HONEST), change=embed(embedded)),
        outcome="allowed",
    )
    honest_but_strange = canonical.dumps(stranger)
    yield asked(
        "embedded-data-lies",
        "The descriptor is a stranger's bundle; its `data` holds the trusted key's, under the wrong digest.",
        data,
        Layout().model().attach(honest_but_strange, change=embed(embedded)),
        "the embedded data",
    )
    yield asked(
        "embedded-data-hides",
        "The blob is honest, and `data` holds other bytes of the same length: refused, not passed over.",
        data,
        Layout().model().attach(canonical.dumps(HONEST), change=embed(b64(b"x" * len(canonical.dumps(HONEST))))),
        "the embedded data",
    )
    yield asked(
        "embedded-data-not-base64",
        "`data` is base64 with a line break, which two readers read differently.",
        data,
        Layout().model().attach(canonical.dumps(HONEST), change=embed(embedded + "\n")),
        "the embedded data of",
    )
    padded = canonical.dumps(HONEST | {"mediaType": "application/vnd.dev.sigstore.bundle+json;version=0.3"})
    spelled = b64(padded)
    assert spelled.endswith("=")
    yield asked(
        "embedded-data-with-stray-bits",
        "The last letter of `data` has bits that say nothing.",
        data,
        Layout().model().attach(padded, change=embed(stray_bits(spelled))),
        "not canonical base64",
    )
    yield asked(
        "embedded-data-of-another-size",
        "`data` has another size than its descriptor says.",
        data,
        Layout().model().attach(canonical.dumps(HONEST), change=embed(embedded, lie=True)),
        "not as long",
    )
    hidden = statement(f"{NAMESPACE}status/v0.1", {"issuedAt": "2026-05-28T20:26:40Z"}, MODEL.subject)
    layout = Layout().model().attach(HONEST)
    layout.attach(bundle(hidden), wrapping=Wrapping.READING, change=lambda one: one.update(artifactType=RECORD.upper()))
    yield asked(
        "status-under-a-type-in-upper-case",
        "A trusted revocation hides under a media type that is spelled otherwise.",
        "DESIGN §5",
        layout,
        "NEWER",
        outcome="undecided",
    )


def provenance_of_digest(data: bytes) -> Json:
    """Return a provenance of any manifest."""
    said = provenance()
    said["subject"][0]["digest"]["sha256"] = Digest.of(data).encoded
    return said
