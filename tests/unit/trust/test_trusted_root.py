"""Sigstore's trusted root: what it pins, what is left out aloud, and what is refused."""

from __future__ import annotations

import base64
import copy
import json
from collections.abc import Callable
from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa, x25519
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from govern.errors import Denied, InvalidInput
from govern.limits import MAX_ANCHORS, MAX_CERTIFICATE, MAX_CHAIN, MAX_TRUSTED_ROOT
from govern.trust.anchors import TrustedRoot, Window
from govern.trust.trusted_root import MEDIA_TYPES, read_trusted_root
from support.tiny_log import b64

VECTORS: Final = Path(__file__).resolve().parents[2] / "vectors" / "transparency"
PRIVATE: Final[dict[str, Any]] = json.loads((VECTORS / "trusted_root.json").read_text())
RSA: Final = rsa.generate_private_key(65537, 2048)
SMALL: Final = rsa.generate_private_key(65537, 1024)
Change = Callable[[dict[str, Any]], Any]


def read(value: object) -> TrustedRoot:
    return read_trusted_root(json.dumps(value).encode(), "root.json")


def changed(change: Change) -> dict[str, Any]:
    value = copy.deepcopy(PRIVATE)
    change(value)
    return value


def der(key: Any, form: PublicFormat = PublicFormat.SubjectPublicKeyInfo) -> str:
    return b64(key.public_key().public_bytes(Encoding.DER, form))


def with_key(details: str, raw: str) -> Change:
    return lambda root: root["tlogs"][0]["publicKey"].update(keyDetails=details, rawBytes=raw)


# --- what is read ----------------------------------------------------------------------------------


def test_a_private_root_is_read():
    root = read(PRIVATE)
    (log,) = root.logs
    assert log.origin == "127.0.0.1"
    assert b64(log.key_id) == PRIVATE["tlogs"][0]["logId"]["keyId"]
    assert b64(log.key.spki) == PRIVATE["tlogs"][0]["publicKey"]["rawBytes"]
    assert log.window == Window(datetime.fromisoformat(PRIVATE["tlogs"][0]["publicKey"]["validFor"]["start"]))
    (authority,) = root.certificate_authorities
    assert authority.name == authority.chain[0].subject.rfc4514_string()
    assert len(authority.chain) == 2
    assert authority.root.issuer == authority.root.subject
    assert (len(root.certificate_logs), len(root.timestamp_authorities)) == (1, 1)


def instance(name: str) -> bytes:
    """Return a root that sigstore-python brings along; the package is not imported."""
    spec = find_spec("sigstore")
    assert spec is not None
    assert spec.origin is not None
    (found,) = Path(spec.origin).parent.glob(f"_store/*{name}/trusted_root.json")
    return found.read_bytes()


def test_the_public_instance_is_read():
    data = instance("tuf-repo-cdn.sigstore.dev")
    root = read_trusted_root(data, "root.json")
    assert {"rekor.sigstore.dev", "log2025-1.rekor.sigstore.dev"} <= {log.origin for log in root.logs}
    assert {"ctfe.sigstore.dev"} == {log.origin for log in root.certificate_logs}
    assert len(root.certificate_authorities) == 2
    assert len(root.timestamp_authorities) == 1
    assert root.left_out == ()
    ended = next(one.window for one in root.certificate_authorities if one.window.end is not None)
    # Inclusive, to the last millisecond.
    assert ended.holds(datetime(2022, 12, 31, 23, 59, 59, 999_000, tzinfo=UTC))
    assert not ended.holds(datetime(2023, 1, 1, tzinfo=UTC))


def test_the_staging_instance_is_read_with_its_old_key_of_rsa():
    data = instance("tuf-repo-cdn.sigstage.dev")
    root = read_trusted_root(data, "root.json")
    assert isinstance(root.certificate_logs[0].key.key, rsa.RSAPublicKey)
    assert len(root.logs) == len(json.loads(data)["tlogs"])


@pytest.mark.parametrize("media_type", MEDIA_TYPES)
def test_every_known_version_is_read(media_type):
    assert read(changed(lambda root: root.update(mediaType=media_type))) == read(PRIVATE)


