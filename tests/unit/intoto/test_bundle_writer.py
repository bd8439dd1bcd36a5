"""What is written is read back as it was meant, in the spelling that every peer reads."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sigstore_models.bundle.v1 import Bundle as Model

from govern import canonical
from govern.errors import InvalidInput
from govern.intoto.bundle import CertificateChain, InclusionProof, LogEntry, PublicKeyHint, read_bundle
from govern.intoto.bundle_writer import write_bundle, write_key_bundle
from govern.intoto.dsse import Envelope, Signature

ENVELOPE = Envelope(b"{}", "application/vnd.in-toto+json", (Signature(b"sig"),))
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=9)
INT64 = st.integers(0, 2**63 - 1)
PROOFS = st.builds(InclusionProof, INT64, st.binary(), INT64, st.lists(st.binary(), max_size=3).map(tuple), TEXT)
ENTRIES = st.builds(
    LogEntry, INT64, st.binary(), TEXT, TEXT, INT64, st.none() | st.binary(),
    st.none() | PROOFS, st.binary(),
)  # fmt: skip
MATERIALS = st.builds(PublicKeyHint, TEXT) | st.builds(
    CertificateChain, st.lists(st.binary(), min_size=1, max_size=3).map(tuple)
)


@given(MATERIALS, st.lists(ENTRIES, max_size=2).map(tuple), st.lists(st.binary(), max_size=2).map(tuple))
def test_a_bundle_reads_as_it_is_written(material, entries, timestamps):
    bundle = write_bundle(ENVELOPE, material, log_entries=entries, timestamps=timestamps)
    assert (bundle.material, bundle.log_entries, bundle.timestamps) == (material, entries, timestamps)
    assert read_bundle(bundle.data) == bundle
    assert canonical.dumps(json.loads(bundle.data)) == bundle.data


def test_integers_are_text_and_zeros_are_written_for_sigstore_python():
    proof = InclusionProof(0, b"root", 1, (), "note")
    entry = LogEntry(0, b"log", "hashedrekord", "0.0.2", 0, None, proof, b"{}")
    bundle = write_bundle(ENVELOPE, CertificateChain((b"leaf",)), log_entries=[entry], timestamps=[b"time"])
    (written,) = json.loads(bundle.data)["verificationMaterial"]["tlogEntries"]
    assert (written["logIndex"], written["integratedTime"], written["inclusionProof"]["hashes"]) == ("0", "0", [])
    assert "inclusionPromise" not in written
    assert Model.from_json(bundle.data).verification_material.tlog_entries[0].log_index == 0


def test_nothing_is_written_of_what_is_not_there():
    bundle = write_key_bundle(ENVELOPE, "hint")
    assert json.loads(bundle.data)["verificationMaterial"] == {"publicKey": {"hint": "hint"}, "tlogEntries": []}


@pytest.mark.parametrize(("certificates", "field"), [((b"a",), "certificate"), ((b"a", b"b"), "x509CertificateChain")])
def test_a_leaf_alone_stands_where_every_peer_looks(certificates, field):
    bundle = write_bundle(ENVELOPE, CertificateChain(certificates))
    assert field in json.loads(bundle.data)["verificationMaterial"]


@pytest.mark.parametrize("signatures", [(), (Signature(b"1"), Signature(b"2")), (Signature(b"1", "keyid"),)])
def test_another_profile_is_never_written(signatures):
    with pytest.raises(InvalidInput):
        write_bundle(Envelope(b"{}", "a/b", signatures), CertificateChain((b"a",)))


def test_an_empty_chain_is_never_written():
    with pytest.raises(InvalidInput):
        write_bundle(ENVELOPE, CertificateChain(()))
