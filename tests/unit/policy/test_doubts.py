"""What a policy may say, and can never mean: one sentence each, and none about a policy that works."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest

from govern.policy.doubts import doubts
from govern.policy.reading import read_policy
from support.records import key_of
from support.verify_vectors.certificates import Wish, issue
from support.verify_vectors.stamps import stamper

VECTORS = Path(__file__).resolve().parents[2] / "vectors" / "transparency"
INSTANCE = (VECTORS / "trusted_root.json").read_text()
ROOT = issue(Wish("root", authority=True)).pem
CLOCK = stamper("clock").signer.chain_pem
LOG = {"origin": "rekor.example.test", "key": key_of("log").to_pem()}
CI = str(key_of().signer)
ANNA = "anna@example.test"
EARLY, LATE = "2026-01-01T00:00:00Z", "2027-01-01T00:00:00Z"


def doubted(limits: dict[str, Any] | None = None, issuer: str = "", **sections: Any) -> tuple[str, ...]:
    """Return the doubts about a policy of one key, and of one identity where an issuer is given."""
    people: dict[str, Any] = {"ci": {"kind": "workload", "keys": [{"key": key_of().to_pem()} | (limits or {})]}}
    if issuer:
        people["anna"] = {"kind": "human", "identities": [{"issuer": issuer, "subject": ANNA}]}
    value = {
        "version": "govern.policy/v0.1",
        "people": people,
        "roles": {"producer": {"members": ["ci"], "kinds": ["registration"], "names": ["**"]}},
        "require": ["registration"],
    }
    return doubts(read_policy(json.dumps(value | sections).encode(), "policy.yaml"))


def test_a_policy_that_works_is_not_doubted() -> None:
    assert doubted() == ()


def test_a_required_kind_that_no_role_may_sign() -> None:
    assert doubted(require=["registration", "test-result"]) == (
        "test-result is required, and no role may sign it: nothing is ever allowed",
    )


@pytest.mark.parametrize(
    ("proof", "anchor", "what"),
    [
        ("timestamp", {"timestamps": [CLOCK]}, "timestamp authority"),
        ("log", {"logs": [LOG]}, "transparency log"),
    ],
)
def test_a_proof_that_nobody_could_give(proof: str, anchor: dict[str, Any], what: str) -> None:
    (doubt,) = doubted({"provenBy": [proof]})
    assert doubt == f"ci's {CI} never counts: provenBy asks for a {proof}, and no {what} is pinned in trust"
    assert doubted({"provenBy": [proof]}, trust=anchor) == ()


def test_the_authorities_of_a_sigstore_give_proofs_as_well() -> None:
    assert doubted({"provenBy": ["log"]}, trust={"sigstore": [INSTANCE]}) == ()


def test_two_instances_that_could_certify_each_others_people() -> None:
    (doubt,) = doubted(trust={"sigstore": [INSTANCE, INSTANCE]})
    assert doubt.startswith("trust.sigstore pins 2 instances, 2 of them without issuers: ")
    bound = {"root": INSTANCE, "issuers": ["https://issuer.example.test"]}
    (doubt,) = doubted(trust={"sigstore": [bound, INSTANCE]})
    assert "1 of them without issuers" in doubt
    assert doubted(trust={"sigstore": [bound, bound]}) == ()


def test_an_identity_of_a_provider_that_no_instance_is_believed_about() -> None:
    bound = {"root": INSTANCE, "issuers": ["https://issuer.example.test"]}
    (doubt,) = doubted(issuer="https://another.example.test", trust={"sigstore": [bound]})
    assert "no root in trust.sigstore has the issuer https://another.example.test among its issuers" in doubt
    assert doubted(issuer="https://issuer.example.test", trust={"sigstore": [bound]}) == ()


def test_a_part_of_a_pinned_root_that_cannot_be_used() -> None:
    root = json.loads(INSTANCE)
    root["tlogs"].append(copy.deepcopy(root["tlogs"][0]))
    root["tlogs"][0]["publicKey"]["keyDetails"] = "PKIX_NEW"
    (doubt,) = doubted(trust={"sigstore": [json.dumps(root)]})
    assert doubt.startswith("this trusted root: tlogs[0] is left out: ")


@pytest.mark.parametrize("level", [2, 3])
def test_a_level_that_no_pair_is_worth(level: int) -> None:
    builder = {"builder": "https://build.example.test", "people": ["ci"]}
    expected = (f"build level {level} is required, and no pair in build.builders is worth it: nothing is ever allowed",)
    assert doubted(build={"level": level}) == expected
    assert doubted(build={"level": level, "builders": [builder | {"level": level - 1}]}) == expected
    assert doubted(build={"level": level, "builders": [builder | {"level": 3}]}) == ()


def test_the_first_level_needs_no_pair() -> None:
    assert doubted(build={"level": 1}) == ()


@pytest.mark.parametrize(
    ("issuer", "trust", "part"),
    [
        ("https://token.example.test", {}, "no root is pinned"),
        ("CN=root", {}, "no root is pinned"),
        ("CN=root", {"timestamps": [CLOCK]}, "no root is pinned"),
        ("https://token.example.test", {"certificates": [ROOT]}, "needs a trusted root in trust.sigstore"),
        ("CN=other", {"certificates": [ROOT]}, "'CN=other' is neither a URL nor the name of a root"),
        ("token.example.test", {"sigstore": [INSTANCE]}, "neither a URL nor the name of a root"),
    ],
)
def test_an_identity_that_no_anchor_could_prove(issuer: str, trust: dict[str, Any], part: str) -> None:
    (doubt,) = doubted(issuer=issuer, trust=trust)
    assert doubt.startswith(f"anna's {ANNA} never counts: ")
    assert part in doubt


@pytest.mark.parametrize(
    ("issuer", "trust"),
    [("https://token.example.test", {"sigstore": [INSTANCE]}), ("CN=root", {"certificates": [ROOT]})],
)
def test_an_identity_whose_root_is_pinned_is_not_doubted(issuer: str, trust: dict[str, Any]) -> None:
    assert doubted(issuer=issuer, trust=trust) == ()


def test_a_key_that_was_revoked_before_it_spoke() -> None:
    (doubt,) = doubted({"from": LATE, "revokedFrom": EARLY})
    assert doubt == f"ci's {CI} never counts: revokedFrom {EARLY} is before from {LATE}"
    assert doubted({"from": EARLY, "revokedFrom": LATE}) == ()
