"""Fixtures of the tests about signatures: a private Sigstore, an HSM, a timestamp authority, and the peers."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from support.cosign import Cosign
from support.model_signing import ModelSigning
from support.parts import require_part
from support.sigstore.stack import Sigstore
from support.sigstore.stack import sigstore as private_sigstore
from support.sigstore.timestamps import TimestampAuthority, timestamp_authority
from support.sigstore_js import SigstoreJs, sigstore_js
from support.softhsm import HsmKey, SoftHsm, soft_hsm

# --- servers -------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def sigstore(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sigstore]:
    """A private Sigstore of real processes, shared by the session; another session waits until this one ends."""
    with private_sigstore(tmp_path_factory.mktemp("sigstore")) as running:
        yield running


@pytest.fixture
def tsa(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TimestampAuthority]:
    """A timestamp authority of the test's own, by openssl; it needs no Sigstore."""
    with timestamp_authority(tmp_path_factory.mktemp("tsa")) as running:
        yield running


# --- an HSM --------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def _hsm(tmp_path_factory: pytest.TempPathFactory) -> tuple[SoftHsm, dict[str, HsmKey]]:
    hsm = soft_hsm(tmp_path_factory.mktemp("softhsm"))
    for token in ("govern", "empty"):
        hsm.make_token(token)
    keys = [
        hsm.generate("govern", 2, "ci"),
        hsm.generate("govern", 3, "release"),
        hsm.generate("govern", 4, "p384", "secp384r1"),
    ]
    return hsm, {key.label: key for key in keys}


@pytest.fixture
def softhsm(_hsm: tuple[SoftHsm, dict[str, HsmKey]], monkeypatch: pytest.MonkeyPatch) -> SoftHsm:
    """The session's SoftHSM with the tokens `govern` and `empty`; this process and its children find it."""
    for name, value in _hsm[0].environment.items():
        monkeypatch.setenv(name, value)
    return _hsm[0]


@pytest.fixture
def hsm_keys(_hsm: tuple[SoftHsm, dict[str, HsmKey]], softhsm: SoftHsm) -> dict[str, HsmKey]:
    """The keys in the token `govern`, by label: `ci` and `release` on P-256, `p384` on P-384."""
    return _hsm[1]


# --- peers ---------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def cosign(tmp_path_factory: pytest.TempPathFactory) -> Cosign:
    """cosign with an encrypted pair of its own; it finds the private Sigstore through the files it is given."""
    tool = Cosign(require_part("cosign"), tmp_path_factory.mktemp("cosign"))
    done = tool("generate-key-pair", "--output-key-prefix", "co")
    assert done.returncode == 0, done.stderr
    return tool


@pytest.fixture(scope="session")
def js() -> SigstoreJs:
    """sigstore-js."""
    return sigstore_js()


@pytest.fixture(scope="session")
def oms() -> ModelSigning:
    """model_signing."""
    return ModelSigning(require_part("model_signing"))
