"""What clients are told about a Sigstore: whom to trust, and whom to ask.

Source: sigstore/protobuf-specs, `sigstore_trustroot.proto`: TrustedRoot v0.1, SigningConfig v0.2 and
ClientTrustConfig v0.1, as their JSON. `cosign trusted-root create` and `cosign signing-config create` write the same.
"""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import NameOID

from support.sigstore.pki import Issued

Json = dict[str, Any]
LogKey = ec.EllipticCurvePublicKey | ed25519.Ed25519PublicKey


@dataclass(frozen=True, slots=True)
class ClientFiles:
    """The files with which a client signs and verifies.

    Args:
        trusted_root: whom to trust; for `--trusted-root`.
        signing_config: whom to ask; for cosign's `--signing-config`.
        client_trust_config: both in one, for sigstore-python's `--trust-config`.
    """

    trusted_root: Path
    signing_config: Path
    client_trust_config: Path


def write_client_files(directory: Path, trusted_root: Json, signing_config: Json) -> ClientFiles:
    """Write the three files into `directory`, which is made if need be."""
    directory.mkdir(parents=True, exist_ok=True)
    files = ClientFiles(
        *(directory / name for name in ("trusted_root.json", "signing_config.json", "client_trust_config.json"))
    )
    both = {
        "mediaType": "application/vnd.dev.sigstore.clienttrustconfig.v0.1+json",
        "trustedRoot": trusted_root,
        "signingConfig": signing_config,
    }
    for file, value in (
        (files.trusted_root, trusted_root),
        (files.signing_config, signing_config),
        (files.client_trust_config, both),
    ):
        file.write_text(json.dumps(value, indent=1))
    return files


def make_trusted_root(
    *, authorities: list[Json], logs: list[Json], ct_logs: list[Json], timestamp_authorities: list[Json]
) -> Json:
    """Return a trusted root; the entries come from `authority_entry` and `log_entry`."""
    return {
        "mediaType": "application/vnd.dev.sigstore.trustedroot+json;version=0.1",
        "tlogs": logs,
        "certificateAuthorities": authorities,
        "ctlogs": ct_logs,
        "timestampAuthorities": timestamp_authorities,
    }


def authority_entry(url: str, issued: Issued, start: dt.datetime, end: dt.datetime | None = None) -> Json:
    """Return a certificate authority or a timestamp authority.

    Args:
        url: where it is.
        issued: the lowest certificate of its chain.
        start: trusted from then on.
        end: trusted until then.
    """
    # cosign names the root here, and no reader compares the name with anything.
    subject = issued.chain[-1].subject
    return {
        "subject": {
            "organization": subject.get_attributes_for_oid(NameOID.ORGANIZATION_NAME)[0].value,
            "commonName": subject.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value,
        },
        "uri": url,
        "certChain": {
            "certificates": [{"rawBytes": _base64(one.public_bytes(Encoding.DER))} for one in issued.chain],
        },
        "validFor": _window(start, end),
    }


def log_entry(url: str, key: LogKey, start: dt.datetime, end: dt.datetime | None = None, *, origin: str = "") -> Json:
    """Return a transparency log or a certificate transparency log.

    Args:
        url: where it is.
        key: its public key.
        start: trusted from then on.
        end: trusted until then.
        origin: the name under which a Rekor v2 signs its checkpoints, which is part of its identity there (C2SP
            signed-note, "Signatures"); without one the identity is that of RFC 6962 §3.2, the hash of the key.
    """
    der = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    identity = hashlib.sha256(der).digest()
    if origin:
        ed = isinstance(key, ed25519.Ed25519PublicKey)
        tail = b"\x01" + key.public_bytes(Encoding.Raw, PublicFormat.Raw) if ed else b"\x02" + identity
        identity = hashlib.sha256(origin.encode() + b"\n" + tail).digest()
    return {
        "baseUrl": url,
        "hashAlgorithm": "SHA2_256",
        "publicKey": {
            "rawBytes": _base64(der),
            "keyDetails": "PKIX_ED25519" if isinstance(key, ed25519.Ed25519PublicKey) else "PKIX_ECDSA_P256_SHA_256",
            "validFor": _window(start, end),
        },
        "logId": {"keyId": _base64(identity)},
    }


def make_signing_config(
    start: dt.datetime, *, fulcio: str | None, oidc: str | None, rekor: str | None, tsa: str | None
) -> Json:
    """Return a signing config; a service without a URL is left out.

    Args:
        start: usable from then on.
        fulcio: URL of the certificate authority.
        oidc: URL of the issuer that a person is sent to.
        rekor: URL of the transparency log, which is a Rekor v2.
        tsa: URL to which timestamp requests are posted.
    """

    def services(url: str | None, version: int = 1) -> list[Json]:
        if url is None:
            return []
        return [{"url": url, "majorApiVersion": version, "validFor": _window(start, None), "operator": "govern tests"}]

    return {
        "mediaType": "application/vnd.dev.sigstore.signingconfig.v0.2+json",
        "caUrls": services(fulcio),
        "oidcUrls": services(oidc),
        "rekorTlogUrls": services(rekor, 2),
        "rekorTlogConfig": {"selector": "ANY"},
        "tsaUrls": services(tsa),
        "tsaConfig": {"selector": "ANY"},
    }


def _window(start: dt.datetime, end: dt.datetime | None) -> Json:
    window = {"start": _text(start)}
    return window | {"end": _text(end)} if end else window


def _text(time: dt.datetime) -> str:
    return time.astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode()
