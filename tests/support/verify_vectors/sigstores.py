"""A Sigstore instance in values: its authority, its logs, its clock, and the root that pins them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any, Final

from cryptography.hazmat.primitives.asymmetric import ed25519
from cryptography.hazmat.primitives.serialization import Encoding

from support.tiny_log import ORIGIN, TinyLog, body_of, encoded
from support.verify_vectors.bundles import Json, b64, bundle, envelope_of, signature_of, with_proofs
from support.verify_vectors.certificates import CODE_SIGNING, Issued, PromiseLog, Wish, issue
from support.verify_vectors.keys import key, public
from support.verify_vectors.stamps import Stamper, stamper
from support.verify_vectors.times import MINUTE, SIGNED, YEAR, text

ISSUER: Final = "https://token.example.test"
WORKFLOW: Final = "https://github.com/acme/models/.github/workflows/release.yml@refs/tags/v1.4.0"
LIFE: Final = (SIGNED - MINUTE, SIGNED + 9 * MINUTE)
"""A certificate of Fulcio lives for ten minutes."""


def logged_key(label: str) -> ed25519.Ed25519PrivateKey:
    """Return the key of a log."""
    made = key(label, "ed25519")
    assert isinstance(made, ed25519.Ed25519PrivateKey)
    return made


def tiny_log(label: str = "the log", *, origin: str = ORIGIN, tree_id: str = "") -> TinyLog:
    """Return an empty log; one with a tree id is a Rekor v1."""
    return TinyLog(logged_key(label), origin, [], tree_id)


@dataclass(frozen=True)
class Sigstore:
    """An instance.

    Args:
        name: told apart from others by it.
        authority: issues certificates.
        promises: the certificate log.
        stamper: the timestamp authority.
    """

    name: str
    authority: Issued
    promises: PromiseLog
    stamper: Stamper

    def wish(self, subject: str = WORKFLOW, **changes: Any) -> Wish:
        """Return what Fulcio writes into a certificate."""
        given: dict[str, Any] = {"name": "", "serial": self.name, "issuer": ISSUER, "sans": (subject,)}
        given |= {"usages": (CODE_SIGNING,), "start": LIFE[0], "end": LIFE[1]}
        return Wish(**(given | changes))

    def certify(self, wish: Wish | None = None, *, promised: PromiseLog | None = None, bare: bool = False) -> Issued:
        """Return a certificate with a promise of the certificate log, unless `bare`."""
        return issue(wish or self.wish(), self.authority, None if bare else promised or self.promises)

    def bundle(
        self,
        said: Json,
        certified: Issued | None = None,
        *,
        at: datetime = SIGNED,
        log: TinyLog | None = None,
        stamped: bool = True,
        logged: bool = True,
        kind: tuple[str, str] = ("hashedrekord", "0.0.2"),
    ) -> Json:
        """Return an honest keyless bundle, with timestamp and log entry unless told otherwise.

        Args:
            said: the statement.
            certified: who signs; `certify()` if None.
            at: when it is stamped.
            log: a log instead of the instance's.
            stamped: whether it is.
            logged: whether it is.
            kind: of the log's entry.
        """
        certified = certified or self.certify()
        one = bundle(said, certified.key, certificates=[certified.der])
        entries = []
        if logged:
            body = encoded(body_of(*kind, envelope_of(one), certified.der))
            entries.append((log or self.log()).entry(*kind, body))
        stamps = [self.stamper.stamp(signature_of(one), at)] if stamped else []
        return with_proofs(one, entries=entries, stamps=stamps)

    def log(self) -> TinyLog:
        """Return its log, still empty."""
        return tiny_log(f"the log of {self.name}")

    def root(self, **changes: Any) -> str:
        """Return its trusted root; the arguments are the lists of `trusted_root`."""
        given: Json = {
            "authorities": [authority_entry(self.authority)],
            "logs": [log_entry(self.log())],
            "certificate_logs": [certificate_log_entry(self.promises)],
            "stampers": [authority_entry(self.stamper.signer)],
        }
        return trusted_root(**(given | changes))


@cache
def sigstore(name: str = "one") -> Sigstore:
    """Return an instance."""
    root = issue(Wish("the root of Fulcio", authority=True, serial=name))
    between = Wish("Fulcio", authority=True, path_length=0, usages=(CODE_SIGNING,), serial=name)
    return Sigstore(name, issue(between, root), PromiseLog(f"the certificate log of {name}"), stamper(serial=name))


def trusted_root(
    authorities: Sequence[Json] = (),
    logs: Sequence[Json] = (),
    certificate_logs: Sequence[Json] = (),
    stampers: Sequence[Json] = (),
) -> str:
    """Return `trusted_root.json`."""
    value = {
        "mediaType": "application/vnd.dev.sigstore.trustedroot+json;version=0.1",
        "tlogs": list(logs),
        "certificateAuthorities": list(authorities),
        "ctlogs": list(certificate_logs),
        "timestampAuthorities": list(stampers),
    }
    return json.dumps(value, indent=1) + "\n"


def window(start: datetime = SIGNED - YEAR, end: datetime | None = None) -> Json:
    """Return a window of time."""
    return {"start": text(start)} | ({"end": text(end)} if end else {})


def authority_entry(issued: Issued, valid: Json | None = None) -> Json:
    """Return a certificate authority or timestamp authority of a trusted root."""
    certificates = [{"rawBytes": b64(one.public_bytes(Encoding.DER))} for one in issued.chain]
    return {
        "subject": {"organization": "tests", "commonName": issued.certificate.subject.rfc4514_string()},
        "uri": "https://authority.example.test",
        "certChain": {"certificates": certificates},
        "validFor": valid or window(),
    }


def log_entry(log: TinyLog, valid: Json | None = None) -> Json:
    """Return a transparency log of a trusted root."""
    return {
        "baseUrl": f"https://{log.origin}",
        "hashAlgorithm": "SHA2_256",
        "publicKey": {
            "rawBytes": b64(public(log.key).spki),
            "keyDetails": "PKIX_ED25519",
            "validFor": valid or window(),
        },
        "logId": {"keyId": b64(log.log_id)},
    }


def certificate_log_entry(log: PromiseLog, valid: Json | None = None) -> Json:
    """Return a certificate log of a trusted root."""
    spki = public(log.key).spki
    return {
        "baseUrl": "https://ct.example.test",
        "hashAlgorithm": "SHA2_256",
        "publicKey": {
            "rawBytes": b64(spki),
            "keyDetails": "PKIX_ECDSA_P256_SHA_256",
            "validFor": valid or window(),
        },
        "logId": {"keyId": b64(hashlib.sha256(spki).digest())},
    }
