"""A private Sigstore: everything between an identity token and a bundle that verifies, on the loopback."""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
import socket
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import requests
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from support.parts import require_part
from support.sigstore import processes
from support.sigstore.alone import alone
from support.sigstore.ct_log import ct_log
from support.sigstore.oidc import SANS, Oidc, Shape, oidc
from support.sigstore.pki import Issued, make_intermediate, make_root, make_timestamp_signer
from support.sigstore.trust_files import (
    ClientFiles,
    Json,
    authority_entry,
    log_entry,
    make_signing_config,
    make_trusted_root,
    write_client_files,
)

_ORIGIN: Final = "127.0.0.1"
"""Rekor's `--hostname`, and so the origin of its checkpoints: clients expect the host of its URL, without the port."""
_TRIES: Final = 5
_ENTRY_SECONDS: Final = 20


@dataclass(frozen=True, slots=True)
class Sigstore:
    """A running private Sigstore.

    Args:
        root: the directory of its files, with what each server prints in `<server>.log`.
        fulcio: URL of the certificate authority.
        rekor: URL of the transparency log.
        tsa: URL to which RFC 3161 requests are posted.
        dead: URL at which every connection is refused, as long as the stack runs.
        oidc: the issuers of tokens.
        start: from when on everything is trusted.
        files: what clients are told.
        trusted_root_json: the content of `trusted_root.json`, for tests that change it.
        fulcio_ca: the intermediate that issues certificates, and the key of it.
        tsa_signer: the certificate and key with which timestamps are signed.
        rekor_key: the key of the log.
        ct_key: the key of the certificate transparency log.
    """

    root: Path
    fulcio: str
    rekor: str
    tsa: str
    dead: str
    oidc: Oidc
    start: dt.datetime
    files: ClientFiles
    trusted_root_json: Json
    fulcio_ca: Issued
    tsa_signer: Issued
    rekor_key: ed25519.Ed25519PrivateKey
    ct_key: ec.EllipticCurvePrivateKey

    @property
    def trusted_root(self) -> Path:
        """Whom to trust; `--trusted-root` of cosign and others."""
        return self.files.trusted_root

    @property
    def signing_config(self) -> Path:
        """Whom to ask; `--signing-config` of cosign."""
        return self.files.signing_config

    @property
    def client_trust_config(self) -> Path:
        """Both in one; `--trust-config` of sigstore-python and govern."""
        return self.files.client_trust_config

    @property
    def fulcio_chain(self) -> Path:
        """PEM: the intermediate that issues, then the root."""
        return self.root / "fulcio-chain.pem"

    @property
    def tsa_chain(self) -> Path:
        """PEM: the certificate that signs timestamps, then its root."""
        return self.root / "tsa-chain.pem"

    @property
    def rekor_pub(self) -> Path:
        """PEM: the public key of the log."""
        return self.root / "rekor.pub"

    @property
    def ct_pub(self) -> Path:
        """PEM: the public key of the certificate transparency log."""
        return self.root / "ct.pub"

    def issuer(self, shape: Shape) -> str:
        """Return the issuer that a certificate for a token of this shape names."""
        return self.oidc.issuer(shape)

    def san(self, shape: Shape) -> str:
        """Return the subject alternative name of a certificate for a token of this shape."""
        return SANS[shape]

    def token(
        self, shape: Shape, *, audience: str = "sigstore", lifetime: int = 300, issuer: str | None = None, **claims: Any
    ) -> str:
        """Return an identity token; see `Oidc.token` for the arguments."""
        return self.oidc.token(shape, audience=audience, lifetime=lifetime, issuer=issuer, **claims)

    def github_environment(self) -> dict[str, str]:
        """Return the variables of a GitHub job that may ask for a token of the shape `ci`."""
        return self.oidc.github_environment()

    def variant(self, directory: Path, **urls: str | None) -> ClientFiles:
        """Write files for clients that ask elsewhere; whom they trust stays the same.

        Args:
            directory: where to; made if need be.
            urls: for `fulcio`, `oidc`, `rekor` or `tsa` another URL, such as `dead`; None leaves the service out.
        """
        asked: dict[str, str | None] = {
            "fulcio": self.fulcio,
            "oidc": self.issuer("email"),
            "rekor": self.rekor,
            "tsa": self.tsa,
            **urls,
        }
        return write_client_files(directory, self.trusted_root_json, make_signing_config(self.start, **asked))

    def trusting(self, directory: Path, changes: Mapping[str, Any]) -> ClientFiles:
        """Write files for clients that trust others; whom they ask stays the same.

        Args:
            directory: where to; made if need be.
            changes: members of the trusted root, such as `{"timestampAuthorities": []}`.
        """
        config = make_signing_config(
            self.start, fulcio=self.fulcio, oidc=self.issuer("email"), rekor=self.rekor, tsa=self.tsa
        )
        return write_client_files(directory, {**self.trusted_root_json, **changes}, config)


