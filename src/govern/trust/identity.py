"""Who a certificate says that its holder is."""

from __future__ import annotations

from dataclasses import dataclass

from govern import canonical
from govern.oci.digest import Digest


def is_provider(issuer: str) -> bool:
    """Whether an issuer is the URL of an OpenID provider: what is none names the root of an internal PKI."""
    return issuer.startswith(("https://", "http://"))


@dataclass(frozen=True, slots=True)
class Identity:
    """The identity in a certificate.

    Args:
        issuer: who vouches: the URL of the OpenID provider, or the name of the root of an internal PKI (RFC 4514).
        subject: whom for: a mail address, a URI (a workflow, a SPIFFE id), or a name (RFC 4514).
    """

    issuer: str
    subject: str

    @property
    def signer(self) -> Digest:
        """Who this is in records: sha256 of canonical {`issuer`, `subject`} (FORMAT §5)."""
        return Digest.of(canonical.dumps({"issuer": self.issuer, "subject": self.subject}))


@dataclass(frozen=True, slots=True)
class Voice:
    """Who signed, as a proof found it: a key, or an identity. Whose voice it is, the policy says.

    Args:
        signer: sha256 of the key's DER SPKI, or of the identity.
        identity: what the certificate said, or None for keys.
    """

    signer: Digest
    identity: Identity | None = None

    @classmethod
    def of(cls, identity: Identity) -> Voice:
        """Return the voice of an identity."""
        return cls(identity.signer, identity)
