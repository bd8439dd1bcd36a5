"""The artifacts of the vectors, a few bytes each, and what honest people say of them."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from govern import canonical
from govern.line import line_of
from govern.names import Name
from govern.oci.digest import Digest
from govern.oci.media_types import FILEPATH, IMAGE_MANIFEST, MODEL_CONFIG, MODEL_MANIFEST, TITLE, model_layer
from govern.predicates.annotation import PLAIN_SCHEMA
from govern.predicates.annotation import TYPE as ANNOTATION
from govern.predicates.kinds import OMS_V1, SLSA_V1, TEST_RESULT
from govern.predicates.registration import TYPE as REGISTRATION
from support.verify_vectors.bundles import STATEMENT_V1, Json, as_payload
from support.verify_vectors.keys import key, public
from support.verify_vectors.times import SIGNED, text

NAME: Final = "acme/fraud"
VERSION: Final = "1.4.0"
BUILDER: Final = "https://build.example.test/runner"
ISSUED: Final = text(SIGNED)


@dataclass(frozen=True)
class Model:
    """A model of a few files.

    Args:
        version: inside and in records.
        name: likewise.
        files: path → content.
        paths: path → what its layer's title says instead.
        filepaths: path → what its layer's other annotation says instead.
        annotations: of the manifest.
    """

    version: str = VERSION
    name: str = NAME
    files: Mapping[str, bytes] = field(default_factory=lambda: {"weights.bin": b"1.4.0"})
    paths: Mapping[str, str] = field(default_factory=dict)
    filepaths: Mapping[str, str] = field(default_factory=dict)
    annotations: Mapping[str, str] = field(default_factory=dict)

    @property
    def config(self) -> bytes:
        """The config."""
        return canonical.dumps({"descriptor": {"name": self.name, "version": self.version}})

    @property
    def manifest(self) -> bytes:
        """The manifest."""
        return canonical.dumps(
            {
                "schemaVersion": 2,
                "mediaType": IMAGE_MANIFEST,
                "artifactType": MODEL_MANIFEST,
                "config": {"mediaType": MODEL_CONFIG, "digest": Digest.of(self.config), "size": len(self.config)},
                "layers": [self._layer(path, data) for path, data in self.files.items()],
                **({"annotations": dict(self.annotations)} if self.annotations else {}),
            }
        )

    def _layer(self, path: str, data: bytes) -> Json:
        title = self.paths.get(path, path)
        return {
            "mediaType": model_layer("weight", "raw"),
            "digest": Digest.of(data),
            "size": len(data),
            "annotations": {TITLE: title, FILEPATH: self.filepaths.get(path, title)},
        }

    @property
    def digest(self) -> Digest:
        """D."""
        return Digest.of(self.manifest)

    @property
    def blobs(self) -> tuple[bytes, ...]:
        """All that belongs to it but the manifest."""
        return (self.config, *self.files.values())

    @property
    def subject(self) -> Json:
        """How statements name it."""
        return subject(f"{self.name}@{self.version}", self.digest)


MODEL: Final = Model()
"""The model that most vectors are about."""
OTHER: Final = Model("1.3.0", files={"weights.bin": b"1.3.0"})
"""An older version, honest as well."""


def subject(name: str | None, digest: str) -> Json:
    """Return one subject."""
    named = {} if name is None else {"name": name}
    return {**named, "digest": {"sha256": digest.removeprefix("sha256:")}}


def line_subject(name: str = NAME) -> Json:
    """Return the subject that is a line."""
    return subject(name, line_of(Name(name)).digest)


def statement(predicate_type: str, predicate: object, *subjects: Json, **changes: Any) -> Json:
    """Return a statement; about the model where no subject is given."""
    return {
        "_type": STATEMENT_V1,
        "subject": list(subjects) or [MODEL.subject],
        "predicateType": predicate_type,
        "predicate": predicate,
    } | changes


def provenance(model: Model = MODEL, *, builder: str = BUILDER) -> Json:
    """Return SLSA provenance."""
    predicate = {
        "buildDefinition": {"buildType": "https://example.test/train/v1", "externalParameters": {}},
        "runDetails": {"builder": {"id": builder}},
    }
    return statement(SLSA_V1, predicate, model.subject)


def annotation(*subjects: Json, **changes: Any) -> Json:
    """Return a note; about the model where no subject is given."""
    predicate = {"issuedAt": ISSUED, "schema": PLAIN_SCHEMA, "entries": {"team": "risk"}} | changes
    return statement(ANNOTATION, predicate, *subjects)


def result_of_tests(result: str) -> Json:
    """Return a test result, `PASSED` or `FAILED`."""
    return statement(TEST_RESULT, {"result": result, "configuration": []})


def registration(model: Model = MODEL, *evidence: Json, subjects: Sequence[Json] | None = None, **changes: Any) -> Json:
    """Return a registration.

    Args:
        model: which.
        evidence: references that it lists.
        subjects: instead of the model and its line.
        changes: of the predicate.
    """
    listed = [
        {"layer": Digest.of(data), "offset": 0, "path": path, "sha256": Digest.of(data).encoded, "size": len(data)}
        for path, data in sorted(model.files.items())
    ]
    files = {
        "count": len(listed),
        "digest": {"sha256": Digest.of(canonical.dumps(listed)).encoded},
        "size": sum(map(len, model.files.values())),
    }
    predicate = {
        "issuedAt": ISSUED, "kind": "model", "packing": "v1", "files": files, "evidence": list(evidence),
    } | changes  # fmt: skip
    about = [model.subject, line_subject(model.name)] if subjects is None else subjects
    return statement(REGISTRATION, predicate, *about)


def reference_to(said: Json, signer: str) -> Json:
    """Return how records name a record: by statement and signer; where it is, these vectors do not say."""
    somewhere = {"sha256": "0" * 64}
    return {
        "statement": {"sha256": hashlib.sha256(as_payload(said)).hexdigest()},
        "signer": {"sha256": public(key(signer)).signer.encoded},
        "manifest": somewhere,
        "bundle": somewhere,
    }


def oms(files: Mapping[str, bytes], **changes: Any) -> Json:
    """Return an OpenSSF model signature of files.

    Args:
        files: path → content, in the order in which they are listed.
        changes: of its `serialization`; `resources` replaces those, and `root` the digest of the subject.
    """
    resources = changes.pop("resources", None) or [
        {"name": path, "algorithm": "sha256", "digest": hashlib.sha256(data).hexdigest()}
        for path, data in files.items()
    ]
    root = changes.pop("root", None)
    if root is None:
        root = hashlib.sha256(b"".join(bytes.fromhex(one["digest"]) for one in resources)).hexdigest()
    serialization = {
        "method": "files", "hash_type": "sha256", "allow_symlinks": False, "ignore_paths": [],
    } | changes  # fmt: skip
    return statement(OMS_V1, {"resources": resources, "serialization": serialization}, subject("fraud", root))
