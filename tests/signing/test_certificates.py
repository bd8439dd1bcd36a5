"""The certificates that tests are given are what openssl and model_signing take for good ones."""

from __future__ import annotations

import datetime as dt
import subprocess
from pathlib import Path

import pytest
from cryptography import x509

from support.model_signing import ModelSigning
from support.parts import require_part
from support.sigstore.pki import Chain, ChainFiles, make_chain, make_leaf
from support.sigstore.revocation_list import make_revocation_list


@pytest.fixture(scope="module")
def chain() -> Chain:
    return make_chain()


@pytest.fixture
def files(chain: Chain, tmp_path: Path) -> ChainFiles:
    return chain.write(tmp_path / "chain")


def openssl_verifies(files: ChainFiles, leaf: Path, *more: str | Path) -> str:
    """Return what openssl has against a leaf, which is nothing if it verifies."""
    done = subprocess.run(
        [
            *(require_part("openssl"), "verify", "-x509_strict", "-CAfile", files.root),
            *("-untrusted", files.intermediate, *more, leaf),
        ],
        check=False,
        capture_output=True,
        encoding="utf-8",
        timeout=20,
    )
    return done.stderr if done.returncode else ""


@pytest.mark.parametrize("san", ["https://ci.example.test/train", "alice@example.test", "ci.example.test"])
def test_a_chain_verifies_and_has_the_name_it_was_asked_for(san: str, tmp_path: Path) -> None:
    chain = make_chain(sans=[san])
    files = chain.write(tmp_path)
    assert openssl_verifies(files, files.leaf) == ""
    names = chain.leaf.certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert [name.value for name in names] == [san]


def test_a_certificate_needs_no_name_and_no_usage(tmp_path: Path) -> None:
    chain = make_chain(sans=[], usages=[])
    files = chain.write(tmp_path)
    assert openssl_verifies(files, files.leaf) == ""
    with pytest.raises(x509.ExtensionNotFound):
        chain.leaf.certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)


def test_a_certificate_may_have_expired(chain: Chain, files: ChainFiles, tmp_path: Path) -> None:
    now = dt.datetime.now(dt.UTC)
    expired = make_leaf(chain.intermediate, start=now - dt.timedelta(days=2), end=now - dt.timedelta(days=1))
    (tmp_path / "expired.pem").write_bytes(expired.pem)
    assert "has expired" in openssl_verifies(files, tmp_path / "expired.pem")


def test_a_revocation_list_revokes(chain: Chain, files: ChainFiles, tmp_path: Path) -> None:
    now = dt.datetime.now(dt.UTC)
    for revoked, against in (([], ""), ([(chain.leaf.certificate, now - dt.timedelta(minutes=5))], "revoked")):
        (tmp_path / "list.pem").write_bytes(make_revocation_list(chain.intermediate, revoked))
        said = openssl_verifies(files, files.leaf, "-crl_check", "-CRLfile", tmp_path / "list.pem")
        assert against in said if against else said == ""


def test_model_signing_takes_a_chain(oms: ModelSigning, files: ChainFiles, tmp_path: Path) -> None:
    model = tmp_path / "model"
    model.mkdir()
    (model / "weights.bin").write_bytes(bytes(range(256)))
    signature = tmp_path / "model.sig"
    oms.signs_with_certificate(model, files, signature)
    assert oms.accepts_certificate(model, files.root, signature)
    assert not oms.accepts_certificate(model, make_chain().write(tmp_path / "others").root, signature)
