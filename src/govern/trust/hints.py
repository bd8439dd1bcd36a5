"""The key that a bundle names: unauthenticated, and spelled as everywhere else (FORMAT §5)."""

from __future__ import annotations

from govern.errors import Denied, InvalidInput
from govern.intoto import base64


class Stranger(Denied):
    """A record that nobody trusted speaks for: it may be a good one, by somebody whom this verifier does not know."""


def spelled(signer: str) -> str:
    """Return a signer as `sha256:…` where it is a bundle's hint for a key: base64 of the same 32 bytes (FORMAT §5)."""
    try:
        data = base64.decode(signer, "the key hint")
    except InvalidInput:
        return signer
    return f"sha256:{data.hex()}" if len(data) == 32 else signer
