"""Bundles for `model_signing`, which finds the key by another hint than cosign does, and reads chains alone."""

from __future__ import annotations

from govern.intoto.bundle import Bundle, CertificateChain, PublicKeyHint
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


def with_oms_chain(bundle: Bundle) -> Bundle:
    """Return a bundle signed with a certificate of an internal PKI, whose certificates stand in a chain.

    One alone may stand by itself, and cosign reads that; model_signing looks for a chain. No signature is over it.
    """
    assert isinstance(bundle.material, CertificateChain)  # noqa: S101 - whoever calls signed with certificates
    material = CertificateChain(bundle.material.certificates, chained=True)
    return write_bundle(bundle.envelope, material, log_entries=bundle.log_entries, timestamps=bundle.timestamps)


def oms_hint(key: PublicKey) -> str:
    """Return what an OMS bundle calls a key: hex sha256 of its PEM text, as model_signing 1.1.1 does."""
    return Digest.of(key.to_pem().encode("ascii")).encoded
