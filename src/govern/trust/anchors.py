"""What a verifier pins: authorities and logs, each with the time in which it counts.

Source: sigstore/protobuf-specs, sigstore_trustroot.proto.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from govern.oci.digest import Digest
from govern.trust.keys import PublicKey

if TYPE_CHECKING:
    # Who verifies with keys alone does not load what reads certificates.
    from cryptography.x509 import Certificate, CertificateRevocationList


@dataclass(frozen=True, slots=True)
class Window:
    """A closed interval of time; an end that is absent is open.

    Args:
        start: the first moment, or None.
        end: the last moment, inclusive, or None.
    """

    start: datetime | None = None
    end: datetime | None = None

    def holds(self, at: datetime) -> bool:
        """Whether a moment lies in it."""
        return (self.start is None or self.start <= at) and (self.end is None or at <= self.end)


@dataclass(frozen=True, slots=True)
class Authority:
    """Who issues certificates or timestamps.

    Args:
        name: for people: the subject of the first certificate.
        chain: issuing certificate first, root last. Of a timestamp authority the first is the one that signs.
        window: when it counts.
    """

    name: str
    chain: tuple[Certificate, ...]
    window: Window = Window()

    @property
    def root(self) -> Certificate:
        """The certificate that is pinned."""
        return self.chain[-1]


@dataclass(frozen=True, slots=True)
class Log:
    """A transparency log, or a log of certificates.

    Args:
        origin: the name that its checkpoints carry: the host of its URL.
        key_id: how entries name it.
        key: what signs its checkpoints and promises.
        window: when it counts.
    """

    origin: str
    key_id: bytes
    key: PublicKey
    window: Window = Window()


@dataclass(frozen=True, slots=True)
class TrustedRoot:
    """One Sigstore instance: its parts vouch for each other, and for nobody else's.

    Args:
        certificate_authorities: Fulcio.
        certificate_logs: where Fulcio logs what it issues.
        logs: Rekor.
        timestamp_authorities: RFC 3161.
        issuers: the OpenID providers about whose people it is believed; empty for every one.
        left_out: what of it cannot be used here, a sentence for each part.
    """

    certificate_authorities: tuple[Authority, ...] = ()
    certificate_logs: tuple[Log, ...] = ()
    logs: tuple[Log, ...] = ()
    timestamp_authorities: tuple[Authority, ...] = ()
    issuers: tuple[str, ...] = ()
    left_out: tuple[str, ...] = field(default=(), compare=False)

    def is_believed_about(self, issuer: str) -> bool:
        """Whether its certificates are believed about people of this OpenID provider."""
        return not self.issuers or issuer in self.issuers


@dataclass(frozen=True, slots=True)
class Pki:
    """An internal PKI: its root, and what it took back.

    Args:
        root: the self-signed certificate that is pinned.
        revocation_lists: of any of its authorities.
    """

    root: Certificate
    revocation_lists: tuple[CertificateRevocationList, ...] = ()

    @property
    def name(self) -> str:
        """The root's subject (RFC 4514): the issuer of every identity under it."""
        return self.root.subject.rfc4514_string()


@dataclass(frozen=True, slots=True)
class Trust:
    """The anchors that the verifier brought.

    Args:
        keys: public keys by signer.
        roots: Sigstore instances, for certificates of theirs; their timestamps and logs count for keys and internal
            certificates too.
        pkis: internal PKIs.
        timestamp_authorities: further ones, for keys and internal certificates.
        logs: further ones, for keys and internal certificates.
    """

    keys: Mapping[Digest, PublicKey] = field(default_factory=dict)
    roots: tuple[TrustedRoot, ...] = ()
    pkis: tuple[Pki, ...] = ()
    timestamp_authorities: tuple[Authority, ...] = ()
    logs: tuple[Log, ...] = ()

    def joined(self, other: Trust) -> Trust:
        """Return what either of two trusts."""
        return Trust(
            {**self.keys, **other.keys},
            tuple(dict.fromkeys(self.roots + other.roots)),
            tuple(dict.fromkeys(self.pkis + other.pkis)),
            tuple(dict.fromkeys(self.timestamp_authorities + other.timestamp_authorities)),
            tuple(dict.fromkeys(self.logs + other.logs)),
        )

    @property
    def all_timestamp_authorities(self) -> tuple[Authority, ...]:
        """Every timestamp authority, of roots and alone."""
        return self.timestamp_authorities + tuple(one for root in self.roots for one in root.timestamp_authorities)

    @property
    def all_logs(self) -> tuple[Log, ...]:
        """Every log, of roots and alone."""
        return self.logs + tuple(one for root in self.roots for one in root.logs)
