"""cosign's encrypted private keys: scrypt and NaCl's secretbox over PKCS #8.

Source: sigstore/cosign, pkg/cosign/keys.go; secure-systems-lab go-securesystemslib, encrypted package.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from typing import Any, Final

from govern import canonical
from govern.errors import InvalidInput, UsageError
from govern.limits import MAX_KEY_FILE, MAX_SCRYPT

COSIGN_MARKERS: Final = (b"ENCRYPTED SIGSTORE PRIVATE KEY", b"ENCRYPTED COSIGN PRIVATE KEY")
_MAX_COST: Final = {"N": 1 << 20, "r": 32, "p": 16}


def decrypt_cosign_key(pem: bytes, passphrase: bytes, what: str, source: str = "") -> bytes:
    """Return the DER PKCS #8 key inside.

    Args:
        pem: the file.
        passphrase: cosign encrypts with an empty one where none was given.
        what: the key, for messages.
        source: where the passphrase came from, for the hint.

    Raises:
        InvalidInput: for other parameters than cosign's, or a wrong passphrase.
        UsageError: where PyNaCl is not installed.
    """
    try:
        from nacl.exceptions import CryptoError
        from nacl.secret import SecretBox
    except ImportError as fault:
        raise UsageError(
            f"{what} is one of cosign's encrypted keys",
            expected="the extra that reads them",
            hint="in the clone that govern was installed from: pip install '.[cosign-key]'",
        ) from fault
    body = b"".join(line for line in pem.splitlines() if line and not line.startswith(b"-----"))
    try:
        value = canonical.loads(base64.b64decode(body, validate=True), what, bound=MAX_KEY_FILE)
        kdf, cipher = value["kdf"], value["cipher"]
        if kdf["name"] != "scrypt" or cipher["name"] != "nacl/secretbox":
            raise _unknown(what, f"{kdf['name']}, {cipher['name']}")
        cost = _cost(kdf["params"], what)
        salt, nonce = base64.b64decode(kdf["salt"]), base64.b64decode(cipher["nonce"])
        secret = hashlib.scrypt(
            passphrase, salt=salt, n=cost["N"], r=cost["r"], p=cost["p"], maxmem=MAX_SCRYPT.value, dklen=32
        )
        return bytes(SecretBox(secret).decrypt(base64.b64decode(value["ciphertext"]), nonce))
    except CryptoError as fault:
        raise InvalidInput(
            f"{what} cannot be opened",
            got="a wrong passphrase, or a damaged file",
            expected="the passphrase it was made with",
            hint=source or "set COSIGN_PASSWORD or GOVERN_KEY_PASSPHRASE",
        ) from fault
    except (KeyError, TypeError, ValueError, binascii.Error) as fault:
        raise _unknown(what, str(fault)[:200]) from fault


def _cost(params: dict[str, Any], what: str) -> dict[str, int]:
    # A file must not choose how much memory and time we spend.
    for name, most in _MAX_COST.items():
        if not isinstance(params[name], int) or not 0 < params[name] <= most:
            raise _unknown(what, f"scrypt {name} = {params[name]!r}")
    return params


def _unknown(what: str, got: str) -> InvalidInput:
    return InvalidInput(f"{what} is not a key that cosign writes", got=got, expected="scrypt and nacl/secretbox")
