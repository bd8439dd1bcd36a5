"""Bundles for `model_signing`, which finds the key by another hint than cosign does.

With a certificate there is no hint, and the bundle is any other's.
"""

from __future__ import annotations

from govern.intoto.bundle import Bundle, PublicKeyHint
from govern.intoto.bundle_writer import write_bundle
from govern.oci.digest import Digest
from govern.trust.keys import PublicKey


def with_oms_hint(bundle: Bundle, key: PublicKey) -> Bundle:
    """Return a key-signed bundle that names its key as OMS does; timestamps and log entries stay.

    No signature is over the hint. cosign and we only try the key that it names first; model_signing refuses a bundle
    in which it is another.

    Args:
        bundle: signed with a key.
        key: that key.
    """
    return write_bundle(
        bundle.envelope, PublicKeyHint(oms_hint(key)), log_entries=bundle.log_entries, timestamps=bundle.timestamps
    )


def oms_hint(key: PublicKey) -> str:
    """Return what an OMS bundle calls a key: hex sha256 of its PEM text, as model_signing 1.1.1 does."""
    return Digest.of(key.to_pem().encode("ascii")).encoded
