"""Who signed, in one spelling: a person's id, or the digest that `govern key show` prints."""

from __future__ import annotations

from govern.trust.hints import spelled

_SHORT = 19


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
