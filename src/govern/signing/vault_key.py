"""Keys of Vault's transit engine, or of OpenBao's: only digests and signatures travel.

securesystemslib's `hv:` URIs are understood, but its signer is not used: it imports Ed25519 keys alone, and knows
neither another mount than `transit` nor namespaces.

Where Vault is, and who asks: VAULT_ADDR, VAULT_TOKEN (or ~/.vault-token), VAULT_NAMESPACE, VAULT_CACERT, and
TRANSIT_SECRET_ENGINE_PATH, as cosign reads them. Run against Vault 1.21.
"""

from __future__ import annotations

import hashlib
import re
from base64 import b64decode, b64encode
from collections.abc import Mapping
from typing import Any, Final

from govern.errors import AuthError, Undecided
from govern.signing.extras import missing_extra
from govern.signing.key_uri import VaultKey
from govern.signing.profile import accept_public_key, other_kind
from govern.signing.service_signer import ANSWER_SECONDS, ServiceSigner, telling

_HINT: Final = "VAULT_ADDR says where it is, VAULT_TOKEN who asks, TRANSIT_SECRET_ENGINE_PATH where its engine is"


def open_vault_key(key: VaultKey, environment: Mapping[str, str]) -> ServiceSigner:
    """Open a key in Vault; without a version it is the newest.

    Args:
        key: its name.
        environment: the process's variables.

    Raises:
        UsageError: without hvac.
        InvalidInput: for keys of other kinds.
        Undecided: where Vault does not answer, or has no such key.
    """
    what = f"the key {key}"
    try:
        import hvac
    except ImportError as fault:
        raise missing_extra(what, "vault") from fault
    mount = environment.get("TRANSIT_SECRET_ENGINE_PATH") or "transit"
    with telling(what, _HINT):
        client = hvac.Client(
            url=environment.get("VAULT_ADDR"),
            token=environment.get("VAULT_TOKEN") or None,
            namespace=environment.get("VAULT_NAMESPACE") or None,
            verify=environment.get("VAULT_CACERT") or environment.get("VAULT_CAPATH") or True,
            timeout=ANSWER_SECONDS,
        )
        if not client.token:
            raise AuthError(f"nothing says who asks for {what}", expected="VAULT_TOKEN, or ~/.vault-token", hint=_HINT)
        found = client.secrets.transit.read_key(key.name, mount_point=mount)
        version, pem = _version(found, key, what)
    public = accept_public_key(pem, what)

    def send(data: bytes) -> bytes:
        answer = client.secrets.transit.sign_data(
            key.name,
            hash_input=b64encode(hashlib.sha256(data).digest()).decode("ascii"),
            prehashed=True,
            hash_algorithm="sha2-256",
            marshaling_algorithm="asn1",
            key_version=version,
            mount_point=mount,
        )
        return b64decode(re.sub(r"^vault:v[0-9]+:", "", answer["data"]["signature"]), validate=True)

    return ServiceSigner(VaultKey(key.name, version), public, send, _HINT)


def _version(answer: Any, key: VaultKey, what: str) -> tuple[int, bytes]:
    data = answer["data"]
    if data["type"] != "ecdsa-p256":
        raise other_kind(what, str(data["type"])[:40])
    versions = {int(number): value for number, value in data["keys"].items()}
    version = key.version or max(versions)
    if version not in versions:
        raise Undecided(f"{what} has no such version", got=f"up to {max(versions)}", hint="Vault archives old versions")
    return version, versions[version]["public_key"].encode("ascii")
