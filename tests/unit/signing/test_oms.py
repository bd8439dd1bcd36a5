"""A key-signed OMS bundle is any bundle of ours, but for how it names the key."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from govern.errors import Denied
from govern.intoto.bundle import PublicKeyHint
from govern.signing.key_file import KeySigner
from govern.signing.oms import oms_bundle, oms_hint
from govern.trust.keys import PublicKey
from support.oms import hashed, oms_of
from support.records import key_of, signer


def test_the_hint_is_the_hash_of_the_pem_text_as_openssl_writes_it(tmp_path: Path) -> None:
    key = KeySigner(ec.generate_private_key(ec.SECP256R1())).public_key
    (tmp_path / "oms.pub").write_text(key.to_pem())
    assert oms_hint(key) == hashlib.sha256((tmp_path / "oms.pub").read_bytes()).hexdigest()
    assert oms_hint(key) != key.hint


def test_the_bundle_has_one_signature_over_exactly_the_statement() -> None:
    statement = oms_of(hashed(a="1"))
    bundle = oms_bundle(statement, signer())
    assert bundle.material == PublicKeyHint(oms_hint(key_of()))
    assert bundle.envelope.payload == statement.data
    (signature,) = bundle.envelope.signatures
    key_of().verify(signature.sig, bundle.envelope.signed)
    assert (signature.keyid, bundle.log_entries, bundle.timestamps) == ("", (), ())


class Broken:
    """A device that signs something else."""

    @property
    def public_key(self) -> PublicKey:
        return key_of()

    def sign(self, data: bytes) -> bytes:
        return signer().sign(data + b"?")


def test_a_signature_that_does_not_verify_never_leaves() -> None:
    with pytest.raises(Denied):
        oms_bundle(oms_of(hashed(a="1")), Broken())
