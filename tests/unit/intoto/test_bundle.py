"""The Sigstore bundle v0.3: only what the definition knows, in the spelling of the field's own tools."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from govern import canonical
from govern.errors import Denied, InvalidInput
from govern.intoto.bundle import CertificateChain, PublicKeyHint, read_bundle
from govern.intoto.bundle_writer import write_key_bundle
from govern.intoto.dsse import Envelope, Signature
from govern.limits import MAX_BUNDLE
from govern.oci.media_types import BUNDLE, BUNDLE_LONG

PROOF: dict[str, Any] = {
    "logIndex": "7", "rootHash": "cm9vdA==", "treeSize": "9", "hashes": ["aGFzaA=="],
    "checkpoint": {"envelope": "log\n9\n"},
}  # fmt: skip
ENTRY: dict[str, Any] = {
    "logIndex": "12", "logId": {"keyId": "bG9n"}, "kindVersion": {"kind": "dsse", "version": "0.0.1"},
    "integratedTime": "1700000000",
    "inclusionPromise": {"signedEntryTimestamp": "c2V0"}, "inclusionProof": PROOF, "canonicalizedBody": "e30=",
}  # fmt: skip
KEYED: dict[str, Any] = {
    "mediaType": BUNDLE,
    "verificationMaterial": {"publicKey": {"hint": "aGludA=="}, "tlogEntries": []},
    "dsseEnvelope": {"payload": "e30=", "payloadType": "a/b", "signatures": [{"sig": "c2ln"}]},
}
FULL: dict[str, Any] = KEYED | {
    "verificationMaterial": {
        "certificate": {"rawBytes": "Y2VydA=="},
        "tlogEntries": [ENTRY],
        "timestampVerificationData": {"rfc3161Timestamps": [{"signedTimestamp": "dHM="}]},
    }
}


def encoded(value: Any) -> bytes:
    return json.dumps(value).encode()


def refused(value: Any) -> str:
    with pytest.raises(Denied) as refusal:
        read_bundle(value if isinstance(value, bytes) else encoded(value), Denied)
    return refusal.value.message


def with_material(**changes: Any) -> dict[str, Any]:
    material = KEYED["verificationMaterial"] | changes
    return KEYED | {"verificationMaterial": {key: value for key, value in material.items() if value is not ...}}


def with_entry(**changes: Any) -> dict[str, Any]:
    return with_material(tlogEntries=[{key: value for key, value in (ENTRY | changes).items() if value is not ...}])


def with_proof(**changes: Any) -> dict[str, Any]:
    return with_entry(inclusionProof={key: value for key, value in (PROOF | changes).items() if value is not ...})


def test_our_bundle_has_the_bytes_of_our_profile():
    bundle = write_key_bundle(Envelope(b"{}", "a/b", (Signature(b"sig"),)), "aGludA==")
    assert bundle.data == canonical.dumps(KEYED)
    assert bundle.material == PublicKeyHint("aGludA==")
    assert read_bundle(bundle.data) == bundle


@pytest.mark.parametrize("signatures", [(), (Signature(b"1"), Signature(b"2")), (Signature(b"1", "keyid"),)])
def test_another_profile_is_never_written(signatures):
    with pytest.raises(InvalidInput):
        write_key_bundle(Envelope(b"{}", "a/b", signatures), "aGludA==")


def test_the_exact_bytes_are_kept():
    data = b"\n" + json.dumps(FULL, indent=2).encode()
    assert read_bundle(data).data is data


def test_everything_of_a_full_bundle_is_read():
    bundle = read_bundle(encoded(FULL))
    (entry,) = bundle.log_entries
    assert bundle.material == CertificateChain((b"cert",))
    assert bundle.timestamps == (b"ts",)
    assert (entry.log_index, entry.log_id, entry.kind, entry.integrated_time, entry.promise) == (
        12,
        b"log",
        "dsse",
        1_700_000_000,
        b"set",
    )
    assert entry.proof is not None
    assert (entry.proof.log_index, entry.proof.tree_size, entry.proof.hashes) == (7, 9, (b"hash",))


def test_what_cosign_leaves_out_is_nought_or_none():
    bundle = read_bundle(encoded(with_entry(logIndex=..., integratedTime=..., inclusionPromise=...,
    inclusionProof={k: v for k, v in PROOF.items() if k not in ("logIndex", "hashes")})))  # fmt: skip
    (entry,) = bundle.log_entries
    assert entry.proof is not None
    assert (entry.log_index, entry.proof.log_index, entry.proof.hashes, entry.promise) == (0, 0, (), None)
    assert read_bundle(encoded(with_material(tlogEntries=...))).log_entries == ()
    assert read_bundle(encoded(KEYED | {"mediaType": BUNDLE_LONG})).log_entries == ()


def test_a_chain_is_read_leaf_first():
    chain = with_material(
        publicKey=..., x509CertificateChain={"certificates": [{"rawBytes": "YQ=="}, {"rawBytes": "Yg=="}]}
    )
    assert read_bundle(encoded(chain)).material == CertificateChain((b"a", b"b"))


@pytest.mark.parametrize("version", ["0.1", "0.2", "0.4", "0.30"])
def test_another_version_is_refused(version):
    refused(KEYED | {"mediaType": f"application/vnd.dev.sigstore.bundle+json;version={version}"})
    refused(KEYED | {"mediaType": f"application/vnd.dev.sigstore.bundle.v{version}+json"})


def test_a_null_is_an_absent_part():
    bundle = read_bundle(encoded(with_entry(inclusionPromise=None, inclusionProof=None)))
    (entry,) = bundle.log_entries
    assert (entry.promise, entry.proof) == (None, None)


@pytest.mark.parametrize("media_type", [None, "", 3, [BUNDLE], {}, BUNDLE + " ", BUNDLE.upper()])
def test_another_media_type_is_refused(media_type):
    refused(KEYED | {"mediaType": media_type})


def test_a_bundle_over_a_bare_digest_is_refused():
    assert "bare digest" in refused(KEYED | {"messageSignature": {}})
    refused(
        {key: value for key, value in KEYED.items() if key != "dsseEnvelope"}
        | {"messageSignature": {"signature": "YQ=="}}
    )


@pytest.mark.parametrize(
    "changes",
    [
        {"publicKey": ...},
        {"certificate": {"rawBytes": "YQ=="}},
        {"x509CertificateChain": {"certificates": [{"rawBytes": "YQ=="}]}},
        {"certificate": None},
        {"publicKey": ..., "certificate": {"rawBytes": "YQ=="}, "x509CertificateChain": {"certificates": []}},
        {"publicKey": ..., "x509CertificateChain": {"certificates": []}},
        {"publicKey": ..., "x509CertificateChain": {}},
        {"publicKey": ..., "certificate": {}},
        {"publicKey": ..., "certificate": {"rawBytes": "YQ"}},
        {"publicKey": ..., "certificate": "YQ=="},
        {"publicKey": ..., "certificate": [{"rawBytes": "YQ=="}]},
        {"publicKey": None},
        {"publicKey": []},
        {"publicKey": {"hint": 1}},
        {"publicKey": {"hint": None}},
    ],
)
def test_who_signed_is_said_exactly_once(changes):
    refused(with_material(**changes))


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Return the path of every object inside a bundle."""
    match value:
        case dict():
            return [path, *(place for key, item in value.items() for place in places(item, (*path, key)))]
        case list():
            return [place for number, item in enumerate(value) for place in places(item, (*path, number))]
    return []


