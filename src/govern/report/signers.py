"""Who signed, in one spelling: a person's id, or the digest that `govern key show` prints."""

from __future__ import annotations

from govern.errors import InvalidInput
from govern.intoto import base64

_SHORT = 19


def spelled(signer: str) -> str:
    """Return a signer as `sha256:…` where it is a bundle's hint for a key: base64 of the same 32 bytes (FORMAT §5)."""
    try:
        data = base64.decode(signer, "the key hint")
    except InvalidInput:
        return signer
    return f"sha256:{data.hex()}" if len(data) == 32 else signer


def signer_text(signer: str, person: str | None = None, *, claimed: bool = False) -> str:
    """Return who signed, short enough for a line.

    Args:
        signer: the signer's digest, or an unauthenticated hint.
        person: the id in the policy, or None.
        claimed: whether nobody verified it.
    """
    if person:
        return person
    text = spelled(signer)
    if len(text) > _SHORT:
        text = text[:_SHORT] + "…"
    return f"{text} (claimed)" if claimed and text else text
