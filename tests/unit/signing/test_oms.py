"""A key-signed OMS bundle is any bundle of ours, but for how it names the key."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import ec

from govern.intoto.bundle import PublicKeyHint
from govern.signing.key_file import KeySigner
from govern.signing.key_record_signer import KeyRecordSigner
from govern.signing.oms import oms_hint, with_oms_hint
from govern.signing.signer import sign_statement
from support.oms import hashed, oms_of
from support.records import key_of, provenance_of, signer


def test_the_hint_is_the_hash_of_the_pem_text_as_openssl_writes_it(tmp_path: Path) -> None:
    key = KeySigner(ec.generate_private_key(ec.SECP256R1())).public_key
    (tmp_path / "oms.pub").write_text(key.to_pem())
    assert oms_hint(key) == hashlib.sha256((tmp_path / "oms.pub").read_bytes()).hexdigest()
    assert oms_hint(key) != key.hint


def test_a_bundle_changes_in_nothing_but_how_it_names_the_key() -> None:
    statement = oms_of(hashed(a="1"))
    before = sign_statement(statement, signer())
    after = with_oms_hint(before, key_of())
    assert after.material == PublicKeyHint(oms_hint(key_of()))
    assert replace(after, data=before.data, material=before.material) == before
    key_of().verify(after.envelope.signatures[0].sig, after.envelope.signed)


def test_only_oms_statements_are_named_so() -> None:
    statements = [provenance_of(), oms_of(hashed(a="1"))]
    hints = [one.bundle.material for one in KeyRecordSigner(signer()).sign(statements)]
    assert hints == [PublicKeyHint(key_of().hint), PublicKeyHint(oms_hint(key_of()))]
