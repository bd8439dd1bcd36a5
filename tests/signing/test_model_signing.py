"""model_signing signs and verifies here, with a key and in the private Sigstore."""

from __future__ import annotations

from pathlib import Path

import pytest

from support.model_signing import ModelSigning
from support.sigstore.pki import make_chain
from support.sigstore.stack import Sigstore


@pytest.fixture
def model(tmp_path: Path) -> Path:
    folder = tmp_path / "model"
    folder.mkdir()
    (folder / "weights.bin").write_bytes(bytes(range(256)))
    return folder


def test_a_key_signs_a_model(oms: ModelSigning, model: Path, tmp_path: Path) -> None:
    chain = make_chain()
    key, public = chain.write(tmp_path / "chain").key, tmp_path / "key.pub"
    public.write_bytes(chain.leaf.public_pem)
    signature = tmp_path / "model.sig"
    oms.signs(model, key, signature)
    assert oms.accepts(model, public, signature)
    (model / "weights.bin").write_bytes(b"others")
    assert not oms.accepts(model, public, signature)


def test_an_identity_signs_a_model(oms: ModelSigning, model: Path, tmp_path: Path, sigstore: Sigstore) -> None:
    signature, config = tmp_path / "model.sig", sigstore.client_trust_config
    oms.signs_keyless(model, config, sigstore.token("ci"), signature)
    san, issuer = sigstore.san("ci"), sigstore.issuer("ci")
    assert oms.accepts_identity(model, config, san, issuer, signature)
    assert not oms.accepts_identity(model, config, f"{san}x", issuer, signature)
