"""The bytes of FORMAT v0.1, as files that another implementation can hold itself against.

The key is the public test key of RFC 6979, A.2.5, and signatures are deterministic, so all of it can be made
anew from the words of FORMAT and three RFCs. `pytest --regenerate` writes the files; a change in one of them is
a change of the format.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from govern.artifact.digest_cache import NoCache
from govern.artifact.file_list import Entry, FileList
from govern.artifact.inspect import Rules
from govern.artifact.pack import Packed, pack
from govern.artifact.walk import find_files
from govern.intoto.bundle import Bundle
from govern.intoto.statement import Statement, write_statement
from govern.line import line_of
from govern.names import Name, Version
from govern.oci.descriptor import Descriptor
from govern.oci.digest import Digest
from govern.oci.manifest import RawManifest, read_manifest
from govern.oci.media_types import IMAGE_MANIFEST
from govern.predicates import annotation, registration
from govern.predicates.common import DigestSet, RecordReference
from govern.predicates.kinds import SLSA_V1, Wrapping, wrapping_of
from govern.signing.signer import sign_statement
from govern.trust.admit import admit
from govern.trust.anchors import Trust
from govern.trust.keys import PublicKey, read_public_key, wrap
from govern.trust.records import Claim, Record
from govern.trust.subject import Subject
from govern.trust.wrapping import read_wrapper, wrap_record

FOLDER: Final = Path(__file__).resolve().parents[1] / "vectors" / "format"
NAME: Final = Name("acme/fraud")
VERSION: Final = "1.4.0"
TIME: Final = "2026-11-21T09:30:00Z"
LINE: Final = line_of(NAME)
FILES: Final = {"data/train.csv": b"amount,fraud\n12,0\n9000,1\n", "LICENSE": b"CC0-1.0\n", "ä/😀.txt": b"\n"}


@dataclass(frozen=True)
class VectorSigner:
    """RFC 6979: the key of A.2.5, and nonces that follow from key and message."""

    key: ec.EllipticCurvePrivateKey

    @property
    def public_key(self) -> PublicKey:
        return wrap(self.key.public_key())

    def sign(self, data: bytes) -> bytes:
        return self.key.sign(data, ec.ECDSA(hashes.SHA256(), deterministic_signing=True))


SIGNER: Final = VectorSigner(
    ec.derive_private_key(0xC9AFA9D845BA75166B5C215767B1D6934E50C3DB36E89B127B8A622B120F6721, ec.SECP256R1())
)
_folder: list[Path] = []


@pytest.fixture(autouse=True, scope="module")
def _files(tmp_path_factory: pytest.TempPathFactory) -> None:
    root = tmp_path_factory.mktemp("vectors")
    for path, data in FILES.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(data)
    _folder[:] = [root]


@cache
def dataset() -> Packed:
    return pack(
        find_files(_folder[0]), kind="dataset", name=NAME, version=Version(VERSION), rules=Rules(), cache=NoCache()
    )


def dataset_config() -> bytes:
    config = read_manifest(dataset().manifest).config.digest
    (content,) = [one for one in dataset().contents if one.descriptor.digest == config]
    return b"".join(bytes(chunk) for chunk in content.chunks())


@cache
def provenance() -> Statement:
    return write_statement(
        [(f"{NAME}@{VERSION}", dataset().digest)],
        SLSA_V1,
        {"buildDefinition": {"buildType": "https://example.com/train/v1"}},
    )


@cache
def registered() -> Statement:
    bundle = signed(provenance)
    predicate = registration.Registration(
        issued_at=TIME,
        kind="dataset",
        packing="v1",
        files=registration.Files(
            count=len(FILES),
            digest=DigestSet.of(Digest.of(dataset().files.to_bytes())),
            size=sum(map(len, FILES.values())),
        ),
        evidence=(
            RecordReference(
                statement=DigestSet.of(provenance().digest),
                signer=DigestSet.of(SIGNER.public_key.signer),
                manifest=DigestSet.of(wrapped(provenance).digest),
                bundle=DigestSet.of(Digest.of(bundle.data)),
            ),
        ),
        metadata={"metrics": [{"name": "auc", "value": "0.950"}], "owners": ["risk-team"]},
    )
    return write_statement(
        [(f"{NAME}@{VERSION}", dataset().digest), (NAME, LINE.digest)], registration.TYPE, predicate.to_json()
    )


@cache
def annotated() -> Statement:
    predicate = annotation.Annotation(
        issued_at=TIME,
        entries={"ticket": "RISK-7", "reviewed": True, "größe": ["1.5", 2, None]},
        note="Zahlen geprüft ✓",
    )
    return write_statement([(f"{NAME}@{VERSION}", dataset().digest)], annotation.TYPE, predicate.to_json())


@cache
def signed(statement: Callable[[], Statement]) -> Bundle:
    return sign_statement(statement(), SIGNER)


def wrapped(statement: Callable[[], Statement], subject: Descriptor | None = None) -> RawManifest:
    kind = statement().predicate_type
    return wrap_record(
        subject or dataset().manifest.descriptor,
        signed(statement).data,
        predicate_type=kind,
        created=TIME,
        wrapping=wrapping_of(kind, statement().predicate),
    )


VECTORS: Final[dict[str, Callable[[], bytes]]] = {
    "signer.pub": lambda: SIGNER.public_key.to_pem().encode(),
    "line.layer.json": lambda: LINE.layer,
    "line.manifest.json": lambda: LINE.manifest.data,
    "dataset.files.json": lambda: dataset().files.to_bytes(),
    "dataset.config.json": dataset_config,
    "dataset.manifest.json": lambda: dataset().manifest.data,
    "provenance.statement.json": lambda: provenance().data,
    "provenance.bundle.json": lambda: signed(provenance).data,
    "provenance.wrapper.json": lambda: wrapped(provenance).data,
    "registration.statement.json": lambda: registered().data,
    "registration.bundle.json": lambda: signed(registered).data,
    "registration.wrapper.json": lambda: wrapped(registered).data,
    "registration.line-wrapper.json": lambda: wrapped(registered, LINE.manifest.descriptor).data,
    "annotation.statement.json": lambda: annotated().data,
    "annotation.bundle.json": lambda: signed(annotated).data,
    "annotation.wrapper.json": lambda: wrapped(annotated).data,
}


@pytest.mark.parametrize("name", VECTORS)
def test_the_bytes_of_the_format_are_the_golden_ones(name, request):
    made = VECTORS[name]()
    if request.config.getoption("--regenerate", default=False):
        FOLDER.mkdir(parents=True, exist_ok=True)
        (FOLDER / name).write_bytes(made)
    assert made == (FOLDER / name).read_bytes()


def test_there_is_no_golden_file_that_nothing_makes():
    assert {path.name for path in FOLDER.iterdir()} == set(VECTORS)


def test_the_line_is_the_one_that_the_format_prints():
    golden = (FOLDER / "line.manifest.json").read_bytes()
    assert len(golden) == 436
    assert Digest.of(golden) == "sha256:fad7f9a45fda0d2e249b5cfde09bcb5bf1d6d281cbcbe9fa4877b8bdfc8e529e"


def test_the_file_list_follows_from_the_files():
    entries = [Entry(Digest.of(data), 0, path, Digest.of(data).encoded, len(data)) for path, data in FILES.items()]
    assert FileList.of(entries).to_bytes() == (FOLDER / "dataset.files.json").read_bytes()


@pytest.mark.parametrize("name", ["provenance", "registration", "annotation"])
def test_the_golden_records_are_admitted_from_the_files_alone(name):
    key = read_public_key((FOLDER / "signer.pub").read_bytes())
    subject = Subject(Digest.of((FOLDER / "dataset.manifest.json").read_bytes()), NAME, VERSION)
    for wrapper_name in (
        {f"{name}.wrapper.json", "registration.line-wrapper.json"}
        if name == "registration"
        else {f"{name}.wrapper.json"}
    ):
        wrapper = read_wrapper(RawManifest(IMAGE_MANIFEST, (FOLDER / wrapper_name).read_bytes()))
        assert wrapper is not None
        bundle = wrapper.bundle.check((FOLDER / f"{name}.bundle.json").read_bytes(), "the bundle")
        result = admit(Claim(wrapper, bundle), subject, Trust({key.signer: key}))
        assert isinstance(result, Record)
        assert result.statement.data == (FOLDER / f"{name}.statement.json").read_bytes()


def test_the_golden_wrappers_are_of_both_kinds():
    kinds = {
        name: wrapping_of(make().predicate_type, make().predicate)
        for name, make in (("r", registered), ("a", annotated), ("p", provenance))
    }
    assert kinds == {"r": Wrapping.EVIDENCE, "a": Wrapping.READING, "p": Wrapping.EVIDENCE}