def test_fields_of_the_newer_version_are_known():
    def change(root: dict[str, Any]) -> None:
        root["tlogs"][0].update(checkpointKeyId={"keyId": "AAAAAA=="}, operator="example.test")
        root["certificateAuthorities"][0]["operator"] = "example.test"

    assert read(changed(change)) == read(PRIVATE)


def test_null_is_another_way_to_leave_out():
    def change(root: dict[str, Any]) -> None:
        root["tlogs"][0]["publicKey"]["validFor"]["end"] = None
        root["tlogs"][0]["operator"] = None
        root["ctlogs"] = None

    assert read(changed(change)).certificate_logs == ()


def test_a_root_may_pin_one_kind_alone():
    only = {"mediaType": PRIVATE["mediaType"], "timestampAuthorities": PRIVATE["timestampAuthorities"]}
    assert read(only).timestamp_authorities == read(PRIVATE).timestamp_authorities
    assert read(only).logs == ()


@pytest.mark.parametrize(
    ("url", "origin"),
    [
        ("https://rekor.example.test", "rekor.example.test"),
        ("https://rekor.example.test/", "rekor.example.test"),
        ("https://rekor.example.test:8443/path?q#f", "rekor.example.test"),
        ("http://rekor-local", "rekor-local"),
        ("https://Rekor.example.test", "Rekor.example.test"),
        ("http://[::1]:3000", "::1"),
    ],
)
def test_the_origin_of_a_log_is_the_host_of_its_url(url, origin):
    assert read(changed(lambda root: root["tlogs"][0].update(baseUrl=url))).logs[0].origin == origin


@pytest.mark.parametrize(
    ("details", "key", "form"),
    [
        ("PKIX_ED25519", ed25519.Ed25519PrivateKey.generate(), PublicFormat.SubjectPublicKeyInfo),
        ("PKIX_ECDSA_P256_SHA_256", ec.generate_private_key(ec.SECP256R1()), PublicFormat.SubjectPublicKeyInfo),
        ("PKIX_ECDSA_P384_SHA_384", ec.generate_private_key(ec.SECP384R1()), PublicFormat.SubjectPublicKeyInfo),
        ("PKIX_ECDSA_P521_SHA_512", ec.generate_private_key(ec.SECP521R1()), PublicFormat.SubjectPublicKeyInfo),
        ("PKIX_RSA_PKCS1V15_2048_SHA256", RSA, PublicFormat.SubjectPublicKeyInfo),
        ("PKCS1_RSA_PKCS1V5", RSA, PublicFormat.PKCS1),
    ],
)
def test_every_kind_of_key_that_is_verified_is_read(details, key, form):
    (log,) = read(changed(with_key(details, der(key, form)))).logs
    assert b64(log.key.spki) == der(key)


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-11-21T09:30:00Z", datetime(2026, 11, 21, 9, 30, tzinfo=UTC)),
        ("2026-11-21T09:30:00.5Z", datetime(2026, 11, 21, 9, 30, 0, 500_000, tzinfo=UTC)),
        ("2026-11-21T09:30:00.999999999Z", datetime(2026, 11, 21, 9, 30, 0, 999_999, tzinfo=UTC)),
        ("2026-11-21T11:30:00+02:00", datetime(2026, 11, 21, 9, 30, tzinfo=UTC)),
    ],
)
def test_times_are_read_as_protobuf_writes_them(text, moment):
    root = read(changed(lambda root: root["timestampAuthorities"][0].update(validFor={"start": text, "end": text})))
    assert root.timestamp_authorities[0].window == Window(moment, moment)
    assert root.timestamp_authorities[0].window.holds(moment)


# --- what cannot be used ---------------------------------------------------------------------------

UNUSABLE: Final[dict[str, tuple[Change, str]]] = {
    "a prehashed key": (with_key("PKIX_ED25519_PH", der(ed25519.Ed25519PrivateKey.generate())), "PKIX_ED25519_PH"),
    "a lattice's key": (with_key("ML_DSA_65", b64(bytes(1952))), "ML_DSA_65"),
    "PSS": (with_key("PKIX_RSA_PSS_2048_SHA256", der(RSA)), "PKIX_RSA_PSS_2048_SHA256"),
    "a kind of the future": (with_key("PKIX_NEW", b64(b"x")), "PKIX_NEW"),
    "a weak key": (with_key("PKIX_RSA_PKCS1V5", der(SMALL)), "too weak"),
    "another hash": (lambda root: root["tlogs"][0].update(hashAlgorithm="SHA2_512"), "SHA2_512"),
}


