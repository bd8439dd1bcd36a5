"""A transparency log in a list: entries, proofs, checkpoints and promises, as both generations of Rekor write them.

The tree is computed as RFC 6962 §2.1 defines it, by recursion, and not as verifiers walk it.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from govern.intoto.bundle import InclusionProof, LogEntry
from govern.intoto.dsse import Envelope, Signature, pae
from govern.trust.anchors import Log, Window
from govern.trust.keys import PublicKey, wrap

SigningKey = ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey | rsa.RSAPrivateKey
Json = dict[str, Any]

ORIGIN: Final = "rekor.example.test"
NOW: Final = 1_780_000_000
"""An integrated time: 2026-05-28."""


def b64(data: bytes) -> str:
    """Return base64 text."""
    return base64.b64encode(data).decode()


def root_hash(leaves: Sequence[bytes]) -> bytes:
    """Return MTH of RFC 6962 §2.1 over entries."""
    if len(leaves) == 1:
        return hashlib.sha256(b"\x00" + leaves[0]).digest()
    middle = _split(len(leaves))
    return hashlib.sha256(b"\x01" + root_hash(leaves[:middle]) + root_hash(leaves[middle:])).digest()


def audit_path(index: int, leaves: Sequence[bytes]) -> list[bytes]:
    """Return PATH of RFC 6962 §2.1.1 over entries."""
    if len(leaves) == 1:
        return []
    middle = _split(len(leaves))
    if index < middle:
        return [*audit_path(index, leaves[:middle]), root_hash(leaves[middle:])]
    return [*audit_path(index - middle, leaves[middle:]), root_hash(leaves[:middle])]


def _split(count: int) -> int:
    return 1 << ((count - 1).bit_length() - 1)


def sign(key: SigningKey, data: bytes) -> bytes:
    """Sign as records and logs do."""
    match key:
        case ed25519.Ed25519PrivateKey():
            return key.sign(data)
        case rsa.RSAPrivateKey():
            return key.sign(data, PKCS1v15(), hashes.SHA256())
        case ec.EllipticCurvePrivateKey(curve=ec.SECP384R1()):
            return key.sign(data, ec.ECDSA(hashes.SHA384()))
        case _:
            return key.sign(data, ec.ECDSA(hashes.SHA256()))


@dataclass(frozen=True, slots=True)
class Signed:
    """An envelope that a key signed.

    Args:
        key: of the signer.
        envelope: the envelope.
    """

    key: SigningKey
    envelope: Envelope

    @property
    def public(self) -> PublicKey:
        """The signer's public key."""
        return wrap(self.key.public_key())

    def certificate(self) -> bytes:
        """Return the DER of a certificate of the signer's key; a new one each time."""
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "the signer")])
        builder = x509.CertificateBuilder(name, name, self.key.public_key(), x509.random_serial_number())
        builder = builder.not_valid_before(datetime(2026, 1, 1, tzinfo=UTC))
        signing_hash = None if isinstance(self.key, ed25519.Ed25519PrivateKey) else hashes.SHA256()
        built = builder.not_valid_after(datetime(2027, 1, 1, tzinfo=UTC)).sign(self.key, signing_hash)
        return built.public_bytes(Encoding.DER)


def signed(payload: bytes = b'{"a":1}', key: SigningKey | None = None) -> Signed:
    """Return an envelope over a payload; without a key, by one of its own on P-256."""
    key = key or ec.generate_private_key(ec.SECP256R1())
    kind = "application/vnd.in-toto+json"
    return Signed(key, Envelope(payload, kind, (Signature(sign(key, pae(kind, payload))),)))


def pem(verifier: PublicKey | bytes) -> bytes:
    """Return the PEM that Rekor v1 keeps of a signer."""
    if isinstance(verifier, PublicKey):
        return verifier.to_pem().encode()
    return x509.load_der_x509_certificate(verifier).public_bytes(Encoding.PEM)