def edited(base: dict[str, Any], path: tuple[Any, ...], edit: Callable[[Any], None]) -> dict[str, Any]:
    result = copy.deepcopy(base)
    node = result
    for step in path:
        node = node[step]
    edit(node)
    return result


@pytest.mark.parametrize("base", [KEYED, FULL], ids=["keyed", "full"])
def test_an_unknown_field_is_refused_wherever_it_stands(base):
    found = places(base)
    assert len(found) >= (4 if base is KEYED else 11)
    for path in found:
        refused(edited(base, path, lambda node: node.update(unknown=1)))


def rename(old: str, new: str, node: dict[str, Any]) -> None:
    node[new] = node.pop(old)


@pytest.mark.parametrize("base", [KEYED, FULL], ids=["keyed", "full"])
def test_snake_case_is_refused_though_protobuf_would_read_it(base):
    for path in places(base):
        node: Any = base
        for step in path:
            node = node[step]
        for key in node:
            snake = "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in key)
            if snake != key:
                refused(edited(base, path, partial(rename, key, snake)))


def test_a_key_that_stands_twice_is_refused_wherever_it_stands():
    text = json.dumps(FULL)
    for key in (
        "mediaType",
        "verificationMaterial",
        "payload",
        "sig",
        "rawBytes",
        "keyId",
        "envelope",
        "signedTimestamp",
    ):
        double = text.replace(f'"{key}":', f'"{key}": null, "{key}":', 1)
        assert double != text
        assert "twice" in refused(double.encode())


@pytest.mark.parametrize(
    "value",
    [
        with_entry(logIndex="x"),
        with_entry(logIndex=1.5),
        with_entry(logIndex=True),
        with_entry(logIndex=""),
        with_entry(logIndex="1" * 20),
        with_entry(logIndex="0x1"),
        with_entry(logIndex=" 1"),
        with_entry(logIndex="٣"),
        with_entry(logIndex=None),
        with_entry(logId=...),
        with_entry(logId={}),
        with_entry(kindVersion=...),
        with_entry(kindVersion={"kind": "x"}),
        with_entry(canonicalizedBody=...),
        with_entry(canonicalizedBody="e30"),
        with_entry(inclusionPromise={}),
        with_entry(inclusionProof=[]),
        with_proof(treeSize=...),
        with_proof(rootHash=...),
        with_proof(hashes={}),
        with_proof(hashes=[1]),
        with_proof(hashes=["a-_="]),
        with_proof(checkpoint=...),
        with_proof(checkpoint={}),
        with_material(tlogEntries={}),
        with_material(tlogEntries=[[]]),
        with_material(tlogEntries="x"),
        with_material(timestampVerificationData=[]),
        with_material(timestampVerificationData={"rfc3161Timestamps": [{}]}),
        with_material(timestampVerificationData={"rfc3161Timestamps": ["dHM="]}),
        KEYED | {"verificationMaterial": None},
        KEYED | {"verificationMaterial": []},
        KEYED | {"dsseEnvelope": None},
        {},
        [],
        None,
        "x",
        7,
    ],
)
def test_a_malformed_part_is_refused(value):
    refused(value)


@pytest.mark.parametrize(
    "value",
    [
        with_entry(logIndex="9" * 19),
        with_entry(logIndex=2**63),
        with_entry(logIndex=-1),
        with_proof(treeSize="-1"),
        with_entry(integratedTime=10**4000),
    ],
)
def test_an_integer_that_no_log_could_give_is_refused(value):
    refused(value)


@pytest.mark.parametrize(
    "data",
    [b"", b"{", b"\xff", b"[" * 100_000, b'{"a":1e5}', b'{"mediaType":NaN}', encoded(KEYED)[:-1], "\ufeff{}".encode()],
)
def test_bytes_that_are_no_bundle_are_refused(data):
    refused(data)


def test_the_bound_is_named():
    assert "MAX_BUNDLE" in refused(b" " * (MAX_BUNDLE.value + 1))