@pytest.mark.parametrize(("change", "says"), UNUSABLE.values(), ids=UNUSABLE)
def test_a_root_of_whose_logs_none_can_be_used_is_refused(change, says):
    with pytest.raises(InvalidInput, match=rf"nothing in root\.json: tlogs can be used: got .*tlogs\[0\].*{says}"):
        read(changed(change))


@pytest.mark.parametrize(("change", "says"), UNUSABLE.values(), ids=UNUSABLE)
def test_a_log_that_cannot_be_used_beside_one_that_can_is_left_out_and_named(change, says):
    value = changed(change)
    value["tlogs"].append(PRIVATE["tlogs"][0])
    assert read(value) == read(PRIVATE)
    (sentence,) = read(value).left_out
    assert sentence.startswith("root.json: tlogs[0] is left out: ")
    assert says in sentence


def test_what_is_malformed_is_not_left_out_though_others_can_be_used():
    value = changed(with_key("PKIX_ED25519", b64(b"no key")))
    value["tlogs"].append(PRIVATE["tlogs"][0])
    with pytest.raises(InvalidInput, match=r"tlogs\[0\].publicKey cannot be read"):
        read(value)


# --- what is refused -------------------------------------------------------------------------------


def of_log(**fields: Any) -> Change:
    return lambda root: root["tlogs"][0].update(fields)


def of_window(**fields: Any) -> Change:
    return lambda root: root["tlogs"][0]["publicKey"].update(validFor=fields)


def of_chain(*certificates: Any) -> Change:
    return lambda root: root["certificateAuthorities"][0].update(certChain={"certificates": list(certificates)})


