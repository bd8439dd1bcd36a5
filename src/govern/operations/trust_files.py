"""Anchors that a verifier names as files: trusted roots, internal roots and their revocation lists, time, logs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from govern.errors import InvalidInput, Undecided, UsageError
from govern.limits import MAX_KEY_FILE, MAX_REVOCATION_LIST, MAX_TRUSTED_ROOT
from govern.operations.named_file import read_file
from govern.times import write_time
from govern.trust.anchors import Pki, Trust

if TYPE_CHECKING:
    from cryptography.x509 import CertificateRevocationList


@dataclass(frozen=True, slots=True)
class TrustFiles:
    """Paths of anchors.

    Args:
        trusted_roots: `trusted_root.json` of Sigstore instances.
        ca_roots: PEM, roots of internal PKIs; several may stand in one file.
        timestamp_chains: PEM, the signing certificate first.
    """

    trusted_roots: tuple[Path, ...] = ()
    ca_roots: tuple[Path, ...] = ()
    timestamp_chains: tuple[Path, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.trusted_roots or self.ca_roots or self.timestamp_chains)


def load_trust(files: TrustFiles) -> Trust:
    """Read the anchors; revocation lists are read by `load_revocation_lists`.

    Raises:
        InvalidInput: for files that cannot be read or hold something else.
    """
    if not files:
        return Trust()
    # Imported here: who verifies with keys alone does not load what reads certificates.
    from govern.policy.trust_section import refuse_namesakes
    from govern.trust.pem import check_authority_root, read_chain, read_timestamp_chain
    from govern.trust.trusted_root import read_trusted_root

    roots = tuple(
        read_trusted_root(read_file(path, "the trusted root", MAX_TRUSTED_ROOT), f"the trusted root {path}")
        for path in files.trusted_roots
    )
    pkis = tuple(
        Pki(check_authority_root(one, f"the root {path}"))
        for path in files.ca_roots
        for one in read_chain(read_file(path, "the root", MAX_KEY_FILE), f"the root {path}")
    )
    authorities = tuple(
        read_timestamp_chain(read_file(path, "the timestamp authority", MAX_KEY_FILE), f"the authority {path}")
        for path in files.timestamp_chains
    )
    refuse_namesakes(pkis, "--ca-roots")
    return Trust(roots=roots, pkis=pkis, timestamp_authorities=authorities)


def load_revocation_lists(paths: Sequence[Path], now: datetime) -> tuple[CertificateRevocationList, ...]:
    """Read revocation lists.

    Args:
        paths: PEM or DER files.
        now: the verifier's clock.

    Raises:
        Undecided: for a list that is out of date: what it does not name may have been revoked since.
    """
    from govern.trust.pem import read_revocation_list

    lists = []
    for path in paths:
        what = f"the revocation list {path}"
        one = read_revocation_list(read_file(path, what, MAX_REVOCATION_LIST), what)
        end = one.next_update_utc
        if end is None:
            # Whoever hands over files could hand over this one for ever (RFC 5280 §5.1.2.5 asks for the time).
            raise Undecided(f"{what} does not say until when it is good", expected="nextUpdate in the list")
        if end.astimezone(UTC) < now:
            raise Undecided(
                f"{what} is out of date",
                got=f"good until {write_time(end.astimezone(UTC))}",
                expected="a list that is good now",
                hint="fetch the authority's newest list",
            )
        lists.append(one)
    return tuple(lists)


def with_revocations(trust: Trust, lists: Sequence[CertificateRevocationList]) -> Trust:
    """Return the anchors with revocation lists for their internal PKIs.

    Raises:
        UsageError: where there is no PKI that could be meant.
    """
    if not lists:
        return trust
    if not trust.pkis:
        raise UsageError(
            "a revocation list was given, and no internal PKI is trusted",
            expected="--ca-roots FILE, or certificates in the policy's trust section",
        )
    return replace(trust, pkis=tuple(replace(one, revocation_lists=tuple(lists)) for one in trust.pkis))


def refuse_empty(files: TrustFiles, identities: Sequence[object]) -> None:
    """Raise `InvalidInput` where an identity is trusted that nobody could vouch for."""
    if identities and not (files.trusted_roots or files.ca_roots):
        raise InvalidInput(
            "an identity is trusted, and no authority that could prove it",
            expected="--trusted-root FILE or --ca-roots FILE",
            hint="govern policy trusted-root > trusted_root.json writes the public Sigstore's",
        )