def body_of(kind: str, version: str, envelope: Envelope, verifier: PublicKey | bytes) -> Json:
    """Return the body that a log of that generation keeps of an envelope."""
    sig, signed_bytes, who = envelope.signatures[0].sig, envelope.signed, b64(pem(verifier))
    payload_hash = {"algorithm": "sha256", "value": hashlib.sha256(envelope.payload).hexdigest()}
    some_hash = {"algorithm": "sha256", "value": hashlib.sha256(b"another serialisation").hexdigest()}
    spec: Json
    match kind, version:
        case "hashedrekord", "0.0.2":
            given, raw = ("x509Certificate", verifier) if isinstance(verifier, bytes) else ("publicKey", verifier.spki)
            verified = {given: {"rawBytes": b64(raw)}, "keyDetails": "PKIX_ECDSA_P256_SHA_256"}
            data = {"algorithm": "SHA2_256", "digest": b64(hashlib.sha256(signed_bytes).digest())}
            spec = {"hashedRekordV002": {"data": data, "signature": {"content": b64(sig), "verifier": verified}}}
        case "hashedrekord", "0.0.1":
            digest = {"algorithm": "sha256", "value": hashlib.sha256(signed_bytes).hexdigest()}
            spec = {"data": {"hash": digest}, "signature": {"content": b64(sig), "publicKey": {"content": who}}}
        case "dsse", "0.0.1":
            logged = [{"signature": b64(sig), "verifier": who}]
            spec = {"envelopeHash": some_hash, "payloadHash": payload_hash, "signatures": logged}
        case "intoto", "0.0.2":
            logged = [{"publicKey": who, "sig": b64(b64(sig).encode())}]
            inner = {"payloadType": envelope.payload_type, "signatures": logged}
            spec = {"content": {"envelope": inner, "hash": some_hash, "payloadHash": payload_hash}}
        case _:
            spec = {}
    return {"apiVersion": version, "kind": kind, "spec": spec}


def encoded(body: Json) -> bytes:
    """Return a body's canonical bytes."""
    return json.dumps(body, sort_keys=True, separators=(",", ":")).encode()


@dataclass(frozen=True, slots=True)
class TinyLog:
    """A log.

    Args:
        key: with which it signs.
        origin: its name.
        leaves: its entries.
        tree_id: what Rekor v1 writes behind its name, or empty.
    """

    key: SigningKey = field(default_factory=ed25519.Ed25519PrivateKey.generate)
    origin: str = ORIGIN
    leaves: list[bytes] = field(default_factory=list)
    tree_id: str = ""

    def pinned(self, start: datetime | None = None, end: datetime | None = None) -> Log:
        """Return the log as verifiers pin it."""
        return Log(self.origin, self.log_id, wrap(self.key.public_key()), Window(start, end))

    @property
    def log_id(self) -> bytes:
        """How entries name it: of Ed25519 the note's key hash, else the SPKI's."""
        public = self.key.public_key()
        if isinstance(public, ed25519.Ed25519PublicKey) and not self.tree_id:
            return hashlib.sha256(self.origin.encode() + b"\n\x01" + public.public_bytes_raw()).digest()
        return hashlib.sha256(wrap(public).spki).digest()

    def note_text(self) -> str:
        """Return what it signs of its tree."""
        return f"{self.origin}{self.tree_id}\n{len(self.leaves)}\n{b64(root_hash(self.leaves))}\n"

    def note_signature(self, text: str) -> str:
        """Return its line under a text."""
        return f"— {self.origin} {b64(self.log_id[:4] + sign(self.key, text.encode()))}\n"

    def checkpoint(self, extension: str = "") -> str:
        """Return its signed note."""
        text = self.note_text() + extension
        return f"{text}\n{self.note_signature(text)}"

    def proof(self, index: int) -> InclusionProof:
        """Return the proof of an entry in the tree as it is now."""
        path = tuple(audit_path(index, self.leaves))
        return InclusionProof(index, root_hash(self.leaves), len(self.leaves), path, self.checkpoint())

    def promise(self, body: bytes, index: int, time: int = NOW) -> bytes:
        """Return the signed entry timestamp of Rekor v1."""
        value = {"body": b64(body), "integratedTime": time, "logID": self.log_id.hex(), "logIndex": index}
        return sign(self.key, json.dumps(value, sort_keys=True, separators=(",", ":")).encode())

    def entry(self, kind: str, version: str, body: bytes) -> LogEntry:
        """Log a body behind five others and before three, and return its entry as that generation gives it."""
        if not self.leaves:
            self.leaves.extend(b"earlier %d" % number for number in range(5))
        index = len(self.leaves)
        self.leaves.append(body)
        self.leaves.extend(b"later %d" % number for number in range(3))
        proof = self.proof(index)
        if (kind, version) == ("hashedrekord", "0.0.2"):
            return LogEntry(index, self.log_id, kind, version, 0, None, proof, body)
        # The whole log of v1 has earlier trees, which count in its index.
        promise = self.promise(body, index + 1000)
        return LogEntry(index + 1000, self.log_id, kind, version, NOW, promise, proof, body)


def first_log() -> TinyLog:
    """Return a log of Rekor v1, empty."""
    return TinyLog(ec.generate_private_key(ec.SECP256R1()), tree_id=" - 1193050959916656506")


def second_log(key: SigningKey | None = None) -> TinyLog:
    """Return a log of Rekor v2, empty."""
    return TinyLog(key or ed25519.Ed25519PrivateKey.generate())


def logged(log: TinyLog, kind: str, version: str, record: Signed) -> LogEntry:
    """Log what a key signed, and return the entry."""
    return log.entry(kind, version, encoded(body_of(kind, version, record.envelope, record.public)))
