"""govern reads what cosign writes, and believes it as far as the verifier trusts the key for it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Final

import pytest

import govern
from conftest import Cli
from govern.predicates import registration
from govern.predicates.kinds import COSIGN_SIGN
from support.cosign import Cosign

SCAN: Final = "https://example.com/scan/v1"


def policy(
    folder: Path, keys: dict[str, Path], roles: dict[str, list[str]], names: list[str], require: list[str]
) -> Path:
    """Write a policy in which each person has one key and one role, which is called like them."""
    value = {
        "version": "govern.policy/v0.1",
        "people": {one: {"kind": "workload", "keys": [path.read_text()]} for one, path in keys.items()},
        "roles": {one: {"members": [one], "kinds": kinds, "names": names} for one, kinds in roles.items()},
        "require": require,
    }
    file = folder / "policy.yaml"
    file.write_text(json.dumps(value))
    return file


@pytest.fixture
def scanned(cosign: Cosign, pushed: str) -> str:
    """A model that govern pushed, and cosign attested and signed."""
    cosign.attests(pushed, SCAN, {"findings": 0})
    cosign.signs(pushed)
    return pushed


CI: Final = ["registration", "provenance"]


def test_govern_accepts_what_cosign_wrote_where_the_policy_trusts_the_key_for_it(
    cosign: Cosign, scanned: str, repository: str, keys: tuple[Path, Path], tmp_path: Path, cli: Cli
) -> None:
    people = {"ci": keys[1], "scanner": cosign.pub}
    file = policy(
        tmp_path, people, {"ci": CI, "scanner": [SCAN, "signature"]}, [repository], ["registration", "signature", SCAN]
    )
    decision = govern.verify(scanned, policy=file)
    assert decision.outcome == "allowed"
    by = {one.type: one.person for one in decision.records if one.authorised}
    assert (by[SCAN], by[COSIGN_SIGN], by[registration.TYPE]) == ("scanner", "scanner", "ci")
    done = cli("verify", scanned, "--policy", file)
    assert done.returncode == 0, done.stderr
    assert "by scanner" in done.stdout


@pytest.mark.parametrize(
    ("roles", "names", "who", "said"),
    [
        # Trusted for something else, for another name, and not at all.
        ({"ci": CI, "scanner": ["signature"]}, None, ("ci", "scanner"), "no authorised https://example.com/scan"),
        ({"ci": CI, "scanner": [SCAN]}, "acme/other", ("ci", "scanner"), "no authorised"),
        ({"ci": [*CI, SCAN]}, None, ("ci",), "no https://example.com/scan/v1 of"),
    ],
)
def test_govern_refuses_what_cosign_wrote_where_the_policy_does_not(
    cosign: Cosign, scanned: str, repository: str, keys: tuple[Path, Path], tmp_path: Path, roles, names, who, said
) -> None:
    people = {one: {"ci": keys[1], "scanner": cosign.pub}[one] for one in who}
    decision = govern.verify(scanned, policy=policy(tmp_path, people, roles, [names or repository], [SCAN]))
    assert decision.outcome == "denied"
    assert [one.code.value for one in decision.reasons] == ["MISSING"]
    assert said in decision.reasons[0].message


def test_keys_alone_are_trusted_for_what_is_required(cosign: Cosign, scanned: str, keys: tuple[Path, Path]) -> None:
    def outcome(*trusted: Path, require: list[str]) -> str:
        return govern.verify(scanned, key=list(trusted), require=require).outcome

    assert outcome(cosign.pub, require=[SCAN, "signature"]) == "allowed"
    assert outcome(cosign.pub, keys[1], require=["registration", SCAN]) == "allowed"
    assert outcome(keys[1], require=[SCAN]) == "denied"
    assert outcome(keys[1], require=["signature"]) == "denied"
    assert outcome(cosign.pub, require=["registration"]) == "denied"


def test_an_artifact_that_only_cosign_signed_is_accepted_for_its_signature_alone(
    cosign: Cosign, plain: str, cli: Cli, tmp_path: Path
) -> None:
    assert cli("verify", plain, "--key", cosign.pub, "--require", "signature").returncode == 1
    cosign.signs(plain)
    assert cli("verify", plain, "--key", cosign.pub, "--require", "signature").returncode == 0
    assert cli("verify", plain, "--key", cosign.pub).returncode == 1
    done = cli("pull", plain, "--key", cosign.pub, "--require", "signature", "--output", tmp_path / "out")
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "out" / "weights.bin").read_bytes() == b"weights"
