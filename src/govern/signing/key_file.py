"""Keys in files and variables: P-256, PEM, encrypted or not; cosign's encrypted keys are read too."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from govern.errors import InvalidInput, UsageError
from govern.limits import MAX_KEY_FILE
from govern.signing.cosign_key import COSIGN_MARKERS, decrypt_cosign_key
from govern.signing.passphrase import PASSPHRASE_VARIABLE, Passphrase, source_of
from govern.trust.keys import PublicKey, read_public_key, wrap

_ENV = "env:"
_PRIVATE = "the private key"


@dataclass(frozen=True, slots=True)
class KeySigner:
    """A P-256 private key in memory.

    Args:
        key: the private key.
    """

    key: ec.EllipticCurvePrivateKey

    def __repr__(self) -> str:
        return f"KeySigner({self.public_key.signer})"

    @property
    def public_key(self) -> PublicKey:
        """See `Signer.public_key`."""
        return wrap(self.key.public_key())

    def sign(self, data: bytes) -> bytes:
        """See `Signer.sign`."""
        return self.key.sign(data, ec.ECDSA(hashes.SHA256()))


def load_signer(spec: str, passphrase: Passphrase, environment: Mapping[str, str]) -> KeySigner:
    """Load a private key.

    Args:
        spec: a path, or `env:NAME` for a variable that holds the PEM text.
        passphrase: asked if the key is encrypted.
        environment: the process's variables.

    Raises:
        InvalidInput: for a key that cannot be read, a wrong passphrase, or another curve.
    """
    data = _read(spec, environment, _PRIVATE)
    what = f"the key {spec}"
    if b"PRIVATE KEY-----" not in data:
        raise InvalidInput(
            f"{what} is not a private key",
            got="a public key" if b"PUBLIC KEY-----" in data else "no PEM",
            expected="a PEM private key",
            hint="signing takes PREFIX.key; verifying takes PREFIX.pub",
        )
    secret: bytes | None = None
    source = ""
    if b"ENCRYPTED" in data:
        secret = passphrase(what)
        if secret is None:
            raise InvalidInput(
                f"{what} is encrypted",
                expected="a passphrase",
                hint=f"set {PASSPHRASE_VARIABLE}, give --passphrase-file FILE, or run it in a terminal",
            )
        source = source_of(secret)
    if any(marker in data for marker in COSIGN_MARKERS):
        data, secret = decrypt_cosign_key(data, secret or b"", what, source), None
        loader = serialization.load_der_private_key
    else:
        loader = serialization.load_pem_private_key
    try:
        key = loader(data, secret or None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as fault:
        wrong = secret is not None
        raise InvalidInput(
            f"{what} cannot be opened",
            got="a wrong passphrase, or a damaged file" if wrong else str(fault)[:200],
            expected="the passphrase it was made with" if wrong else "a PEM private key",
            hint=source,
        ) from fault
    if not isinstance(key, ec.EllipticCurvePrivateKey) or not isinstance(key.curve, ec.SECP256R1):
        raise InvalidInput(
            f"{what} is of another kind",
            got=f"{type(key).__name__}",
            expected="ECDSA P-256, which every verifier of the field reads",
            hint="make one with: govern key generate --output ci",
        )
    return KeySigner(key)


def load_public_key(spec: str, environment: Mapping[str, str]) -> PublicKey:
    """Load a public key from a path or `env:NAME`."""
    return read_public_key(_read(spec, environment, "the public key"), f"the key {spec}")


def _read(spec: str, environment: Mapping[str, str], what: str) -> bytes:
    if spec.startswith(_ENV):
        name = spec.removeprefix(_ENV)
        if not environment.get(name):
            raise UsageError(f"{what} is not in the environment", got=f"no variable {name}", expected="PEM text in it")
        # A variable may hold any bytes; those that are no text are no key, and are told so.
        return environment[name].encode("utf-8", "surrogateescape")
    if "-----BEGIN" in spec:
        # The text of a key as an argument would stand in every process list.
        raise UsageError(
            f"{what} was given as text", expected="a file, or env:NAME", hint="and make a new key: this one was shown"
        )
    try:
        with Path(spec).open("rb") as file:
            data = file.read(MAX_KEY_FILE.value + 1)
    except OSError as fault:
        raise InvalidInput(
            f"{what} cannot be read",
            got=f"{spec!r}: {fault.strerror}",
            expected="a PEM file, or env:NAME",
            hint="make a pair with: govern key generate --output ci"
            if what == _PRIVATE
            else "whoever signed has it: PREFIX.pub beside PREFIX.key, or cosign.pub",
        ) from fault
    MAX_KEY_FILE.check(len(data), what, InvalidInput)
    return data


def generate_key_pair(prefix: Path, passphrase: bytes | None) -> tuple[Path, Path, PublicKey]:
    """Make a P-256 pair: PREFIX.key (PKCS #8, mode 0600) and PREFIX.pub.

    Args:
        prefix: path without ending.
        passphrase: encrypts the private key; None or empty leaves it open, which the caller says aloud.

    Raises:
        InvalidInput: where one of the files is there already: a key is never overwritten.
    """
    if prefix.name in ("", ".."):
        raise InvalidInput("a key needs a name", got=repr(str(prefix)), expected="PREFIX, of PREFIX.key and PREFIX.pub")
    private, public = prefix.with_name(prefix.name + ".key"), prefix.with_name(prefix.name + ".pub")
    for path in (private, public):
        if os.path.lexists(path):
            raise InvalidInput(
                "a key is there already", got=str(path), expected="a new name", hint="keys are never overwritten"
            )
    key = ec.generate_private_key(ec.SECP256R1())
    protection: serialization.KeySerializationEncryption = (
        serialization.BestAvailableEncryption(passphrase) if passphrase else serialization.NoEncryption()
    )
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, protection)
    signer = wrap(key.public_key())
    made: list[Path] = []
    try:
        prefix.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(private, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
        made.append(private)
        with os.fdopen(descriptor, "wb") as file:
            file.write(pem)
        with public.open("x", encoding="ascii") as text:
            made.append(public)
            text.write(signer.to_pem())
    except OSError as fault:
        # Half a pair would stand in the way of the next try, and half a key in the way of everything.
        for path in made:
            path.unlink(missing_ok=True)
        raise InvalidInput("the key cannot be written", got=f"{str(prefix)!r}: {fault.strerror}") from fault
    return private, public, signer
