"""OpenSSF model signatures with everything that may be in a bundle: timestamps, a log, certificates, identities."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import pytest

from govern.intoto.bundle_writer import write_key_bundle
from govern.intoto.statement import read_statement
from govern.settings import Settings
from govern.signing.certificate_signer import load_certificate_signer
from govern.signing.key_file import KeySigner
from govern.signing.key_record_signer import KeyRecordSigner
from govern.signing.keyless import KeylessSigner, token_source
from govern.signing.log_client import LogClient
from govern.signing.timestamp_client import TimestampClient
from govern.trust.admit import admit
from govern.trust.anchors import Pki, Trust
from govern.trust.identity import Identity
from govern.trust.records import Record
from govern.trust.subject import Subject
from govern.trust.trusted_root import read_trusted_root
from support.model_signing import ModelSigning
from support.oms import hashed, oms_of
from support.records import NAME, VERSION, D, claim_of, signer
from support.sigstore.pki import Chain, make_chain
from support.sigstore.stack import Sigstore

SETTINGS: Final = Settings()
FILES: Final = {"README.md": "a model\n", "weights/a.bin": "0123"}
HASHED: Final = hashed(**{path.replace("/", "__"): text for path, text in FILES.items()})


@pytest.fixture
def model(tmp_path: Path) -> Path:
    folder = tmp_path / "model"
    for path, text in FILES.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text)
    return folder


@pytest.fixture
def chain() -> Chain:
    return make_chain()


def root_of(sigstore: Sigstore) -> Trust:
    return Trust(roots=(read_trusted_root(sigstore.trusted_root.read_bytes(), "the root"),))


def admitted(data: bytes, trust: Trust, files: dict[str, str] | None = None) -> Record | None:
    """Return the record that a bundle becomes beside an artifact of these files."""
    subject = Subject(D, NAME, VERSION, files=HASHED if files is None else files)
    result = admit(claim_of(data), subject, trust, datetime.now(UTC))
    return result if isinstance(result, Record) else None


# --- govern → model_signing ----------------------------------------------------------------------


def test_model_signing_takes_a_key_with_timestamps_and_a_log(
    oms: ModelSigning, model: Path, tmp_path: Path, sigstore: Sigstore
) -> None:
    key = signer()
    one = KeyRecordSigner(key, TimestampClient((sigstore.tsa,), SETTINGS), LogClient(sigstore.rekor, SETTINGS))
    (signed,) = one.sign([oms_of(HASHED)])
    bundle = signed.bundle
    assert len(bundle.timestamps) == len(bundle.log_entries) == 1
    (tmp_path / "key.pub").write_text(key.public_key.to_pem())
    (tmp_path / "model.sig").write_bytes(bundle.data)
    assert oms.accepts(model, tmp_path / "key.pub", tmp_path / "model.sig")
    # By cosign's hint model_signing does not know its key again.
    (tmp_path / "model.sig").write_bytes(write_key_bundle(bundle.envelope, key.public_key.hint).data)
    assert not oms.accepts(model, tmp_path / "key.pub", tmp_path / "model.sig")


def test_model_signing_takes_an_identity(oms: ModelSigning, model: Path, tmp_path: Path, sigstore: Sigstore) -> None:
    (tmp_path / "token").write_text(sigstore.token("ci"))
    config = sigstore.client_trust_config
    one = KeylessSigner(SETTINGS, token_source(SETTINGS, tmp_path / "token"), config.read_bytes(), what="trust.json")
    (signed,) = one.sign([oms_of(HASHED)])
    (tmp_path / "model.sig").write_bytes(signed.bundle.data)
    san, issuer = sigstore.san("ci"), sigstore.issuer("ci")
    assert oms.accepts_identity(model, config, san, issuer, tmp_path / "model.sig")
    (model / "more").touch()
    assert not oms.accepts_identity(model, config, san, issuer, tmp_path / "model.sig")


def test_model_signing_takes_a_certificate_chain(oms: ModelSigning, model: Path, tmp_path: Path, chain: Chain) -> None:
    files = chain.write(tmp_path / "chain")
    pem = b"".join(path.read_bytes() for path in (files.leaf, files.intermediate, files.root))
    one = load_certificate_signer(KeySigner(chain.leaf.key), pem, None, untimed=True)
    (signed,) = one.sign([oms_of(HASHED)])
    (tmp_path / "model.sig").write_bytes(signed.bundle.data)
    assert oms.accepts_certificate(model, files.root, tmp_path / "model.sig")


# --- model_signing → govern ----------------------------------------------------------------------


def test_an_identity_that_model_signing_signed_with_is_admitted(
    oms: ModelSigning, model: Path, tmp_path: Path, sigstore: Sigstore
) -> None:
    data = oms.signs_keyless(model, sigstore.client_trust_config, sigstore.token("uri"), tmp_path / "model.sig")
    record = admitted(data, root_of(sigstore))
    assert record is not None
    assert record.voice.identity == Identity(sigstore.issuer("uri"), sigstore.san("uri"))
    assert admitted(data, root_of(sigstore), HASHED | hashed(evil="e")) is None
    assert admitted(data, Trust()) is None


def test_a_chain_that_model_signing_signed_with_is_admitted(
    oms: ModelSigning, model: Path, tmp_path: Path, chain: Chain
) -> None:
    data = oms.signs_with_certificate(model, chain.write(tmp_path / "chain"), tmp_path / "model.sig")
    trust = Trust(pkis=(Pki(chain.root.certificate),))
    assert admitted(data, trust) is not None
    assert admitted(data, trust, hashed(weights="0123")) is None
    assert admitted(data, Trust(pkis=(Pki(make_chain().root.certificate),))) is None


def test_a_key_that_model_signing_signed_with_is_admitted(
    oms: ModelSigning, model: Path, tmp_path: Path, chain: Chain
) -> None:
    data = oms.signs(model, chain.write(tmp_path / "chain").key, tmp_path / "model.sig")
    key = KeySigner(chain.leaf.key).public_key
    record = admitted(data, Trust({key.signer: key}))
    assert record is not None
    assert record.statement == read_statement(record.bundle.envelope.payload)
    assert admitted(data, Trust({key.signer: key}), {}) is None
