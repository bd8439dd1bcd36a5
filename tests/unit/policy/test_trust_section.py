"""The `trust` section as anchors, and every entry that cannot be one."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from govern.errors import InvalidInput
from govern.policy.file import TrustSection
from govern.policy.trust_section import faults_of, log_of, read_trust, refuse_namesakes
from govern.trust.anchors import Pki, Trust
from support.records import key_of
from support.tiny_log import TinyLog
from support.verify_vectors.certificates import Wish, issue
from support.verify_vectors.keys import key, pem
from support.verify_vectors.stamps import stamper

VECTORS = Path(__file__).resolve().parents[2] / "vectors" / "transparency"
INSTANCE = (VECTORS / "trusted_root.json").read_text()
ROOT = issue(Wish("root", authority=True))
CLOCK = stamper("clock").signer


def section(**parts: Any) -> TrustSection:
    return TrustSection.model_validate(parts)


def test_every_part_becomes_an_anchor():
    ci = key_of("ci")
    log = {"origin": "rekor.example.test", "key": pem(key("log", "ed25519"))}
    found = read_trust(
        section(sigstore=[INSTANCE], certificates=[ROOT.pem], timestamps=[CLOCK.chain_pem], logs=[log]),
        {ci.signer: ci},
        "the policy",
    )
    assert dict(found.keys) == {ci.signer: ci}
    assert [len(root.logs) for root in found.roots] == [1]
    assert [one.name for one in found.pkis] == ["CN=root"]
    assert [one.chain for one in found.timestamp_authorities] == [CLOCK.chain]
    assert [one.origin for one in found.logs] == ["rekor.example.test"]
    assert (found.pkis[0].revocation_lists, found.logs[0].window.end) == ((), None)


def test_a_sigstore_may_be_believed_about_some_providers_alone():
    instances = [INSTANCE, {"root": INSTANCE}, {"root": INSTANCE, "issuers": ["https://issuer.example.test"]}]
    found = read_trust(section(sigstore=instances), {}, "the policy").roots
    assert [one.issuers for one in found] == [(), (), ("https://issuer.example.test",)]
    assert len({one.logs for one in found}) == 1


@pytest.mark.parametrize(
    ("entry", "says"),
    [
        (json.loads(INSTANCE), "expected it as text"),
        ({"issuers": ["https://issuer.example.test"]}, "expected it as text"),
        ({"root": INSTANCE, "issuers": ["CN=root"]}, "expected the URL of an OpenID provider"),
        ({"root": INSTANCE, "issuers": "https://issuer.example.test"}, "valid tuple"),
        ({"root": INSTANCE, "issuer": "https://issuer.example.test"}, "Extra inputs"),
        ({"root": INSTANCE, "issuers": []}, "at least 1 item"),
        (7, "expected text, or root: with its issuers"),
    ],
)
def test_an_instance_that_is_written_otherwise_is_refused(entry: Any, says: str):
    with pytest.raises(ValidationError, match=says):
        section(sigstore=[entry])


def test_an_empty_section_trusts_nobody():
    assert read_trust(section(), {}, "the policy") == Trust()


def test_a_log_is_called_what_its_own_entries_call_it():
    from cryptography.hazmat.primitives.asymmetric import ed25519

    log = TinyLog(ed25519.Ed25519PrivateKey.generate())
    public = log.pinned().key
    found = log_of(log.origin, public.to_pem())
    assert found == log.pinned()
    # One key may serve several logs; each has a name of its own.
    assert log_of("another.example.test", public.to_pem()).key_id != found.key_id


def test_two_authorities_of_one_name_would_be_one_issuer():
    twin = issue(Wish("root", authority=True, serial="twin"))
    with pytest.raises(InvalidInput, match="the policy trusts two authorities of one name: got CN=root") as refusal:
        read_trust(section(certificates=[ROOT.pem, twin.pem]), {}, "the policy")
    assert "names that differ" in refusal.value.expected


def test_a_renewed_root_is_the_same_authority():
    renewed = issue(Wish("root", authority=True, serial="renewed", key=ROOT.key))
    pkis = (Pki(ROOT.certificate), Pki(renewed.certificate), Pki(ROOT.certificate))
    refuse_namesakes(pkis, "the policy")
    assert len(read_trust(section(certificates=[ROOT.pem, renewed.pem]), {}, "the policy").pkis) == 2


def test_every_entry_that_cannot_be_read_is_told_at_its_place():
    found = dict(
        faults_of(
            {
                "sigstore": [INSTANCE, "junk", json.dumps({"mediaType": "x"}), {"root": INSTANCE}, {"root": "junk"}],
                "certificates": [ROOT.pem, CLOCK.chain_pem],
                "timestamps": [CLOCK.chain_pem, ROOT.pem, ""],
            }
        )
    )
    assert list(found) == [
        ("sigstore", 1),
        ("sigstore", 2),
        ("sigstore", 4, "root"),
        ("certificates", 1),
        ("timestamps", 1),
        ("timestamps", 2),
    ]
    assert all(message.startswith("this ") and "expected" in message for message in found.values())


@pytest.mark.parametrize("value", [None, 7, "text", {}, [7, None, {"a": 1}], []])
def test_entries_of_other_types_are_their_fields_fault(value):
    assert list(faults_of(dict.fromkeys(("sigstore", "certificates", "timestamps", "logs"), value))) == []


def test_a_root_with_a_key_of_an_unknown_kind_is_a_fault_and_no_crash():
    import base64

    from support.verify_vectors import der

    broken = ROOT.der.replace(der.oid("1.2.840.10045.2.1"), der.oid("1.2.840.10045.2.9"), 1)
    text = f"-----BEGIN CERTIFICATE-----\n{base64.b64encode(broken).decode()}\n-----END CERTIFICATE-----\n"
    ((place, message),) = faults_of({"certificates": [text]})
    assert place == ("certificates", 0)
    assert "cannot be read" in message
