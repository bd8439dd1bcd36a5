"""A Rekor of the first generation, whose real server needs a database: entries of envelopes, each in a tree of its own.

It promises inclusion with its clock's time (the signed entry timestamp), which the second generation does not.

Source: sigstore/rekor, openapi.yaml, pkg/types/dsse/v0.0.1, pkg/util/checkpoint.go; RFC 6962 §2.1.
"""

from __future__ import annotations

import base64
import hashlib
import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from govern import canonical
from support.sigstore.served import Handler, served

Json = dict[str, Any]


@contextmanager
def rekor_v1(key: ec.EllipticCurvePrivateKey) -> Iterator[str]:
    """Run the log; gives its URL.

    Args:
        key: signs promises and checkpoints.
    """

    class Rekor(Handler):
        def do_POST(self) -> None:
            if self.path != "/api/v1/log/entries":
                self.reply(404, b'{"code": 404, "message": "nothing here"}')
                return
            entry = _entry(key, json.loads(self.body())["spec"]["proposedContent"], "127.0.0.1")
            self.reply(201, json.dumps({"0" * 80: entry}).encode())

    with served(Rekor) as url:
        yield url


def _entry(key: ec.EllipticCurvePrivateKey, proposed: Json, origin: str) -> Json:
    envelope = json.loads(proposed["envelope"])
    spec = {
        "envelopeHash": _hash(proposed["envelope"].encode()),
        "payloadHash": _hash(base64.b64decode(envelope["payload"])),
        "signatures": [
            {"signature": one["sig"], "verifier": proposed["verifiers"][0]} for one in envelope["signatures"]
        ],
    }
    body = canonical.dumps({"apiVersion": "0.0.1", "kind": "dsse", "spec": spec})
    spki = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    identity = hashlib.sha256(spki).digest()
    promised = {
        "body": base64.b64encode(body).decode(),
        "integratedTime": int(time.time()),
        "logID": identity.hex(),
        "logIndex": 1_000_000,
    }
    root = hashlib.sha256(b"\0" + body).digest()
    note = f"{origin} - 1193050959916656506\n1\n{base64.b64encode(root).decode()}\n"
    signed = base64.b64encode(identity[:4] + _sign(key, note.encode())).decode()
    return promised | {
        "verification": {
            "signedEntryTimestamp": base64.b64encode(_sign(key, canonical.dumps(promised))).decode(),
            "inclusionProof": {
                "checkpoint": f"{note}\n— {origin} {signed}\n",
                "hashes": [],
                "logIndex": 0,
                "rootHash": root.hex(),
                "treeSize": 1,
            },
        }
    }


def _hash(data: bytes) -> Json:
    return {"algorithm": "sha256", "value": hashlib.sha256(data).hexdigest()}


def _sign(key: ec.EllipticCurvePrivateKey, data: bytes) -> bytes:
    return key.sign(data, ec.ECDSA(hashes.SHA256()))
