"""Entries of a log: what is asked for, and that an answer about anything else is refused."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519

from govern.errors import InvalidInput, Undecided, UsageError
from govern.intoto.bundle import PublicKeyHint, read_bundle
from govern.intoto.bundle_writer import write_bundle
from govern.intoto.dsse import Envelope, Signature
from govern.settings import Settings
from govern.signing.log_client import LogClient
from govern.trust.keys import wrap
from support.records import key_of
from support.sigstore.pki import make_leaf, make_root
from support.sigstore.served import Handler, served

ENVELOPE = Envelope(b"{}", "a/b", (Signature(b"a signature"),))
Json = dict[str, Any]
Change = Callable[[Json], None]


def b64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def answer_to(request: Json) -> Json:
    """Return what a log says of a request, with the empty members that it spells out."""
    asked = request["hashedRekordRequestV002"]
    body = {
        "apiVersion": "0.0.2",
        "kind": "hashedrekord",
        "spec": {
            "hashedRekordV002": {
                "data": {"algorithm": "SHA2_256", "digest": asked["digest"]},
                "signature": asked["signature"],
            }
        },
    }
    return {
        "logIndex": "7",
        "logId": {"keyId": b64(b"log")},
        "kindVersion": {"kind": "hashedrekord", "version": "0.0.2"},
        "integratedTime": "0",
        "inclusionPromise": None,
        "inclusionProof": {
            "logIndex": "7", "rootHash": b64(b"root"), "treeSize": "8", "hashes": [b64(b"hash")],
            "checkpoint": {"envelope": "log\n8\n"},
        },
        "canonicalizedBody": b64(json.dumps(body).encode()),
    }  # fmt: skip


@pytest.fixture
def log() -> Iterator[Callable[..., tuple[LogClient, list[Json]]]]:
    """Run a log whose answers a function changes; return its client, and what it was asked."""
    with ExitStack() as stack:

        def start(change: Change = lambda _: None, raw: bytes | None = None) -> tuple[LogClient, list[Json]]:
            asked: list[Json] = []

            class Log(Handler):
                def do_POST(self) -> None:
                    asked.append({"path": self.path} | json.loads(self.body()))
                    value = answer_to(asked[-1])
                    change(value)
                    self.reply(201, json.dumps(value).encode() if raw is None else raw)

            return LogClient(stack.enter_context(served(Log)) + "/", Settings()), asked

        yield start


def test_the_log_is_asked_about_the_pae_and_the_key(log: Callable[..., tuple[LogClient, list[Json]]]) -> None:
    client, asked = log()
    entry = client.add(ENVELOPE, key_of())
    assert asked == [
        {
            "path": "/api/v2/log/entries",
            "hashedRekordRequestV002": {
                "digest": b64(hashlib.sha256(ENVELOPE.signed).digest()),
                "signature": {
                    "content": b64(b"a signature"),
                    "verifier": {
                        "publicKey": {"rawBytes": b64(key_of().spki)},
                        "keyDetails": "PKIX_ECDSA_P256_SHA_256",
                    },
                },
            },
        }
    ]
    assert (entry.log_index, entry.promise, entry.integrated_time) == (7, None, 0)
    bundle = write_bundle(ENVELOPE, PublicKeyHint("x"), log_entries=[entry])
    assert read_bundle(bundle.data).log_entries == (entry,)


def test_a_certificate_is_logged_as_such(log: Callable[..., tuple[LogClient, list[Json]]]) -> None:
    client, asked = log()
    leaf = make_leaf(make_root())
    client.add(ENVELOPE, leaf.certificate)
    assert asked[0]["hashedRekordRequestV002"]["signature"]["verifier"]["x509Certificate"] == {
        "rawBytes": b64(leaf.der)
    }


def _body(change: Change) -> Change:
    def inside(value: Json) -> None:
        body = json.loads(base64.b64decode(value["canonicalizedBody"]))
        change(body["spec"]["hashedRekordV002"])
        value["canonicalizedBody"] = b64(json.dumps(body).encode())

    return inside


@pytest.mark.parametrize(
    "change",
    [
        _body(lambda spec: spec["data"].update(digest=b64(b"x" * 32))),
        _body(lambda spec: spec["data"].update(algorithm="SHA2_512")),
        _body(lambda spec: spec["signature"].update(content=b64(b"another"))),
        _body(lambda spec: spec["signature"].update(verifier={})),
        _body(lambda spec: spec.pop("signature")),
        lambda value: value.update(canonicalizedBody=b64(b"{}")),
        lambda value: value.update(canonicalizedBody=b64(b"[]")),
        lambda value: value.update(canonicalizedBody=b64(b"\xff")),
        lambda value: value.update(inclusionProof=None),
        lambda value: value.update(kindVersion={"kind": "dsse", "version": "0.0.1"}),
        lambda value: value.update(unknown=1),
        lambda value: value.pop("logId"),
    ],
)
def test_an_entry_of_something_else_is_refused(
    change: Change, log: Callable[..., tuple[LogClient, list[Json]]]
) -> None:
    client, _ = log(change)
    with pytest.raises(Undecided) as refusal:
        client.add(ENVELOPE, key_of())
    assert refusal.value.exit_code == 3


@pytest.mark.parametrize("raw", [b"", b"[]", b"\xff", b'"x"', b"[" * 100_000, b'{"logIndex": 1e400}'])
def test_an_answer_that_is_no_entry_is_refused(raw: bytes, log: Callable[..., tuple[LogClient, list[Json]]]) -> None:
    client, _ = log(raw=raw)
    with pytest.raises(Undecided):
        client.add(ENVELOPE, key_of())


def test_a_key_that_the_log_cannot_check_is_never_sent(log: Callable[..., tuple[LogClient, list[Json]]]) -> None:
    client, asked = log()
    for private in (ec.generate_private_key(ec.SECP384R1()), ed25519.Ed25519PrivateKey.generate()):
        with pytest.raises(InvalidInput, match="cannot be logged"):
            client.add(ENVELOPE, wrap(private.public_key()))
    assert asked == []


def test_a_place_that_is_no_log_is_wrong_usage() -> None:
    with pytest.raises(UsageError):
        LogClient("rekor.example.test", Settings())
