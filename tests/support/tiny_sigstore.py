"""A Sigstore of values: an authority, a certificate log, a transparency log, a timestamp authority; no process.

Everything that an honest instance does is there, so that a test changes the one thing it is about.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any, Final

from cryptography.hazmat.primitives.asymmetric import ed25519

from govern.intoto.bundle import Bundle, LogEntry, read_bundle
from govern.trust.anchors import Authority, Log, TrustedRoot, Window
from govern.trust.keys import PublicKey
from support.records import annotation_of, as_bytes
from support.tiny_log import TinyLog, body_of, encoded
from support.verify_vectors.bundles import bundle as bundle_json
from support.verify_vectors.bundles import entry_json
from support.verify_vectors.certificates import CODE_SIGNING, Issued, PromiseLog, Wish, issue
from support.verify_vectors.keys import PrivateKey, key, public
from support.verify_vectors.stamps import Stamper, stamper
from support.verify_vectors.times import MINUTE, SIGNED

ISSUER: Final = "https://accounts.example.test"
MAIL: Final = "anna@example.test"
STATEMENT: Final = as_bytes(annotation_of())


def signed_bundle(
    private: PrivateKey,
    certificates: Sequence[bytes] = (),
    *,
    stamps: Sequence[bytes] = (),
    entries: Sequence[LogEntry] = (),
    payload: bytes = STATEMENT,
) -> Bundle:
    """Return a bundle as a reader reads it: of a key, or of a certificate where there are any."""
    written = bundle_json(
        payload, private, certificates=certificates, stamps=stamps, entries=[entry_json(one) for one in entries]
    )
    return read_bundle(json.dumps(written).encode())


def signature_in(bundle: Bundle) -> bytes:
    """Return what is timestamped."""
    return bundle.envelope.signatures[0].sig


def entry_of(log: TinyLog, bundle: Bundle, verifier: PublicKey | bytes, generation: int = 2) -> LogEntry:
    """Log a bundle, as Rekor v2 or v1 does."""
    kind, version = ("hashedrekord", "0.0.2") if generation == 2 else ("dsse", "0.0.1")
    return log.entry(kind, version, encoded(body_of(kind, version, bundle.envelope, verifier)))


def authority_of(issued: Issued, window: Window | None = None) -> Authority:
    """Return an authority as verifiers pin it."""
    return Authority(issued.certificate.subject.rfc4514_string(), issued.chain, window or Window())


@dataclass(frozen=True)
class TinySigstore:
    """One instance; another label is another instance.

    Args:
        label: of its keys and names.
        promised: its certificate log.
        log: its transparency log.
    """

    label: str = "sigstore"
    promised: PromiseLog = field(default_factory=PromiseLog)
    log: TinyLog = field(default_factory=lambda: TinyLog(ed25519.Ed25519PrivateKey.from_private_bytes(b"l" * 32)))

    @property
    def root(self) -> Issued:
        """Its root."""
        return issue(Wish(f"{self.label} root", authority=True))

    @property
    def issuing(self) -> Issued:
        """What issues to signers."""
        return issue(
            Wish(f"{self.label} intermediate", authority=True, path_length=0, usages=(CODE_SIGNING,)), self.root
        )

    @property
    def stamper(self) -> Stamper:
        """Its timestamp authority."""
        return stamper(f"{self.label} time")

    def leaf(self, wish: Wish | None = None, *, promised: PromiseLog | None = None, **changes: Any) -> Issued:
        """Return a signer's certificate, good for ten minutes around `SIGNED`; `changes` are of the wish."""
        usual = Wish(
            "", sans=(MAIL,), usages=(CODE_SIGNING,), issuer=ISSUER, start=SIGNED - MINUTE, end=SIGNED + 9 * MINUTE
        )
        return issue(replace(wish or usual, **changes), self.issuing, promised or self.promised)

    def trusted(self, **changes: Any) -> TrustedRoot:
        """Return what verifiers pin; `changes` are of its parts."""
        parts: dict[str, Any] = {
            "certificate_authorities": (authority_of(self.issuing),),
            "certificate_logs": (self.certificate_log(),),
            "logs": (self.log.pinned(),),
            "timestamp_authorities": (authority_of(self.stamper.signer),),
        }
        return TrustedRoot(**(parts | changes))

    def certificate_log(self, window: Window | None = None) -> Log:
        """Return its certificate log as verifiers pin it."""
        known = public(self.promised.key)
        return Log("ct.example.test", bytes.fromhex(known.signer.encoded), known, window or Window())

    def sign(
        self, leaf: Issued | None = None, *, after: timedelta | None = timedelta(), generation: int | None = 2
    ) -> Bundle:
        """Return a bundle.

        Args:
            leaf: the signer's certificate; a usual one if None.
            after: how long after `SIGNED` it was timestamped; None for not at all.
            generation: of the transparency log, or None for no entry.
        """
        leaf = leaf or self.leaf()
        bare = signed_bundle(leaf.key, [leaf.der])
        stamps = [self.stamper.stamp(signature_in(bare), SIGNED + after)] if after is not None else []
        entries = [entry_of(self.log, bare, leaf.der, generation)] if generation is not None else []
        return signed_bundle(leaf.key, [leaf.der], stamps=stamps, entries=entries)


def key_signed(label: str = "ci", **proofs: Any) -> Bundle:
    """Return a bundle signed by the key of a label."""
    return signed_bundle(key(label), **proofs)
