"""cosign's encrypted keys: opened as cosign writes them, and no file chooses how much it costs."""

from __future__ import annotations

import base64
import hashlib
import json
import sys
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from nacl.secret import SecretBox

from govern.errors import InvalidInput, UsageError
from govern.signing.cosign_key import decrypt_cosign_key
from govern.signing.key_file import KeySigner, load_signer

KEY = ec.generate_private_key(ec.SECP256R1())
DER = KEY.private_bytes(serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
COST = {"N": 1 << 10, "r": 8, "p": 1}


def b64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def document(passphrase: bytes = b"secret") -> dict[str, Any]:
    """Return what cosign writes, with a cheaper cost than its own."""
    salt, nonce = bytes(32), bytes(24)
    secret = hashlib.scrypt(passphrase, salt=salt, n=COST["N"], r=COST["r"], p=COST["p"], dklen=32)
    return {
        "kdf": {"name": "scrypt", "params": dict(COST), "salt": b64(salt)},
        "cipher": {"name": "nacl/secretbox", "nonce": b64(nonce)},
        "ciphertext": b64(SecretBox(secret).encrypt(DER, nonce).ciphertext),
    }


def pem(value: Any, label: str = "SIGSTORE") -> bytes:
    text = value if isinstance(value, bytes) else json.dumps(value).encode()
    body = "\n".join(b64(text)[at : at + 64] for at in range(0, len(b64(text)), 64))
    return (
        f"-----BEGIN ENCRYPTED {label} PRIVATE KEY-----\n{body}\n-----END ENCRYPTED {label} PRIVATE KEY-----\n".encode()
    )


@pytest.mark.parametrize("label", ["SIGSTORE", "COSIGN"])
@pytest.mark.parametrize("passphrase", [b"secret", b""])
def test_a_key_of_cosign_s_opens_and_signs(label: str, passphrase: bytes) -> None:
    data = pem(document(passphrase), label)
    assert decrypt_cosign_key(data, passphrase, "the key") == DER
    signer = load_signer("env:K", lambda _label: passphrase, {"K": data.decode()})
    assert signer.public_key.signer == KeySigner(KEY).public_key.signer


def test_a_wrong_passphrase_is_told_with_the_variables_that_hold_it() -> None:
    with pytest.raises(InvalidInput, match="a wrong passphrase") as refused:
        decrypt_cosign_key(pem(document()), b"other", "the key")
    assert "COSIGN_PASSWORD" in refused.value.hint


def changed(**changes: Any) -> dict[str, Any]:
    value = document()
    for place, new in changes.items():
        holder, *path = value, *place.split("__")
        for step in path[:-1]:
            holder = holder[step]
        holder[path[-1]] = new
    return value


@pytest.mark.parametrize(
    "value",
    [
        b"",
        b"not json",
        b"\xff",
        [],
        {},
        "text",
        changed(kdf__name="argon2id"),
        changed(cipher__name="aes"),
        changed(kdf__params={}),
        changed(kdf__params=[]),
        changed(kdf__params__N="1024"),
        changed(kdf__params__N=0),
        changed(kdf__params__N=-1),
        changed(kdf__params__N=1000),
        changed(kdf__params__r=0),
        changed(kdf__params__p=0),
        changed(kdf__salt=7),
        changed(cipher__nonce="AAAA"),
        changed(cipher__nonce=""),
        changed(ciphertext=None),
        changed(ciphertext="\u00e9"),
        changed(ciphertext=""),
    ],
    ids=repr,
)
def test_what_cosign_does_not_write_is_refused(value: Any) -> None:
    with pytest.raises(InvalidInput):
        decrypt_cosign_key(pem(value), b"secret", "the key")


@pytest.mark.parametrize(("name", "most"), [("N", 1 << 20), ("r", 32), ("p", 16)])
def test_a_file_does_not_choose_what_it_costs(name: str, most: int, monkeypatch: pytest.MonkeyPatch) -> None:
    beyond, allowed = (pem(changed(**{f"kdf__params__{name}": value})) for value in (most + 1, most))
    spent: list[int] = []

    def scrypt(*_arguments: object, **options: int) -> bytes:
        spent.append(options[name.lower()])
        return bytes(32)

    monkeypatch.setattr(hashlib, "scrypt", scrypt)
    with pytest.raises(InvalidInput, match=f"scrypt {name} = {most + 1}"):
        decrypt_cosign_key(beyond, b"secret", "the key")
    assert spent == []
    with pytest.raises(InvalidInput, match="a wrong passphrase"):
        decrypt_cosign_key(allowed, b"secret", "the key")
    assert spent == [most]


def test_all_of_it_together_has_a_bound_of_memory() -> None:
    with pytest.raises(InvalidInput, match="memory limit exceeded"):
        decrypt_cosign_key(pem(changed(kdf__params__N=1 << 20, kdf__params__r=32)), b"secret", "the key")


def test_without_the_extra_its_name_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "nacl.exceptions", None)
    with pytest.raises(UsageError, match="one of cosign's encrypted keys") as refused:
        decrypt_cosign_key(pem(document()), b"secret", "the key")
    assert "pip install '.[cosign-key]'" in refused.value.hint
