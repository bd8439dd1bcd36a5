"""Keys of Azure Key Vault: only digests and signatures travel.

Who asks: what Azure's SDK finds (AZURE_CLIENT_ID and others, a managed identity, `az login`). Needs the role "Key
Vault Crypto User". Run against ports where nobody listens; never against an account.
"""

from __future__ import annotations

from typing import Any, Final

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from govern.signing.extras import missing_extra
from govern.signing.key_uri import AzureKey
from govern.signing.profile import accept_public_key, other_kind
from govern.signing.service_signer import ANSWER_SECONDS, ATTEMPTS, CONNECT_SECONDS, ServiceSigner, quiet, telling

_HINT: Final = "who asks: AZURE_TENANT_ID, AZURE_CLIENT_ID and AZURE_CLIENT_SECRET, a managed identity, or az login"


def open_azure_key(key: AzureKey) -> ServiceSigner:
    """Open a key in Azure; without a version it is the newest.

    Args:
        key: its vault and name.

    Raises:
        UsageError: without Azure's libraries.
        InvalidInput: for keys of other kinds.
        Undecided: where Azure does not answer, or has no such key.
    """
    what = f"the key {key}"
    try:
        from azure.identity import DefaultAzureCredential
        from azure.keyvault.keys import KeyClient
        from azure.keyvault.keys.crypto import CryptographyClient
    except ImportError as fault:
        raise missing_extra(what, "azure") from fault
    from securesystemslib.signer import ECDSA_SHA2_NISTP256, AzureSigner, SSlibKey

    quiet("securesystemslib")
    quiet("azure")
    patience: dict[str, Any] = {
        "connection_timeout": CONNECT_SECONDS,
        "read_timeout": ANSWER_SECONDS,
        "retry_total": ATTEMPTS - 1,
    }
    with telling(what, _HINT):
        credential = DefaultAzureCredential(**patience)
        client = KeyClient(vault_url=f"https://{key.host}/", credential=credential, **patience)
        found = client.get_key(key.name, key.version)
        public = accept_public_key(_spki(found.key, what), what)
        signer = AzureSigner(found.id, SSlibKey.from_crypto(public.key, scheme=ECDSA_SHA2_NISTP256))
        # The signer's own client waits for five minutes.
        signer.crypto_client = CryptographyClient(found.id, credential=credential, **patience)
    return ServiceSigner(key, public, lambda data: bytes.fromhex(signer.sign(data).signature), _HINT)


def _spki(found: Any, what: str) -> bytes:
    """Return the SubjectPublicKeyInfo of a JSON Web Key (RFC 7518 §6.2)."""
    if str(found.crv) != "P-256":
        raise other_kind(what, f"{found.kty} {found.crv or ''}".strip()[:40])
    x, y = (int.from_bytes(part, "big") for part in (found.x, found.y))
    return (
        ec.EllipticCurvePublicNumbers(x, y, ec.SECP256R1())
        .public_key()
        .public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    )
