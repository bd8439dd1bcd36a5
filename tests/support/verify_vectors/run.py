"""Runs a vector through the verifier, as `govern verify` does, with the vector's own clock."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from govern.errors import GovernError
from govern.oci.reference import parse
from govern.operations.context import Context
from govern.operations.policy_file import load_policy
from govern.operations.trust_files import TrustFiles, load_revocation_lists, load_trust, with_revocations
from govern.operations.verify import Verified, Verifier, verify
from govern.settings import Settings
from govern.times import read_time
from govern.trust.identity import Identity
from govern.trust.keys import read_public_key


@dataclass(frozen=True)
class Came:
    """What came out.

    Args:
        outcome: the decision's, or `rejected` where the verifier refused to decide.
        told: every reason, one a line.
        records: how many records were admitted, or None where nothing was decided.
    """

    outcome: str
    told: str
    records: int | None = None


def read_case(folder: Path) -> dict[str, Any]:
    """Return what `case.json` says."""
    case: dict[str, Any] = json.loads((folder / "case.json").read_text("utf-8"))
    return case


def run_case(folder: Path) -> Came:
    """Verify what stands in a folder."""
    case = read_case(folder)
    try:
        verified = _verify(folder, case)
    except GovernError as refusal:
        return Came("rejected", f"{type(refusal).__name__}: {refusal.message}")
    decision = verified.decision
    told = [f"{one.code.value}: {one.message}" for one in decision.reasons]
    told += [f"refused: {one.reason}" for one in decision.refused]
    for record in decision.records:
        told.append(f"{record.word} by {record.person or 'a stranger'}: {record.note}")
        told += [f"{one.step}: {'' if one.made else 'not made: '}{one.detail}" for one in record.checks]
        if record.build_level is not None:
            told.append(f"build level {record.build_level}")
    return Came(decision.outcome, "\n".join(told), len(decision.records))


def _verify(folder: Path, case: dict[str, Any]) -> Verified:
    now = read_time(case["now"])
    reference = parse(case["reference"].replace("layout:", f"layout:{folder}/", 1), default_registry=None)
    with Context(Settings(), clock=lambda: now) as context:
        verifier = _verifier(folder, case["verifier"], now)
        return verify(context, reference, verifier, name=case["name"], at=read_time(case["at"]))


def _verifier(folder: Path, given: dict[str, Any], now: datetime) -> Verifier:
    def paths(word: str) -> tuple[Path, ...]:
        return tuple(folder / one for one in given.get(word, ()))

    trust = load_trust(TrustFiles(paths("trustedRoots"), paths("caRoots"), paths("timestampChains")))
    lists = load_revocation_lists(paths("revocationLists"), now)
    if "policy" in given:
        policy = load_policy(folder / given["policy"])
        return Verifier(policy=replace(policy, trust=with_revocations(policy.trust, lists)))
    return Verifier(
        keys=tuple((path.name, read_public_key(path.read_bytes())) for path in paths("keys")),
        require=tuple(given.get("require", ())),
        identities=tuple(Identity(one["issuer"], one["subject"]) for one in given.get("identities", ())),
        trust=with_revocations(trust, lists),
    )
