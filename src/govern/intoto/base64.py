"""Canonical base64 and nothing else."""

from __future__ import annotations

import base64
import binascii

from govern.errors import GovernError, InvalidInput


def encode(data: bytes) -> str:
    """Return standard, padded base64."""
    return base64.b64encode(data).decode("ascii")


def decode(text: object, what: str, error: type[GovernError] = InvalidInput) -> bytes:
    """Read standard, padded, canonical base64.

    Args:
        text: what stood in the JSON.
        what: the field, for messages.
        error: the class to raise.

    Raises:
        error: for anything that `encode` would not have written: URL-safe letters, white space, missing
            padding, and stray bits in the last letter. Two texts for the same bytes are two ways to
            say the same thing to two readers who compare text.

    Source: RFC 4648 §3.5 and §4.
    """
    if not isinstance(text, str):
        raise error(f"{what} is not text", got=type(text).__name__, expected="base64")
    try:
        data = base64.b64decode(text.encode("ascii"), validate=True)
    except (binascii.Error, ValueError) as fault:
        raise error(f"{what} is not base64", got=str(fault), expected="RFC 4648 §4 base64") from fault
    if encode(data) != text:
        raise error(
            f"{what} is not canonical base64",
            got="another spelling",
            expected="the one padded RFC 4648 §4 text",
        )
    return data