@contextmanager
def sigstore(root: Path) -> Iterator[Sigstore]:
    """Run a private Sigstore, the only one of the machine: others wait until it ends.

    Args:
        root: an own, empty directory.
    """
    for part in ("fulcio", "rekor", "timestamp_server"):
        # Before the lock, so that a test that will be skipped waits for nobody.
        require_part(part)
    with alone(), ExitStack() as stack:
        keys = _Keys.make()
        issuers = stack.enter_context(oidc())
        ct_url = stack.enter_context(ct_log(keys.ct))
        dead = stack.enter_context(closing(socket.socket()))
        # Bound but not listening, so that nobody else can answer there.
        dead.bind(("127.0.0.1", 0))
        folder, servers = _start(stack, root, keys, issuers, ct_url)
        fulcio, rekor, tsa = (f"http://127.0.0.1:{one.port}" for one in servers)
        tsa = f"{tsa}/api/v1/timestamp"
        _burn_first_entry(rekor)
        start = dt.datetime.now(dt.UTC).replace(microsecond=0) - dt.timedelta(hours=1)
        trusted_root = make_trusted_root(
            authorities=[authority_entry(fulcio, keys.fulcio, start)],
            logs=[log_entry(rekor, keys.rekor.public_key(), start, origin=_ORIGIN)],
            ct_logs=[log_entry(ct_url, keys.ct.public_key(), start)],
            timestamp_authorities=[authority_entry(tsa, keys.tsa, start)],
        )
        config = make_signing_config(start, fulcio=fulcio, oidc=issuers.issuer("email"), rekor=rekor, tsa=tsa)
        yield Sigstore(
            root=folder,
            fulcio=fulcio,
            rekor=rekor,
            tsa=tsa,
            dead=f"http://127.0.0.1:{dead.getsockname()[1]}",
            oidc=issuers,
            start=start,
            files=write_client_files(folder, trusted_root, config),
            trusted_root_json=trusted_root,
            fulcio_ca=keys.fulcio,
            tsa_signer=keys.tsa,
            rekor_key=keys.rekor,
            ct_key=keys.ct,
        )


@dataclass(frozen=True, slots=True)
class _Keys:
    fulcio: Issued
    tsa: Issued
    rekor: ed25519.Ed25519PrivateKey
    ct: ec.EllipticCurvePrivateKey

    @classmethod
    def make(cls) -> _Keys:
        return cls(
            make_intermediate(make_root("the test Fulcio, root"), "the test Fulcio"),
            # A timestamp server ends over a usage that is not critical.
            make_timestamp_signer(),
            ed25519.Ed25519PrivateKey.generate(),
            ec.generate_private_key(ec.SECP256R1()),
        )

    def write(self, root: Path) -> None:
        root.mkdir(parents=True)
        (root / "fulcio-chain.pem").write_bytes(self.fulcio.chain_pem)
        (root / "fulcio.key").write_bytes(self.fulcio.key_pem)
        (root / "tsa-chain.pem").write_bytes(self.tsa.chain_pem)
        (root / "tsa.key").write_bytes(self.tsa.key_pem)
        (root / "rekor.key").write_bytes(self.rekor.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        for name, key in (("rekor.pub", self.rekor.public_key()), ("ct.pub", self.ct.public_key())):
            (root / name).write_bytes(key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))


def _start(
    stack: ExitStack, root: Path, keys: _Keys, issuers: Oidc, ct_url: str
) -> tuple[Path, list[processes.Server]]:
    """Start the three servers, again with other ports if somebody took one meanwhile."""
    for left in reversed(range(_TRIES)):
        # Each try has a directory of its own: a log that was begun cannot be begun again.
        folder = root / f"stack-{_TRIES - left}"
        keys.write(folder)
        servers = [
            processes.fulcio(folder, issuers, ct_url),
            processes.rekor(folder),
            processes.timestamp_server(folder),
        ]
        try:
            stack.enter_context(processes.running(folder, servers))
        except processes.AddressTaken:
            if not left:
                raise
            time.sleep(1)
        else:
            return folder, servers
    raise AssertionError("unreachable: the last try raises")


def _burn_first_entry(rekor: str) -> None:
    """Log something: cosign leaves zeros out of a bundle, so sigstore-python could not read the log's entry 0."""
    key = ec.generate_private_key(ec.SECP256R1())
    data = b"the first entry"
    entry = {
        "hashedRekordRequestV002": {
            "digest": _base64(hashlib.sha256(data).digest()),
            "signature": {
                "content": _base64(key.sign(data, ec.ECDSA(hashes.SHA256()))),
                "verifier": {
                    "publicKey": {
                        "rawBytes": _base64(
                            key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
                        )
                    },
                    "keyDetails": "PKIX_ECDSA_P256_SHA_256",
                },
            },
        }
    }

    with requests.Session() as session:
        session.trust_env = False
        answer = session.post(f"{rekor}/api/v2/log/entries", json=entry, timeout=_ENTRY_SECONDS)
    assert answer.status_code == 201, answer.text


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode()
