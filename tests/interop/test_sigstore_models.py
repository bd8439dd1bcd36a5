"""The libraries of the field read what govern signs: sigstore_models bundles, in_toto_attestation statements."""

from __future__ import annotations

import base64
import hashlib
import json
from pathlib import Path
from typing import Any, Final

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_public_key
from google.protobuf import json_format
from in_toto_attestation.predicates.provenance.v1.provenance_pb2 import Provenance
from in_toto_attestation.v1.statement import Statement
from in_toto_attestation.v1.statement_pb2 import Statement as StatementProto
from sigstore_models.bundle.v1 import Bundle

import govern
from govern.intoto.bundle import read_bundle
from govern.intoto.statement import read_statement
from govern.predicates import registration
from govern.predicates.kinds import OMS_V1, SLSA_V1
from govern.signing.key_file import generate_key_pair
from support.trees import PLAIN, write_tree

TYPES: Final = frozenset({"application/vnd.dev.sigstore.bundle.v0.3+json", "application/vnd.govern.record.v1+json"})


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A layout with a record of every kind that the commands write."""
    root = tmp_path_factory.mktemp("records")
    private, _, _ = generate_key_pair(root / "ci", None)
    reference = f"layout:{root}/fraud:1.0.0"
    pushed = govern.push(write_tree(root / "model", PLAIN.files()), reference, key=private)
    pinned = str(pushed.pinned)
    govern.annotate(pinned, {"team": "risk", "caf\u00e9": "\U0001f600"}, key=private, note="a note")
    govern.attest(pinned, "cyclonedx", {"bomFormat": "CycloneDX", "version": 1}, key=private)
    govern.attest(pinned, "https://example.com/x/v1", {"nested": [{"n": 1, "t": True, "z": None}]}, key=private)
    return root


def bundles_in(folder: Path) -> list[bytes]:
    """Return the distinct bundles of every record in the layout."""

    def blob(digest: str) -> bytes:
        return (folder / "fraud" / "blobs" / "sha256" / digest.removeprefix("sha256:")).read_bytes()

    index = json.loads((folder / "fraud" / "index.json").read_text())
    manifests = [json.loads(blob(one["digest"])) for one in index["manifests"]]
    layers = {one["layers"][0]["digest"] for one in manifests if one.get("artifactType") in TYPES}
    return [blob(digest) for digest in sorted(layers)]


def test_sigstore_reads_every_bundle_of_a_key(folder: Path) -> None:
    found = bundles_in(folder)
    assert len(found) == 6
    public = load_pem_public_key((folder / "ci.pub").read_bytes())
    hint = base64.b64encode(
        hashlib.sha256(public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).digest()
    ).decode()
    # A model signature calls its key as OMS does (FORMAT §9).
    of_files = hashlib.sha256((folder / "ci.pub").read_bytes()).hexdigest()
    for data in found:
        bundle, ours = Bundle.from_json(data), read_bundle(data)
        assert bundle.verification_material.public_key is not None
        about_files = read_statement(ours.envelope.payload).predicate_type == OMS_V1
        assert bundle.verification_material.public_key.hint == (of_files if about_files else hint)
        assert bundle.verification_material.tlog_entries == []
        assert bundle.dsse_envelope is not None
        assert bundle.dsse_envelope.payload_type == ours.envelope.payload_type == "application/vnd.in-toto+json"
        assert [one.keyid for one in bundle.dsse_envelope.signatures] in ([None], [""])
        # What it writes says the same; only bytes that were never written anew are the record.
        assert read_bundle(bundle.to_json().encode()).envelope == ours.envelope


def statements_in(folder: Path) -> dict[str, tuple[bytes, Any]]:
    """Return payload and parsed protobuf by predicate type."""
    found = {}
    for data in bundles_in(folder):
        payload = read_bundle(data).envelope.payload
        proto = json_format.Parse(payload, StatementProto())
        found[proto.predicate_type] = (payload, proto)
    return found


def test_in_toto_accepts_every_statement(folder: Path) -> None:
    found = statements_in(folder)
    assert len(found) == 6
    for payload, proto in found.values():
        Statement.copy_from_pb(proto).validate()
        assert json.loads(json_format.MessageToJson(proto)) == json.loads(payload)
    _, registered = found[registration.TYPE]
    assert [one.name for one in registered.subject] == ["fraud@1.0.0", "fraud"]


def test_the_captured_provenance_is_slsa_s_own_shape(folder: Path) -> None:
    _, proto = statements_in(folder)[SLSA_V1]
    predicate = json_format.MessageToDict(proto.predicate)
    read = json_format.ParseDict(predicate, Provenance())
    assert read.build_definition.build_type
    assert read.run_details.builder.id
    assert json_format.MessageToDict(read).keys() == predicate.keys()


def test_in_toto_refuses_a_statement_without_a_digest(folder: Path) -> None:
    _, proto = statements_in(folder)[SLSA_V1]
    proto.subject[0].digest.clear()
    with pytest.raises(ValueError, match="digest"):
        Statement.copy_from_pb(proto).validate()
