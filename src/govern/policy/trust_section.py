"""The `trust` section of a policy, as anchors."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from govern.errors import GovernError, InvalidInput
from govern.oci.digest import Digest
from govern.policy.file import TrustSection
from govern.trust.anchors import Authority, Log, Pki, Trust, TrustedRoot
from govern.trust.keys import PublicKey, read_public_key
from govern.trust.pem import read_authority_root, read_timestamp_chain


def read_trust(section: TrustSection, keys: Mapping[Digest, PublicKey], what: str) -> Trust:
    """Return the anchors of a policy.

    Args:
        section: what stands there.
        keys: the keys of the policy's people.
        what: the policy, for messages.

    Raises:
        InvalidInput: for two roots of one name that are not the same authority.
    """
    pkis = tuple(Pki(read_authority_root(text.encode(), "this root")) for text in section.certificates)
    refuse_namesakes(pkis, what)
    return Trust(
        keys=keys,
        roots=tuple(replace(_sigstore(one.root), issuers=one.issuers or ()) for one in section.sigstore),
        pkis=pkis,
        timestamp_authorities=tuple(_timestamps(text) for text in section.timestamps),
        logs=tuple(log_of(one.origin, one.key) for one in section.logs),
    )


def refuse_namesakes(pkis: tuple[Pki, ...], what: str) -> None:
    """Raise `InvalidInput` for two roots of one name with different keys: their people would be one voice."""
    seen: dict[str, Pki] = {}
    for one in pkis:
        other = seen.setdefault(one.name, one)
        if other.root.public_key() != one.root.public_key():
            raise InvalidInput(
                f"{what} trusts two authorities of one name",
                got=one.name,
                expected="names that differ: an identity is (name of the root, subject)",
            )


def log_of(origin: str, pem: str) -> Log:
    """Return a log by its origin and PEM key; what its entries call it follows from both (C2SP signed-note)."""
    from govern.trust.checkpoint import note_key_hash

    key = read_public_key(pem.encode(), "the log's key")
    return Log(origin, note_key_hash(origin, key), key)


def _sigstore(text: str) -> TrustedRoot:
    # Imported here: who verifies with keys alone does not load what reads certificates.
    from govern.trust.trusted_root import read_trusted_root

    return read_trusted_root(text.encode(), "this trusted root")


def _timestamps(text: str) -> Authority:
    return read_timestamp_chain(text.encode(), "this timestamp authority")


def faults_of(section: Mapping[str, Any]) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """Yield (place, message) for every entry that cannot be read; entries of other types are their fields' fault."""
    readers = {
        "sigstore": _sigstore,
        "certificates": lambda text: read_authority_root(text.encode(), "this root"),
        "timestamps": _timestamps,
    }
    for key, reader in readers.items():
        entries = section.get(key)
        for number, entry in enumerate(entries if isinstance(entries, list) else ()):
            place: tuple[str | int, ...] = (key, number)
            text = entry
            if key == "sigstore" and isinstance(entry, dict):
                place, text = (*place, "root"), entry.get("root")
            if isinstance(text, str):
                try:
                    reader(text)
                except GovernError as fault:
                    yield place, fault.message