CHAIN: Final = PRIVATE["certificateAuthorities"][0]["certChain"]["certificates"]
START: Final = "2026-01-01T00:00:00Z"
REFUSED: Final[dict[str, tuple[Change, str]]] = {
    "no media type": (lambda root: root.pop("mediaType"), "no trusted root of a known version: got None"),
    "another version": (
        lambda root: root.update(mediaType="application/vnd.dev.sigstore.trustedroot.v0.3+json"),
        "of a known version",
    ),
    "a trust config": (
        lambda root: root.update(mediaType="application/vnd.dev.sigstore.clienttrustconfig.v0.1+json", trustedRoot={}),
        "of a known version: got 'application/vnd.dev.sigstore.clienttrustconfig",
    ),
    "an unknown field": (lambda root: root.update(revoked=[]), "root.json has unknown fields: got 'revoked'"),
    "an unknown field of a log": (of_log(purpose="test"), r"tlogs\[0\] has unknown fields: got 'purpose'"),
    "an unknown field of a window": (of_window(start=START, revoked=START), "unknown fields: got 'revoked'"),
    "an unknown field of a certificate": (of_chain({**CHAIN[0], "x": 1}, CHAIN[1]), "unknown fields: got 'x'"),
    "logs that are no list": (lambda root: root.update(tlogs={}), "tlogs is not a list: got an object"),
    "a log that is no object": (lambda root: root.update(tlogs=[1]), r"tlogs\[0\] is not an object"),
    "no url": (of_log(baseUrl=None), "baseUrl is not a URL"),
    "no host": (of_log(baseUrl="https:///path"), "baseUrl is not a URL"),
    "no scheme": (of_log(baseUrl="rekor.example.test"), "baseUrl is not a URL"),
    "a user in the url": (of_log(baseUrl="https://a@rekor.example.test"), "baseUrl is not a URL"),
    "a newline in the url": (of_log(baseUrl="https://rekor.example\n.test"), "baseUrl is not a URL"),
    "no hash algorithm": (of_log(hashAlgorithm=None), "hashAlgorithm is not text"),
    "no key": (of_log(publicKey=None), "publicKey is not an object: got null"),
    "no log id": (of_log(logId=None), "logId is not an object"),
    "an empty log id": (of_log(logId={"keyId": ""}), "has no key id"),
    "a log id in hex": (of_log(logId={"keyId": "zz!"}), "keyId is not base64"),
    "no key details": (lambda root: root["tlogs"][0]["publicKey"].pop("keyDetails"), "keyDetails is not text"),
    "another kind than it says": (
        with_key("PKIX_ECDSA_P256_SHA_256", der(ed25519.Ed25519PrivateKey.generate())),
        "another kind of key than it says: got Ed25519PublicKey, expected PKIX_ECDSA_P256",
    ),
    "another curve than it says": (
        with_key("PKIX_ECDSA_P256_SHA_256", der(ec.generate_private_key(ec.SECP384R1()))),
        "another kind of key than it says",
    ),
    "a key for something else": (with_key("PKIX_ED25519", der(x25519.X25519PrivateKey.generate())), "another kind"),
    "an empty key": (with_key("PKIX_ED25519", ""), "publicKey cannot be read"),
    "no window": (lambda root: root["tlogs"][0]["publicKey"].pop("validFor"), "validFor is not an object"),
    "no start": (of_window(), "validFor has no start"),
    "only an end": (of_window(end=START), "validFor has no start"),
    "an end before the start": (of_window(start=START, end="2025-12-31T23:59:59Z"), "ends before it starts"),
    "a time without a zone": (of_window(start="2026-01-01T00:00:00"), "start is not a time"),
    "a date": (of_window(start="2026-01-01"), "start is not a time"),
    "a day that does not exist": (of_window(start="2026-02-30T00:00:00Z"), "a day that exists"),
    "a leap second": (of_window(start="2026-12-31T23:59:60Z"), "a day that exists"),
    "a moment before all years": (of_window(start="0001-01-01T00:00:00+23:00"), "a day that exists"),
    "a number for a time": (of_window(start=1), "start is not a time"),
    "an authority without a window": (lambda root: root["timestampAuthorities"][0].pop("validFor"), "not an object"),
    "no chain": (lambda root: root["timestampAuthorities"][0].pop("certChain"), "certChain is not an object"),
    "an empty chain": (of_chain(), "has no certificate"),
    "a chain upside down": (of_chain(*reversed(CHAIN)), "is not a chain: got a certificate of CN="),
    "no certificate": (of_chain({"rawBytes": b64(b"0")}), r"certChain\[0\] cannot be read"),
    "a certificate of no version": (
        of_chain(
            {"rawBytes": b64(base64.b64decode(CHAIN[0]["rawBytes"]).replace(b"\xa0\3\2\1\2", b"\xa0\3\2\1\1", 1))}
        ),
        r"certChain\[0\] cannot be read: got '1 is not a valid X509 version'",
    ),
    "a certificate as text": (of_chain(CHAIN[0]["rawBytes"]), "is not an object: got a string"),
    "nothing": (lambda root: [root.pop(key) for key in list(root) if key != "mediaType"], "pins nothing"),
    "nothing in lists": (lambda root: [root.update({key: []}) for key in list(root) if key != "mediaType"], "nothing"),
    "too many": (lambda root: root.update(tlogs=root["tlogs"] * (MAX_ANCHORS.value + 1)), "MAX_ANCHORS"),
    "a huge certificate": (of_chain({"rawBytes": b64(bytes(MAX_CERTIFICATE.value + 1))}), "MAX_CERTIFICATE"),
    "a long chain": (of_chain(*[CHAIN[1]] * (MAX_CHAIN.value + 1)), "MAX_CHAIN"),
}


@pytest.mark.parametrize(("change", "says"), REFUSED.values(), ids=REFUSED)
def test_a_root_that_is_not_as_the_definition_says_is_refused(change, says):
    with pytest.raises(InvalidInput, match=says):
        read(changed(change))


@pytest.mark.parametrize(
    "data", [b"", b"[]", b"null", b"1", b"\xff", b"[" * 10_000, b'{"mediaType":"a","mediaType":"a"}']
)
def test_bytes_that_are_no_root_are_refused(data):
    with pytest.raises(Denied):
        read_trusted_root(data, "root.json", Denied)


def test_bounds_are_named():
    with pytest.raises(InvalidInput, match="MAX_TRUSTED_ROOT"):
        read_trusted_root(b" " * (MAX_TRUSTED_ROOT.value + 1), "root.json")
