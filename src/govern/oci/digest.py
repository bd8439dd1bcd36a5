"""A digest: the immutable id of everything here."""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING, Final, Self

from govern.errors import ContentMismatch, GovernError, InvalidInput

if TYPE_CHECKING:
    from hashlib import _Hash

# image-spec 1.1, descriptor.md "Digests": the registered algorithms that every tool reads.
_ALGORITHMS: Final = {"sha256": 64, "sha512": 128}
_GRAMMAR: Final = re.compile(r"([a-z0-9]+(?:[+._-][a-z0-9]+)*):([a-zA-Z0-9=_-]+)")
_HEX: Final = re.compile(r"[0-9a-f]+")


class Digest(str):
    """`algorithm:encoded`, checked.

    Source: image-spec 1.1, descriptor.md, "Digests".
    """

    __slots__ = ()

    def __new__(cls, text: str, *, error: type[GovernError] = InvalidInput) -> Self:
        """Check and wrap `text`; raise `error` if it is not a digest of a known algorithm."""
        match = _GRAMMAR.fullmatch(text)
        if match is None:
            raise error("this is not a digest", got=repr(text[:160]), expected="sha256:<64 hex digits>")
        algorithm, encoded = match.groups()
        length = _ALGORITHMS.get(algorithm)
        if length is None:
            raise error("the digest algorithm is not known", got=repr(algorithm[:40]), expected="sha256 or sha512")
        if len(encoded) != length or _HEX.fullmatch(encoded) is None:
            raise error(
                "this is not a digest",
                got=repr(text[:160]),
                expected=f"{algorithm}:<{length} lower-case hex digits>",
                hint="a digest is never shortened: govern resolve and govern list --format json print it in full"
                if len(encoded) < length
                else "",
            )
        return super().__new__(cls, text)

    @classmethod
    def of(cls, data: bytes) -> Digest:
        """Return the sha256 digest of `data`."""
        # What the hash function returned needs no second look.
        return super().__new__(cls, f"sha256:{hashlib.sha256(data).hexdigest()}")

    @classmethod
    def from_hex(cls, encoded: str, *, error: type[GovernError] = InvalidInput) -> Digest:
        """Return the sha256 digest whose hex digits are `encoded`."""
        return cls(f"sha256:{encoded}", error=error)

    @property
    def algorithm(self) -> str:
        """`sha256` or `sha512`."""
        return self.partition(":")[0]

    @property
    def encoded(self) -> str:
        """The hex digits."""
        return self.partition(":")[2]

    def hasher(self) -> _Hash:
        """Return an empty hash object of this digest's algorithm."""
        return hashlib.new(self.algorithm)

    def check(self, data: bytes, what: str) -> bytes:
        """Return `data` if this is its digest; otherwise raise `ContentMismatch`.

        Args:
            data: all the bytes.
            what: what they are, for the message ("the manifest").
        """
        hasher = self.hasher()
        hasher.update(data)
        self.check_hex(hasher.hexdigest(), what)
        return data

    def check_hex(self, found: str, what: str) -> None:
        """Raise `ContentMismatch` unless `found` are this digest's hex digits."""
        if found != self.encoded:
            raise ContentMismatch(
                f"{what} is not what its digest says",
                got=f"{self.algorithm}:{found}",
                expected=str(self),
                hint="do not use it: somebody or something changed these bytes; "
                "compare with another copy, or push again from the source",
            )
